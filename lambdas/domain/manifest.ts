import { isListed, parseLocation } from './locations.ts';
import { parseCreationDate } from './manifest-dates.ts';
import { isObject } from '../contract/json.ts';

export type Label = 'normal' | 'anomaly';

/** One line of a dataset: a picture, and what is known of it. */
export interface Entry {
  readonly sourceRef: string;
  /** Absent: the picture is not labelled. */
  readonly label?: Label;
  readonly mask?: Mask;
  /** Epoch milliseconds. */
  readonly createdAt?: number;
  /** The line as it is kept: one line of JSON, with the label written as the service wrote it. */
  readonly text: string;
}

export interface Mask {
  readonly ref: string;
  /**
   * The kinds of anomaly that the mask may show, without the background; empty for the mask of a normal
   * picture.
   */
  readonly classes: readonly { readonly name: string; readonly color: string }[];
}

/** A line that is no entry. The message says why, in words for its author. */
export class BadLine extends Error {
  override readonly name = 'BadLine';
}

/** The longest line that ListDatasetEntries may return, in characters. */
const longestEntry = 8192;

/** Real lines have three levels; what goes down thousands could be read, but never be written again. */
const deepest = 32;

/** S3's limit for a key, in bytes. */
const longestKey = 1024;

/** Of lines that were accepted before: whatever they name was allowed then. */
const accepted: readonly string[] = ['*'];

/** The lists of buckets that a line may name: each must have the bucket. */
interface Reach {
  readonly listed: readonly string[];
  readonly own: readonly string[] | undefined;
}

type Members = Readonly<Record<string, unknown>>;

const suffix = '-metadata';

/**
 * Reads one line of a manifest. Lenient where real manifests break the documented rules: the label may have
 * any name and any value, because only `class-name` decides, in any case; a map of colours need not begin
 * with the background; nothing but `source-ref` is needed.
 * @param buckets those that callers may name; without them the line is one that was accepted before
 * @param own those of these that the caller may name, if not all
 * @returns undefined for a folder's marker (a key that ends with a slash), which listing a prefix blindly
 *   brings into manifests: it is no picture
 * @throws BadLine
 */
export function parseEntry(
  line: string,
  buckets: readonly string[] = accepted,
  own?: readonly string[],
): Entry | undefined {
  const reach: Reach = { listed: buckets, own };
  const members = parseMembers(line);
  const sourceRef = members['source-ref'];
  if (typeof sourceRef !== 'string') throw new BadLine('"source-ref" is missing; it must be s3://BUCKET/KEY');
  requireLocation('source-ref', sourceRef, reach);
  if (sourceRef.endsWith('/')) return undefined;
  const name = labelOf(members, buckets !== accepted);
  const mask = maskOf(members, reach);
  const label = name === undefined ? undefined : classOf(metadata(members, name));
  const createdAt = dateOf(members, name);
  const text = JSON.stringify(
    name === undefined || label === undefined ? members : labelled(members, name, label),
  );
  if (text.length > longestEntry)
    throw new BadLine(`the line has ${text.length} characters; at most ${longestEntry} are possible`);
  return {
    sourceRef,
    text,
    ...(label !== undefined && { label }),
    ...(mask !== undefined && { mask }),
    ...(createdAt !== undefined && { createdAt }),
  };
}

/** The members of a line. @throws BadLine if it is no JSON object, or too deep */
export function parseMembers(line: string): Members {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    throw new BadLine(`it is not JSON (${error instanceof Error ? error.message : String(error)})`);
  }
  if (!isObject(value)) throw new BadLine('it is not a JSON object');
  if (isDeeper(value, deepest)) throw new BadLine(`it has more than ${deepest} levels of objects and lists`);
  return value;
}

const isDeeper = (value: unknown, levels: number): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (levels === 0 || Object.values(value).some((each) => isDeeper(each, levels - 1)));

function requireLocation(member: string, ref: string, { listed, own }: Reach): void {
  const location = parseLocation(ref);
  if (location === undefined) throw new BadLine(`"${member}" is '${shown(ref)}'; it must be s3://BUCKET/KEY`);
  const bytes = Buffer.byteLength(location.key);
  if (bytes > longestKey)
    throw new BadLine(`"${member}" names a key of ${bytes} bytes; keys have at most ${longestKey}`);
  const refuse = (whose: string, buckets: readonly string[]): void => {
    if (isListed(buckets, location.bucket)) return;
    throw new BadLine(
      `"${member}" names bucket '${location.bucket}', which is none of those that ${whose} may use: ` +
        `[${buckets.join(', ')}]`,
    );
  };
  refuse('this deployment', listed);
  if (own !== undefined) refuse("the caller's key", own);
}

const shown = (text: string): string => (text.length > 100 ? `${text.slice(0, 100)}...` : text);

function metadata(members: Members, name: string): Members {
  const value = members[`${name}${suffix}`];
  if (!isObject(value)) throw new BadLine(`"${name}${suffix}" must be an object`);
  return value;
}

