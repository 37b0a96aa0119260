import type { ObjectLocation } from '../../domain/ports.ts';
import type { Stage } from '../../vision/fitting/train.ts';
import type { TrainingRef } from '../trainer.ts';

/** What trainers that learn by themselves say of a training, wherever they run. */

const saying: Readonly<Record<Stage, string>> = {
  reading: 'Reading the images',
  looking: 'Looking at the images',
  learning: 'Learning',
  evaluating: 'Evaluating the model',
};

export interface StageDone {
  readonly stage: Stage;
  /** 0 to 1, within the stage. */
  readonly done: number;
}

export const noteOf = ({ stage, done }: StageDone): string =>
  `${saying[stage]}: ${Math.round(done * 100)} %.`;

/** Written last: where it is, the artifact is whole. */
export const resultsAt = ({
  workspace: { bucket, prefix },
}: Pick<TrainingRef, 'workspace'>): ObjectLocation => ({
  bucket,
  key: `${prefix}results.json`,
});
