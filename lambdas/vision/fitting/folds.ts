import { shuffled, type Random } from './random.ts';

/** What a split needs to know of a picture. */
export interface Sortable {
  readonly id: string;
  readonly isAnomaly: boolean;
}

const collator = new Intl.Collator('en', { numeric: true });

/**
 * Deals pictures into parts of about equal size, normal ones and anomalies alike. Neighbours in the order of
 * names go together where there are enough pictures, because they are often shots of one object, and a model
 * that has seen one knows the other.
 * @returns per picture the number of its part
 */
export function deal(pictures: readonly Sortable[], parts: number, random: Random): number[] {
  const numbers = new Array<number>(pictures.length).fill(0);
  let next = 0;
  for (const isAnomaly of [false, true]) {
    const stratum = pictures
      .map((picture, at) => ({ picture, at }))
      .filter(({ picture }) => picture.isAnomaly === isAnomaly)
      .sort((a, b) => collator.compare(a.picture.id, b.picture.id) || a.at - b.at);
    const size = Math.min(3, Math.max(1, Math.floor(stratum.length / (2 * parts))));
    const groups = Array.from({ length: Math.ceil(stratum.length / size) }, (_, group) =>
      stratum.slice(group * size, (group + 1) * size),
    );
    for (const group of shuffled(groups, random)) {
      for (const { at } of group) numbers[at] = next % parts;
      next++;
    }
  }
  return numbers;
}

/** How many parts of a cross-validation: five, or as many as there are of the rarer kind. */
export const foldCount = (normals: number, anomalies: number): number =>
  Math.max(2, Math.min(5, normals, anomalies === 0 ? normals : anomalies));

/**
 * Chooses at most `most` pictures, half of them anomalies if there are that many; the rest is left out of
 * learning.
 * @returns the pictures chosen, in the order given
 */
export function thin<T extends { readonly isAnomaly: boolean }>(
  pictures: readonly T[],
  most: number,
  random: Random,
): T[] {
  if (pictures.length <= most) return [...pictures];
  const anomalies = pictures.filter(({ isAnomaly }) => isAnomaly);
  const normals = pictures.filter(({ isAnomaly }) => !isAnomaly);
  const keepAnomalies = Math.min(anomalies.length, Math.max(Math.floor(most / 2), most - normals.length));
  const kept = new Set([
    ...shuffled(anomalies, random).slice(0, keepAnomalies),
    ...shuffled(normals, random).slice(0, most - keepAnomalies),
  ]);
  return pictures.filter((picture) => kept.has(picture));
}
