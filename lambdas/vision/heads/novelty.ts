/**
 * The novelty head knows what is normal, and measures how far a picture is from it. It compares means of
 * features over 3 x 3 patches, which single noisy patches do not disturb (PatchCore, arXiv 2106.08265), in
 * one of two ways: with a bank of normal patches wherever they lie, or with what is normal in each place
 * (PaDiM, arXiv 2011.08785), which only helps where all parts lie alike.
 */
import type { Grid } from '../pictures/masks.ts';
import type { Random } from '../fitting/random.ts';
import { quantisation } from './patch-step.ts';

/** Normal patches to compare with, wherever they lie. */
export interface Bank {
  readonly kind: 'bank';
  /** Brings each channel of averaged features to a deviation of 1; 0 silences one that never changes. */
  readonly scale: Float32Array;
  /** [size, channels], scaled. */
  readonly patches: Float32Array;
  readonly size: number;
}

/** What is normal in each place of the picture: a mean and a deviation of each channel. */
export interface Places {
  readonly kind: 'places';
  /** [channels, patches] in the quantisation of features. */
  readonly mean: Uint8Array;
  /** [channels, patches]: 1 / deviation, as scaleOf reads it. A byte each, for there are many. */
  readonly scale: Uint8Array;
}

export type Novelty = Bank | Places;

/** How bytes stand for the scales of places: exp((byte - zero) / steps), from 0.005 to 200. */
export const scaleBytes = { zero: 128, steps: 24 } as const;

/** How many patches stand for all normal ones. More than these, well chosen, bring nothing. */
const bankSize = 256;
/** From how many patches they are chosen. */
const bankCandidates = 5000;
/** A channel that varies less than this is taken for constant. */
const leastVariance = 1e-4;
/** How many pictures the mean deviation of all places counts for in each place. */
const asIf = 8;
const floorShare = 0.2;
/** What rounding a mean to a byte adds. */
const rounding = 1 / (12 * quantisation.levels ** 2);

/**
 * Picks rows so that every row is near one that was picked: the next one is always that which is farthest
 * from all picked before (k-centre, greedily). Rare but normal patches are kept that way, which a random
 * choice would miss.
 * @param rows [count, channels]
 * @returns the numbers of the rows picked, in order; fewer than `size` if the others repeat them
 */
