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
  const check = (name: string, stats: ImageStats, least: { readonly normal: number; readonly anomaly: number }): string[] =>
    (['normal', 'anomaly'] as const).filter((label) => stats[label] < least[label])
      .map((label) => `the ${name} dataset has ${stats[label]} images labelled ${label}, and at least ${least[label]} are needed`);
  return test === undefined ? check('train', train, minimums.single) : [...check('train', train, minimums.train), ...check('test', test, minimums.test)];
}

export type LabelledEntry = Entry & { readonly label: Label };

export const isLabelled = (entry: Entry): entry is LabelledEntry => entry.label !== undefined;

/** A fifth of a single dataset is held out. */
const heldOut = 5;

/**
 * Splits a single dataset into what is learnt from and what the model is judged by. The same lines are split in the same way, whatever their order;
 * every label, and every combination of kinds of anomaly, is found on both sides as far as it has enough images.
 */
export function split(entries: readonly LabelledEntry[]): { readonly train: LabelledEntry[]; readonly test: LabelledEntry[] } {
  const strata = new Map<string, LabelledEntry[]>();
  for (const entry of entries) {
    const name = `${entry.label}:${kinds(entry.mask).join('+')}`;
    strata.set(name, [...strata.get(name) ?? [], entry]);
  }
  const train: LabelledEntry[] = [];
  const test: LabelledEntry[] = [];
  for (const name of [...strata.keys()].sort()) {
    const dealt = (strata.get(name) ?? []).map((entry) => ({ entry, rank: rankOf(entry.sourceRef) })).sort((a, b) => (a.rank < b.rank ? -1 : 1));
    const out = Math.round(dealt.length / heldOut);
    for (const [index, { entry }] of dealt.entries()) (index < out ? test : train).push(entry);
  }
  return { train, test };
}

const kinds = (mask: Mask | undefined): string[] => (mask?.classes ?? []).map(({ name }) => name).sort();

/** Chance, but the same chance every time. */
const rankOf = (sourceRef: string): string => createHash('sha256').update(sourceRef).digest('hex');
