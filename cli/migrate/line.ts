import { isObject } from '../../lambdas/contract/json.ts';
import { BadLine, parseMembers } from '../../lambdas/domain/manifest.ts';
import type { Line } from './finding.ts';

/*
 * Attributes as they are written, whole or not: what repairs change. What they mean, the service's own reader
 * says (domain/manifest).
 */

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

/** @returns undefined if it is no line that could be mended */
export function parseLine(text: string): Line | undefined {
  try {
    return parseMembers(text);
  } catch (error) {
    if (error instanceof BadLine) return undefined;
    throw error;
  }
}

/** Attributes with metadata that are no masks; one, in a sound line. */
export const labelsOf = (line: Line): Label[] =>
  Object.entries(line).flatMap(([key, metadata]) => {
    const name = key.endsWith('-metadata') ? key.slice(0, -'-metadata'.length) : '';
    if (name === '' || name.endsWith('-ref') || !isObject(metadata)) return [];
    return [{ name, value: line[name], metadata }];
  });

export const masksOf = (line: Line): Mask[] =>
  Object.entries(line).flatMap(([name, ref]) => {
    if (name === 'source-ref' || !name.endsWith('-ref') || typeof ref !== 'string') return [];
    const metadata = line[`${name}-metadata`];
    return [{ name, ref, metadata: isObject(metadata) ? metadata : {} }];
  });

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
