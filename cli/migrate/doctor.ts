import { BadLine, parseEntry, type Entry as Taken } from '../../lambdas/domain/manifest.ts';
import { usualSize } from '../../lambdas/vision/pictures/unfit.ts';
import { checkCounts, type Counts } from './check-counts.ts';
import { checkLabel, checkSource } from './check-label.ts';
import { checkMask } from './check-mask.ts';
import { checkDetectable, checkPicture, checkSize, sizeOf } from './check-picture.ts';
import { drop, type DatasetType, type Finding, type Line } from './finding.ts';
import { locate, type Export, type Located } from './layout.ts';
import { parseLine } from './line.ts';
import { inspectPicture, type Picture } from './picture.ts';

/** A line whose picture can be used. */
export interface Entry {
  readonly dataset: DatasetType;
  readonly number: number;
  readonly line: Line;
  /** The line as the service takes it in. */
  readonly taken: Taken;
  readonly picture: Picture;
  readonly image: Located;
}

export interface Diagnosis {
  readonly findings: readonly Finding[];
  readonly entries: readonly Entry[];
  readonly counts: readonly Counts[];
}

/** Looks at every line, picture and mask of an export. `tell` hears how many lines are done. */
export async function examine(
  { folder, manifests }: Export,
  tell: (done: number, of: number) => void = () => undefined,
): Promise<Diagnosis> {
  const findings: Finding[] = [];
  const entries: Entry[] = [];
  const all = manifests.reduce((sum, { lines }) => sum + lines.length, 0);
  let done = 0;
  for (const { dataset, lines } of manifests) {
    const last = lastOfEach(lines);
    for (const [index, text] of lines.entries()) {
      const number = index + 1;
      const note = (finding: Omit<Finding, 'dataset' | 'line'>): void =>
        void findings.push({ ...finding, dataset, line: number });
      const entry = await examineLine({ folder, dataset, number, text, last }, note);
      if (entry !== undefined) entries.push(entry);
      tell(++done, all);
    }
  }
  const most = usualSize(entries.map(({ picture }) => picture));
  const usual = most && sizeOf(most);
  for (const { dataset, number, image, picture } of entries) {
    const finding = checkSize(image.key, picture, usual ?? sizeOf(picture));
    if (finding !== undefined) findings.push({ ...finding, dataset, line: number });
  }
  for (const { dataset } of manifests) {
    const large = checkDetectable(
      dataset,
      entries.filter((each) => each.dataset === dataset).map(({ picture }) => picture),
    );
    if (large !== undefined) findings.push(large);
  }
  const usable = entries.filter(({ picture }) => sizeOf(picture) === usual);
  const counts = manifests.map(({ dataset }) =>
    countOf(
      dataset,
      usable.filter((entry) => entry.dataset === dataset),
    ),
  );
  findings.push(...checkCounts(counts));
  return { findings: findings.sort(inOrder), entries: usable, counts };
}

interface Given {
  readonly folder: string;
  readonly dataset: DatasetType;
  readonly number: number;
  readonly text: string;
  readonly last: ReadonlyMap<string, number>;
}

async function examineLine(
  { folder, dataset, number, text, last }: Given,
  note: (finding: Omit<Finding, 'dataset' | 'line'>) => void,
): Promise<Entry | undefined> {
  const line = parseLine(text);
  const source = checkSource(line);
  if (source !== undefined || line === undefined) {
    if (source !== undefined) note(source);
    return undefined;
  }
  const ref = line['source-ref'] as string;
  if (last.get(ref) !== number) {
    note({
      severity: 'warning',
      problem: `${ref} comes again in line ${last.get(ref) ?? 0}, which counts.`,
      remedy: 'Take this line out.',
      repair: drop,
    });
    return undefined;
  }
  const image = locate(folder, dataset, 'images', ref);
  if (image === undefined) {
    note({
      severity: 'error',
      problem: `The picture ${ref} is not in ${dataset}/images.`,
      remedy: 'Copy it there from the bucket, or take the line out.',
      repair: drop,
    });
    return undefined;
  }
  const picture = await inspectPicture(image.path);
  const spoilt = await checkPicture(image.key, image.path);
  if (spoilt !== undefined || picture === undefined) {
    if (spoilt !== undefined) note(spoilt);
    return undefined;
  }
  const taken = takeIn(text);
  if (typeof taken === 'string') {
    note({
      severity: 'error',
      problem: `The line is refused: ${taken}.`,
      remedy: 'Correct it, or take it out.',
    });
    return undefined;
  }
  (await checkMask(line, taken, image, { folder, dataset })).forEach(note);
  checkLabel(line, text).forEach(note);
  return { dataset, number, line, taken, picture, image };
}

/** @returns the line as the service takes it in, or why it would not: the same code reads it */
function takeIn(text: string): Taken | string {
  try {
    return parseEntry(text, [...everyBucket]) ?? 'it is the marker of a folder';
  } catch (error) {
    if (error instanceof BadLine) return error.message;
    throw error;
  }
}

const everyBucket: readonly string[] = ['*'];

/** By `source-ref`, the last line that has it: as the service does, later lines win. */
function lastOfEach(lines: readonly string[]): Map<string, number> {
  const last = new Map<string, number>();
  lines.forEach((text, index) => {
    const ref = parseLine(text)?.['source-ref'];
    if (typeof ref === 'string') last.set(ref, index + 1);
  });
  return last;
}

function countOf(dataset: DatasetType, entries: readonly Entry[]): Counts {
  const labelled = (label: Taken['label']): number =>
    entries.filter(({ taken }) => taken.label === label).length;
  const masks = entries.flatMap(({ taken }) => taken.mask ?? []);
  const labels: Record<string, number> = {};
  for (const { classes } of masks) {
    for (const { name } of classes) labels[name] = (labels[name] ?? 0) + (classes.length === 1 ? 1 : 0);
  }
  return {
    dataset,
    total: entries.length,
    normal: labelled('normal'),
    anomaly: labelled('anomaly'),
    masks: masks.length,
    labels,
  };
}

const inOrder = (a: Finding, b: Finding): number =>
  a.dataset === b.dataset ? (a.line ?? Infinity) - (b.line ?? Infinity) || 0 : a.dataset === 'train' ? -1 : 1;
