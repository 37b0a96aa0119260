import { base, readEnvironment } from '../base.ts';
import { sageMakerTrainer } from '../trainer.ts';
import { s3Objects } from '../s3-objects.ts';
import { serveTask } from '../task-handler.ts';
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
const parts = { ...common, trainer: sageMakerTrainer(env, common), objects: s3Objects() };

export const TakeExamples = serveTask(takeExamples, parts);
export const Train = serveTask(train, parts);
export const ObserveTraining = serveTask(observeTraining, parts);
export const MarkTrained = serveTask(markTrained, parts);
export const CleanUp = serveTask(cleanUp, parts);
