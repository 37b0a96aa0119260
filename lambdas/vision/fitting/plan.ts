import { TooFewPictures } from './failures.ts';
import { deal } from './folds.ts';
import { gridOf, type LabelledPicture, type Size } from '../pictures/training-pictures.ts';
import type { Random } from './random.ts';

/** The least numbers of labelled pictures. The defaults are the original service's. */
export interface Minimums {
  /** Without test pictures of their own. */
  readonly single: { readonly normals: number; readonly anomalies: number };
  readonly train: { readonly normals: number; readonly anomalies: number };
  readonly test: { readonly normals: number; readonly anomalies: number };
}

export const minimums: Minimums = {
  single: { normals: 20, anomalies: 10 },
  train: { normals: 10, anomalies: 0 },
  test: { normals: 10, anomalies: 10 },
};

export interface Sets {
  readonly train: readonly LabelledPicture[];
  readonly test: readonly LabelledPicture[];
}

/** One in so many pictures is held out where the caller gives no test pictures. */
const heldOut = 5;

/**
 * Separates what is learnt from and what the model is judged by.
 * @throws TooFewPictures naming the set and what it needs
 */
export function split(
  pictures: readonly LabelledPicture[],
  test: readonly LabelledPicture[] | undefined,
  least: Minimums,
  random: Random,
): Sets {
  if (test !== undefined) {
    demand('The training dataset', pictures, least.train);
    demand('The test dataset', test, least.test);
    return { train: pictures, test };
  }
  demand('The dataset', pictures, least.single);
  const parts = deal(
    pictures.map(({ id, label }) => ({ id, isAnomaly: label === 'anomaly' })),
    heldOut,
    random,
  );
  return {
    train: pictures.filter((_, at) => parts[at] !== 0),
    test: pictures.filter((_, at) => parts[at] === 0),
  };
}

function demand(
  set: string,
  pictures: readonly LabelledPicture[],
  { normals, anomalies }: Minimums['train'],
): void {
  const has = {
    normals: pictures.filter(({ label }) => label === 'normal').length,
    anomalies: pictures.filter(({ label }) => label === 'anomaly').length,
  };
  if (has.normals >= normals && has.anomalies >= anomalies) return;
  throw new TooFewPictures(
    `${set} has ${has.normals} normal and ${has.anomalies} anomalous images; ` +
      `training needs at least ${normals} normal and ${anomalies} anomalous ones.`,
  );
}

/** How much is looked at, so that features fit into memory: they are what takes the room. */
export interface Effort {
  /** At most so many pictures are learnt from. */
  readonly pictures: number;
  readonly views: 1 | 2 | 4;
}

const featureBytes = 512 * 1024 * 1024;
const mostPictures = 600;

export function planEffort(count: number, size: Size, channels: number): Effort {
  const { rows, columns } = gridOf(size);
  const affordable = Math.floor(featureBytes / (rows * columns * channels));
  const pictures = Math.min(mostPictures, affordable);
  const learnt = Math.min(count, pictures);
  const views =
    ([4, 2, 1] as const).find(
      (number) => learnt <= { 4: 100, 2: 250, 1: mostPictures }[number] && learnt * number <= affordable,
    ) ?? 1;
  return { pictures, views };
}