/** The names of attributes that have metadata, in the line's order. */
const attributes = (members: Members): string[] =>
  Object.keys(members)
    .filter((key) => key.endsWith(suffix) && key !== suffix)
    .map((key) => key.slice(0, -suffix.length));

const isMask = (members: Members, name: string): boolean => {
  const about = metadata(members, name);
  return 'internal-color-map' in about || about['type'] === 'groundtruth/semantic-segmentation';
};

const labelType = 'groundtruth/image-classification';

/**
 * The attribute that labels the picture: one of an image classification, or of no stated type, that says
 * normal or anomaly. What other jobs say (a verification, say) is no label. Of several, those that a human
 * gave count, since an evaluation manifest also holds what a model found; of those, the newest.
 * @param strict whether the line is new: one that was accepted by an earlier rule keeps its first label
 * @throws BadLine if they contradict each other and their dates do not tell which is the newest
 */
export function labelOf(members: Members, strict = true): string | undefined {
  const decided = attributes(members).filter((name) => {
    const about = metadata(members, name);
    return (
      !isMask(members, name) && [undefined, labelType].includes(typeOf(about)) && classOf(about) !== undefined
    );
  });
  const human = decided.filter((name) => metadata(members, name)['human-annotated'] === 'yes');
  const candidates = human.length > 0 ? human : decided;
  const said = (name: string): Label | undefined => classOf(metadata(members, name));
  const at = (name: string): number =>
    parseCreationDate(metadata(members, name)['creation-date']) ?? -Infinity;
  const latest = Math.max(...candidates.map(at));
  const newest = candidates.filter((name) => at(name) === latest);
  const [first] = newest;
  const other = newest.find((name) => first !== undefined && said(name) !== said(first));
  const undated = candidates.length > 1 && candidates.some((name) => at(name) === -Infinity);
  const contrary = candidates.find((name) => first !== undefined && said(name) !== said(first));
  const against = other ?? (undated ? contrary : undefined);
  if (strict && first !== undefined && against !== undefined) {
    throw new BadLine(
      `"${first}" says ${said(first) ?? ''} and "${against}" says ${said(against) ?? ''}, and no ` +
        '"creation-date" tells which is newer; keep one of them',
    );
  }
  return first;
}

function typeOf(about: Members): string | undefined {
  const type = about['type'];
  return typeof type === 'string' ? type.trim().toLowerCase() : undefined;
}

/** What the metadata of an attribute say of its picture, in any case. */
export function classOf(about: Members): Label | undefined {
  const given = about['class-name'];
  const name = typeof given === 'string' ? given.trim().toLowerCase() : undefined;
  return name === 'normal' || name === 'anomaly' ? name : undefined;
}

/** 1 is an anomaly and 0 is normal, whatever the author's convention was. */
const labelled = (members: Members, name: string, label: Label): Members => ({
  ...members,
  [name]: label === 'anomaly' ? 1 : 0,
  [`${name}${suffix}`]: { ...metadata(members, name), 'class-name': label },
});

function dateOf(members: Members, label: string | undefined): number | undefined {
  const names = label === undefined ? attributes(members) : [label, ...attributes(members)];
  for (const name of names) {
    const date = parseCreationDate(metadata(members, name)['creation-date']);
    if (date !== undefined) return date;
  }
  return undefined;
}

const maskAttribute = (members: Members): string | undefined =>
  attributes(members).find((each) => each !== 'source-ref' && isMask(members, each));

function maskOf(members: Members, reach: Reach): Mask | undefined {
  const name = maskAttribute(members);
  if (name === undefined) return undefined;
  if (!name.endsWith('-ref')) throw new BadLine(`"${name}" is a mask; its name must end with -ref`);
  const ref = members[name];
  if (typeof ref !== 'string')
    throw new BadLine(
      `"${name}" is missing, although "${name}${suffix}" is there; it must be s3://BUCKET/KEY`,
    );
  requireLocation(name, ref, reach);
  return { ref, classes: classesOf(`${name}${suffix}`, metadata(members, name)['internal-color-map']) };
}

function classesOf(where: string, map: unknown): Mask['classes'] {
  if (!isObject(map)) throw new BadLine(`"internal-color-map" of "${where}" must be an object`);
  return Object.entries(map).flatMap(([index, entry]) => {
    const name = isObject(entry) ? entry['class-name'] : undefined;
    const color = isObject(entry) ? entry['hex-color'] : undefined;
    if (typeof name !== 'string' || name === '')
      throw new BadLine(`entry "${index}" of "internal-color-map" of "${where}" has no "class-name"`);
    if (typeof color !== 'string' || !/^#[0-9A-Fa-f]{6}$/.test(color)) {
      throw new BadLine(
        `entry "${index}" of "internal-color-map" of "${where}" must have a "hex-color" of # and six ` +
          'hexadecimal digits',
      );
    }
    return name.toLowerCase() === 'background' ? [] : [{ name, color }];
  });
}
