import type { DatasetType, Finding } from './finding.ts';

/** What a dataset would teach, counted over the lines that can be used. */
export interface Counts {
  readonly dataset: DatasetType;
  readonly total: number;
  readonly normal: number;
  readonly anomaly: number;
  /** How many lines have a mask. */
  readonly masks: number;
  /** For each kind of anomaly, the pictures that show it and no other. */
  readonly labels: Readonly<Record<string, number>>;
}

interface Need {
  readonly normal: number;
  readonly anomaly: number;
}

/** The guide's limits, "Quotas". */
const alone: Need = { normal: 20, anomaly: 10 };
const needs: Readonly<Record<DatasetType, Need>> = {
  train: { normal: 10, anomaly: 0 },
  test: { normal: 10, anomaly: 10 },
};
const most = { train: { plain: 16_000, masked: 8000 }, test: { plain: 4000, masked: 800 } } as const;

/** What keeps a model from being trained, though the datasets can be made. */
export function checkCounts(counts: readonly Counts[]): Finding[] {
  const findings: Finding[] = [];
  const train = counts.find(({ dataset }) => dataset === 'train');
  const masked = (train?.masks ?? 0) > 0;
  if (train === undefined) {
    findings.push({
      dataset: 'test',
      severity: 'warning',
      problem: 'There is no train dataset, and a model is trained from one.',
      remedy: 'Export it too, or create it before training.',
    });
  }
  for (const { dataset, total, normal, anomaly, masks, labels } of counts) {
    const warn = (problem: string, remedy: string): void =>
      void findings.push({ dataset, severity: 'warning', problem, remedy });
    const need = counts.length === 1 && dataset === 'train' ? alone : needs[dataset];
    if (normal < need.normal || anomaly < need.anomaly) {
      warn(
        `${normal} normal and ${anomaly} anomalous pictures are usable; training needs ${need.normal} ` +
          `and ${need.anomaly}.`,
        'Add pictures, or labels.',
      );
    }
    const limit = most[dataset][masked ? 'masked' : 'plain'];
    if (total > limit)
      findings.push({
        dataset,
        severity: 'error',
        problem: `${total} pictures are more than the ${limit} that a ${dataset} dataset may have.`,
        remedy: 'Take some out.',
      });
    if (masked && dataset === 'test' && masks === 0)
      warn(
        'The train dataset has masks, the test dataset none: where anomalies are cannot be measured.',
        'Add masks to it.',
      );
    const each = counts.length === 1 ? 20 : 10;
    for (const [label, count] of Object.entries(labels)) {
      if (masked && count < each)
        warn(
          `${count} pictures show "${label}" and nothing else; training needs ${each}.`,
          'Add pictures of it.',
        );
    }
    if (Object.keys(labels).length > 100)
      warn(`There are ${Object.keys(labels).length} kinds of anomaly; 100 is the most.`, 'Merge some.');
  }
  return findings;
}
