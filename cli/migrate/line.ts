import { isObject } from '../../lambdas/contract/json.ts';
import type { Line } from './finding.ts';

/** The attribute that says whether a part is good: its name is free, its metadata's type is not. */
export interface Label {
  readonly name: string;
  readonly value: unknown;
  readonly metadata: Line;
}

export interface Mask {
  readonly name: string;
  readonly ref: string;
  readonly metadata: Line;
}

export const canonicalLabel = 'anomaly-label';
export const classification = 'groundtruth/image-classification';
export const segmentation = 'groundtruth/semantic-segmentation';

/** @returns undefined if it is no JSON object */
export function parseLine(text: string): Line | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isLine(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const isLine = (value: unknown): value is Line => isObject(value);

/** Attributes with metadata that are no masks; one, in a sound line. */
export const labelsOf = (line: Line): Label[] =>
  Object.entries(line).flatMap(([key, metadata]) => {
    const name = key.endsWith('-metadata') ? key.slice(0, -'-metadata'.length) : '';
    if (name === '' || name.endsWith('-ref') || !isLine(metadata)) return [];
    return [{ name, value: line[name], metadata }];
  });

export const masksOf = (line: Line): Mask[] =>
  Object.entries(line).flatMap(([name, ref]) => {
    if (name === 'source-ref' || !name.endsWith('-ref') || typeof ref !== 'string') return [];
    const metadata = line[`${name}-metadata`];
    return [{ name, ref, metadata: isLine(metadata) ? metadata : {} }];
  });

export const classOf = (label: Label | undefined): 'normal' | 'anomaly' | undefined => {
  const name = label?.metadata['class-name'];
  const text = typeof name === 'string' ? name.toLowerCase() : '';
  return text === 'normal' || text === 'anomaly' ? text : undefined;
};

/** The line without the attribute, in the order that it had. */
export const without = (line: Line, name: string): Line =>
  Object.fromEntries(Object.entries(line).filter(([key]) => key !== name && key !== `${name}-metadata`));

export const renamed = (line: Line, from: string, to: string): Line =>
  Object.fromEntries(
    Object.entries(line).map(([key, value]) => [
      key === from ? to : key === `${from}-metadata` ? `${to}-metadata` : key,
      value,
    ]),
  );

export const withMetadata = (line: Line, name: string, changes: Line): Line => ({
  ...line,
  [`${name}-metadata`]: { ...(line[`${name}-metadata`] as Line), ...changes },
});

export interface Colour {
  readonly name: string;
  /** `#rrggbb`, in lower case. */
  readonly hex: string;
}

/** @returns undefined if the map is not one */
export function colourMap({ metadata }: Mask): Colour[] | undefined {
  const map = metadata['internal-color-map'];
  if (!isLine(map)) return undefined;
  const colours = Object.values(map).map((entry) => {
    const { 'class-name': name, 'hex-color': hex } = isLine(entry) ? entry : {};
    return typeof name === 'string' && typeof hex === 'string' && /^#[0-9a-f]{6}$/i.test(hex)
      ? { name, hex: hex.toLowerCase() }
      : undefined;
  });
  return colours.length > 0 && colours.every((each) => each !== undefined) ? colours : undefined;
}
