import type { Random } from '../fitting/random.ts';

/** Normal patches to compare with, as bytes [size, channels] in the quantisation of features. */
export interface Bank {
  readonly size: number;
  readonly patches: Uint8Array;
}

/** How many patches stand for all normal ones. More than these, well chosen, bring nothing. */
const bankSize = 256;
/** From how many patches they are chosen. */
const bankCandidates = 5000;

/**
 * Picks rows so that every row is near one that was picked: the next one is always that which is farthest
 * from all picked before (k-centre, greedily). Rare but normal patches are kept that way, which a random
 * choice would miss.
 * @param rows [count, channels]
 * @returns the numbers of the rows picked, in order; fewer than `size` if the others repeat them
 */
export function pickCentres(rows: Uint8Array, channels: number, size: number, random: Random): number[] {
  const count = Math.floor(rows.length / channels);
  if (count === 0) return [];
  const nearest = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
  const picked: number[] = [];
  for (let next = random.below(count); picked.length < size;) {
    picked.push(next);
    const centre = rows.subarray(next * channels, (next + 1) * channels);
    let farthest = 0;
    for (let row = 0; row < count; row++) {
      const distance = squaredDistance(rows, row * channels, centre, nearest[row] ?? 0);
      if (distance < (nearest[row] ?? 0)) nearest[row] = distance;
      if ((nearest[row] ?? 0) > farthest) {
        farthest = nearest[row] ?? 0;
        next = row;
      }
    }
    if (farthest === 0) break;
  }
  return picked;
}

/** @returns the squared distance, or something above `limit` as soon as it is known to be that */
function squaredDistance(rows: Uint8Array, from: number, centre: Uint8Array, limit: number): number {
  let sum = 0;
  for (let start = 0; start < centre.length && sum <= limit; start += 32) {
    const end = Math.min(start + 32, centre.length);
    for (let at = start; at < end; at++) {
      const difference = (rows[from + at] ?? 0) - (centre[at] ?? 0);
      sum += difference * difference;
    }
  }
  return sum;
}

/** Chooses the bank from the features of normal pictures, each [patches, channels]. */
export function fitBank(pictures: readonly Uint8Array[], channels: number, random: Random): Bank {
  const perPicture = Math.max(1, Math.floor(bankCandidates / pictures.length));
  const candidates: Uint8Array[] = [];
  for (const features of pictures) {
    const patches = features.length / channels;
    for (let index = 0; index < Math.min(perPicture, patches); index++) {
      const patch = perPicture >= patches ? index : random.below(patches);
      candidates.push(features.subarray(patch * channels, (patch + 1) * channels));
    }
  }
  const rows = new Uint8Array(Buffer.concat(candidates));
  const picked = pickCentres(rows, channels, bankSize, random);
  return {
    size: picked.length,
    patches: new Uint8Array(
      Buffer.concat(picked.map((row) => rows.subarray(row * channels, (row + 1) * channels))),
    ),
  };
}
