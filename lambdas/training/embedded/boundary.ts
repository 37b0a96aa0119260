/** Reads maps of patches, and finds the logit at which a patch counts as anomalous. */
import type { ClassFigures } from '../figures.ts';
import { evaluateClasses } from './evaluate.ts';

export interface UnseenMap {
  /** As evaluateClasses takes it. */
  readonly truth: Uint8Array;
  /** [patches, classes] against the background's 0. */
  readonly logits: Float32Array;
  /** The picture's own score, 0 to 1, which dims the map below 0.5. */
  readonly score: number;
}

/** What the map's graph computes: the greatest share of a class in each patch, if it reaches 0.5, names the patch's class. */
export function readMap({ logits, score }: Omit<UnseenMap, 'truth'>, boundary: number, classes: number): Uint8Array {
  const light = Math.min(1, 2 * score);
  return Uint8Array.from({ length: logits.length / classes }, (_, patch) => {
    let total = 1;
    let best = 0;
    let label = 0;
    for (let index = 0; index < classes; index++) {
      const odds = Math.exp((logits[patch * classes + index] ?? 0) - boundary);
      total += odds;
      if (odds > best) [best, label] = [odds, index + 1];
    }
    return light * best / total >= 0.5 ? label : 0;
  });
}

export const evaluateMaps = (maps: readonly UnseenMap[], boundary: number, names: readonly string[]): ClassFigures[] =>
  evaluateClasses(maps.map((map) => ({ truth: map.truth, found: readMap(map, boundary, names.length) })), names);

/** Tries boundaries on maps of pictures that the head has not learnt from, and takes the one of the greatest mean IoU over the classes. */
export function chooseBoundary(maps: readonly UnseenMap[], classes: number): number {
  const names = Array.from({ length: classes }, (_, index) => String(index));
  let best = { quality: -1, boundary: 0 };
  // From the natural boundary outwards, so that of equal ones the most natural is taken.
  for (let step = 0; step <= 24; step++) {
    const boundary = (step % 2 === 1 ? 1 : -1) * Math.ceil(step / 2) / 2;
    const quality = evaluateMaps(maps, boundary, names).reduce((sum, { iou }) => sum + iou, 0);
    if (quality > best.quality + 1e-9) best = { quality, boundary };
  }
  return best.boundary;
}
