/** Reads maps of patches, and finds the logits at which a patch counts as anomalous. */
import type { ClassFigures } from '../evaluation/figures.ts';
import { evaluateClasses } from '../evaluation/evaluate.ts';

export interface UnseenMap {
  /** As evaluateClasses takes it. */
  readonly truth: Uint8Array;
  /** [classes, patches] against the background's 0. */
  readonly logits: Float32Array;
  /** The picture's own score, 0 to 1: below 0.5 the picture has no mask. */
  readonly score: number;
}

/**
 * What the map's graph computes: the greatest share of a class in each patch, if it reaches 0.5, names the
 * patch's class.
 */
export function readMap(
  { logits, score }: Omit<UnseenMap, 'truth'>,
  boundaries: readonly number[],
): Uint8Array {
  const patches = logits.length / boundaries.length;
  const found = new Uint8Array(patches);
  if (score < 0.5) return found;
  for (let patch = 0; patch < patches; patch++) {
    let total = 1;
    let best = 0;
    let label = 0;
    for (let index = 0; index < boundaries.length; index++) {
      const odds = Math.exp((logits[index * patches + patch] ?? 0) - (boundaries[index] ?? 0));
      total += odds;
      if (odds > best) [best, label] = [odds, index + 1];
    }
    if (best / total >= 0.5) found[patch] = label;
  }
  return found;
}

export const evaluateMaps = (
  maps: readonly UnseenMap[],
  boundaries: readonly number[],
  names: readonly string[],
): ClassFigures[] =>
  evaluateClasses(
    maps.map((map) => ({ truth: map.truth, found: readMap(map, boundaries) })),
    names,
  );

/** From the natural boundary outwards in steps of a half, so that of equal ones the most natural is taken. */
const candidates = Array.from({ length: 25 }, (_, at) => ((at % 2 === 1 ? 1 : -1) * Math.ceil(at / 2)) / 2);

/** How many patches are looked at to choose boundaries; more would change nothing. */
const enough = 400_000;

/**
 * Tries boundaries on maps of pictures that the head has not learnt from, and takes those of the greatest
 * mean IoU over the classes: first one for all of them, then for each class in turn a better one, since small
 * defects ask for another than large ones.
 * @returns one for each class
 */
export function chooseBoundaries(maps: readonly UnseenMap[], classes: number): number[] {
  const step = Math.max(
    1,
    Math.ceil((maps.reduce((sum, { truth }) => sum + truth.length, 0) * classes) / enough),
  );
  const sample = maps.filter((_, at) => at % step === 0);
  const names = Array.from({ length: classes }, (_, index) => String(index));
  const quality = (boundaries: readonly number[]): number =>
    evaluateMaps(sample, boundaries, names).reduce((sum, { iou }) => sum + iou, 0);
  let best = { quality: -1, boundaries: names.map(() => 0) };
  const attempt = (boundaries: number[]): void => {
    const reached = quality(boundaries);
    if (reached > best.quality + 1e-9) best = { quality: reached, boundaries };
  };
  for (const offset of candidates) attempt(names.map(() => offset));
  if (classes === 1) return best.boundaries;
  for (let index = 0; index < classes; index++) {
    const { boundaries } = best;
    for (const offset of candidates)
      attempt(boundaries.map((boundary, at) => (at === index ? offset : boundary)));
  }
  return best.boundaries;
}
