import { createHash } from 'node:crypto';
import type { ImageStats } from './dataset.ts';
import type { Entry, Label, Mask } from './manifest.ts';

/** How many labelled images there must be "to start training", as the original's guide has it. */
export const minimums = {
  single: { normal: 20, anomaly: 10 },
  train: { normal: 10, anomaly: 0 },
  test: { normal: 10, anomaly: 10 },
} as const;

/** What the datasets lack for a training, in a sentence for each; empty if nothing. */
export function lacking(train: ImageStats, test: ImageStats | undefined): string[] {
  const check = (
    name: string,
    stats: ImageStats,
    least: { readonly normal: number; readonly anomaly: number },
  ): string[] =>
    (['normal', 'anomaly'] as const)
      .filter((label) => stats[label] < least[label])
      .map(
        (label) =>
          `the ${name} dataset has ${stats[label]} images labelled ${label}, and at least ` +
          `${least[label]} are needed`,
      );
  return test === undefined
    ? check('train', train, minimums.single)
    : [...check('train', train, minimums.train), ...check('test', test, minimums.test)];
}

/**
 * How many labelled images with masks there must be of each anomaly type, in a single dataset, or in each of
 * two.
 */
const minimumsOfType = { single: 20, each: 10 } as const;

/** More types than this are not named one by one: the sentences end in a status message. */
const named = 3;

/**
 * What datasets lack for a training that marks anomalies, in a sentence for each type; empty if nothing, or
 * if no train image has a mask. An image counts for every type that its mask's colour map lists. The original
 * asked for images that show exactly one type, which only pixels tell: what is refused here was refused
 * there.
 */
export function lackingOfTypes(
  train: readonly LabelledEntry[],
  test: readonly LabelledEntry[] | undefined,
): string[] {
  const ofTrain = countTypes(train);
  const least = test === undefined ? minimumsOfType.single : minimumsOfType.each;
  const check = (name: string, counts: ReadonlyMap<string, number>): string[] =>
    [...ofTrain.keys()]
      .filter((type) => (counts.get(type) ?? 0) < least)
      .map(
        (type) =>
          `the ${name} dataset has ${counts.get(type) ?? 0} images with a mask of the anomaly type ` +
          `${type}, and at least ${least} are needed`,
      );
  const all = [...check('train', ofTrain), ...(test === undefined ? [] : check('test', countTypes(test)))];
  return all.length <= named ? all : [...all.slice(0, named), `and ${all.length - named} more of the kind`];
}

function countTypes(entries: readonly LabelledEntry[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { label, mask } of entries) {
    if (label === 'anomaly')
      for (const type of new Set(kinds(mask))) counts.set(type, (counts.get(type) ?? 0) + 1);
  }
  return counts;
}

/** `place` is where the line is, in words. */
export type LabelledEntry = Entry & { readonly label: Label; readonly place?: string };

export const isLabelled = (entry: Entry): entry is LabelledEntry => entry.label !== undefined;

/** A fifth of a single dataset is held out. */
const heldOut = 5;

/**
 * Splits a single dataset into what is learnt from and what the model is judged by. The same lines are split
 * in the same way, whatever their order; every label, and every combination of kinds of anomaly, is found on
 * both sides as far as it has enough images.
 */
export function split(entries: readonly LabelledEntry[]): {
  readonly train: LabelledEntry[];
  readonly test: LabelledEntry[];
} {
  const strata = new Map<string, LabelledEntry[]>();
  for (const entry of entries) {
    const name = `${entry.label}:${kinds(entry.mask).join('+')}`;
    strata.set(name, [...(strata.get(name) ?? []), entry]);
  }
  const train: LabelledEntry[] = [];
  const test: LabelledEntry[] = [];
  for (const name of [...strata.keys()].sort()) {
    const dealt = (strata.get(name) ?? [])
      .map((entry) => ({ entry, rank: rankOf(entry.sourceRef) }))
      .sort((a, b) => (a.rank < b.rank ? -1 : 1));
    const out = Math.round(dealt.length / heldOut);
    for (const [index, { entry }] of dealt.entries()) (index < out ? test : train).push(entry);
  }
  return { train, test };
}

const kinds = (mask: Mask | undefined): string[] => (mask?.classes ?? []).map(({ name }) => name).sort();

/** Chance, but the same chance every time. */
const rankOf = (sourceRef: string): string => createHash('sha256').update(sourceRef).digest('hex');