export function pickCentres(
  rows: Uint8Array | Float32Array,
  channels: number,
  size: number,
  random: Random,
): number[] {
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
function squaredDistance(
  rows: Uint8Array | Float32Array,
  from: number,
  centre: Uint8Array | Float32Array,
  limit: number,
): number {
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

/** Features are bytes, of which this one is 0. */
const { zero, levels } = quantisation;

/** @returns the mean of the patch and its neighbours, as the graph takes it: [channels], in deviations */
function averagedPatch(
  features: Uint8Array,
  patch: number,
  { rows, columns }: Grid,
  into: Float32Array,
): void {
  const channels = into.length;
  const [row, column] = [Math.floor(patch / columns), patch % columns];
  into.fill(0);
  let count = 0;
  for (let y = Math.max(0, row - 1); y <= Math.min(rows - 1, row + 1); y++) {
    for (let x = Math.max(0, column - 1); x <= Math.min(columns - 1, column + 1); x++) {
      const from = (y * columns + x) * channels;
      for (let at = 0; at < channels; at++) into[at] = (into[at] ?? 0) + (features[from + at] ?? 0);
      count++;
    }
  }
  for (let at = 0; at < channels; at++) into[at] = ((into[at] ?? 0) / count - zero) / levels;
}

/** Chooses the bank from the features of normal pictures, each [patches, channels]. */
export function fitBank(pictures: readonly Uint8Array[], channels: number, grid: Grid, random: Random): Bank {
  const patches = grid.rows * grid.columns;
  const perPicture = Math.max(1, Math.floor(bankCandidates / pictures.length));
  const rows: Float32Array[] = [];
  for (const features of pictures) {
    for (let index = 0; index < Math.min(perPicture, patches); index++) {
      const row = new Float32Array(channels);
      averagedPatch(features, perPicture >= patches ? index : random.below(patches), grid, row);
      rows.push(row);
    }
  }
  const scale = new Float32Array(channels);
  for (let at = 0; at < channels; at++) {
    const mean = rows.reduce((sum, row) => sum + (row[at] ?? 0), 0) / rows.length;
    const variance = rows.reduce((sum, row) => sum + ((row[at] ?? 0) - mean) ** 2, 0) / rows.length;
    scale[at] = variance < leastVariance ? 0 : 1 / Math.sqrt(variance);
  }
  const scaled = new Float32Array(rows.length * channels);
  rows.forEach((row, number) =>
    row.forEach((value, at) => (scaled[number * channels + at] = value * (scale[at] ?? 0))),
  );
  const picked = pickCentres(scaled, channels, bankSize, random);
  const chosen = new Float32Array(picked.length * channels);
  picked.forEach((row, number) =>
    chosen.set(scaled.subarray(row * channels, (row + 1) * channels), number * channels),
  );
  return { kind: 'bank', scale, patches: chosen, size: picked.length };
}

/** Sums over pictures of what is in each place, so that parts of a cross-validation can be added. */
export interface PlaceSums {
  readonly pictures: number;
  /** [patches, channels] of averaged features, and of their squares. */
  readonly sum: Float32Array;
  readonly squares: Float32Array;
}

export function sumPlaces(pictures: readonly Uint8Array[], channels: number, grid: Grid): PlaceSums {
  const patches = grid.rows * grid.columns;
  const sum = new Float32Array(patches * channels);
  const squares = new Float32Array(patches * channels);
  const row = new Float32Array(channels);
  for (const features of pictures) {
    for (let patch = 0; patch < patches; patch++) {
      averagedPatch(features, patch, grid, row);
      const from = patch * channels;
      for (let at = 0; at < channels; at++) {
        const value = row[at] ?? 0;
        sum[from + at] = (sum[from + at] ?? 0) + value;
        squares[from + at] = (squares[from + at] ?? 0) + value * value;
      }
    }
  }
  return { pictures: pictures.length, sum, squares };
}

/**
 * What is normal in each place, from the sums of parts. Few pictures know a deviation badly: it is drawn
 * towards the channel's mean deviation over all places, as if so many pictures more had shown that, and a
 * share of it is added, for a place that happened never to change is not certain never to.
 */
export function fitPlaces(parts: readonly PlaceSums[], channels: number): Places {
  const count = parts.reduce((sum, { pictures }) => sum + pictures, 0);
  const length = parts[0]?.sum.length ?? 0;
  const patches = length / channels;
  const means = new Float32Array(length);
  const variances = new Float32Array(length);
  const usual = new Float64Array(channels);
  for (let at = 0; at < length; at++) {
    let [sum, squares] = [0, 0];
    for (const part of parts) {
      sum += part.sum[at] ?? 0;
      squares += part.squares[at] ?? 0;
    }
    const mean = sum / count;
    const variance = Math.max(0, squares / count - mean * mean);
    means[at] = mean;
    variances[at] = variance;
    usual[at % channels] = (usual[at % channels] ?? 0) + variance / patches;
  }
  const mean = new Uint8Array(length);
  const scale = new Uint8Array(length);
  for (let patch = 0; patch < patches; patch++) {
    for (let channel = 0; channel < channels; channel++) {
      const from = patch * channels + channel;
      const into = channel * patches + patch;
      const around = Math.max(usual[channel] ?? 0, leastVariance);
      const drawn =
        ((variances[from] ?? 0) * count + around * asIf) / (count + asIf) + around * floorShare + rounding;
      mean[into] = byte((means[from] ?? 0) * levels + zero);
      scale[into] = byte(-0.5 * Math.log(drawn) * scaleBytes.steps + scaleBytes.zero);
    }
  }
  return { kind: 'places', mean, scale };
}

const byte = (value: number): number => Math.min(255, Math.max(0, Math.round(value)));
