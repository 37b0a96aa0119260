import { base, readEnvironment } from '../base.ts';
import { awsTrainer } from '../trainer.ts';
import { s3Objects } from '../s3-objects.ts';
import { serveTasks } from '../task-handler.ts';
import {
  cleanUp,
  markTrained,
  observeTraining,
  takeExamples,
  train,
} from '../../workflows/training/tasks.ts';

// The tasks that have a model trained and judged. Only their role may order that, and pass the role that it
// runs under.
const env = readEnvironment('training');
const common = base(env);
const parts = { ...common, trainer: awsTrainer(env, common), objects: s3Objects() };

export const { TakeExamples, Train, ObserveTraining, MarkTrained, CleanUp } = serveTasks<'training'>(
  {
    TakeExamples: takeExamples,
    Train: train,
    ObserveTraining: observeTraining,
    MarkTrained: markTrained,
    CleanUp: cleanUp,
  },
  parts,
);
