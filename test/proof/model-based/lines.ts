import { line } from '../../helpers/manifests.ts';

// What datasets are made from, and what becomes of it: written down by hand, as the reference has it.

/** What readers of a dataset see, in order. */
export type Lines = readonly string[];

export const none: Lines = [];

const normal = (name: string): string => JSON.stringify(line(`${name}.jpg`, 'normal'));
const anomaly = (name: string): string => JSON.stringify(line(`${name}.jpg`, 'anomaly'));
const many = (count: number, make: (name: string) => string, prefix: string): string[] =>
  Array.from({ length: count }, (_, index) => make(`${prefix}${index}`));

/** Lines as they are given. `bad`: one of them makes the whole worth nothing. */
export interface Given {
  readonly lines: Lines;
  readonly bad?: true;
}

const folder = '{"source-ref":"s3://photos/new/"}';
const notAnEntry = '{"source":"s3://photos/q.jpg"}';

/** Manifests, by how a call names them. The first suffices for a training, of a dataset of either type. */
export const manifests: readonly (Given & { readonly key: string })[] = [
  { key: 'enough', lines: [...many(20, normal, 'n'), ...many(10, anomaly, 'a')] },
  { key: 'few', lines: [normal('p0'), anomaly('p1'), folder, normal('p1')] },
  { key: 'bad', lines: [normal('p0'), notAnEntry, anomaly('p2')], bad: true },
  { key: 'not-there', lines: [], bad: true },
];

/**
 * Changes: new pictures, pictures that are there and labelled otherwise, one twice; too few normal ones are
 * left by the second.
 */
export const changes: readonly Given[] = [
  { lines: [normal('p1'), anomaly('p2')] },
  { lines: [anomaly('n0')] },
  { lines: [normal('n0'), anomaly('p3'), normal('p3'), folder] },
  { lines: [anomaly('p4'), notAnEntry], bad: true },
];

const pictureOf = (text: string): unknown => (JSON.parse(text) as Record<string, unknown>)['source-ref'];

/** The last line about a picture counts, where it stands. A folder is no picture. */
export function merged(before: Lines, { lines }: Given): Lines {
  const all = [...before, ...lines.filter((each) => each !== folder)];
  return all.filter(
    (each, index) => !all.slice(index + 1).some((later) => pictureOf(later) === pictureOf(each)),
  );
}

export function countsOf(lines: Lines): {
  readonly total: number;
  readonly normal: number;
  readonly anomaly: number;
} {
  const labelled = (label: string): number =>
    lines.filter((each) => each.includes(`"class-name":"${label}"`)).length;
  return { total: lines.length, normal: labelled('normal'), anomaly: labelled('anomaly') };
}

/**
 * "At least 20 normal images and 10 anomalous images" in one dataset; with a test dataset 10 normal to learn
 * from, 10 and 10 to be judged by.
 */
export function suffices(train: Lines | undefined, test: Lines | undefined): boolean {
  if (train === undefined) return false;
  const [learnt, judged] = [countsOf(train), test && countsOf(test)];
  if (judged === undefined) return learnt.normal >= 20 && learnt.anomaly >= 10;
  return learnt.normal >= 10 && judged.normal >= 10 && judged.anomaly >= 10;
}
