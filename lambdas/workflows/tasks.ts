import type { WorkflowInputs, WorkflowName } from '../domain/ports.ts';
import type { Progress, TaskContext, TaskInput, TaskData } from './context.ts';
import { admit } from './importing/tasks.ts';
import { claim } from './hosting/claim.ts';
import { carry, settle, stage } from './datasets/tasks.ts';
import { packageModel } from './packaging/tasks.ts';
import { erase, markStopped, observeRelease, release } from './hosting/release-tasks.ts';
import {
  cleanUp,
  markTrained,
  markTrainingFailed,
  observeTraining,
  takeExamples,
  train,
} from './training/tasks.ts';
import { markFailed, markHosted, observeHosting, provision } from './hosting/start-tasks.ts';

/**
 * One step of a workflow. It is delivered at least once, and a repetition finds its work done or its fence
 * moved.
 */
export type Task<Input = TaskInput> = (input: Input, ctx: TaskContext) => Promise<Progress> | Promise<void>;

/** The tasks of each workflow, under the names of their states. */
export const tasks = {
  hosting: {
    Claim: claim,
    Provision: provision,
    ObserveHosting: observeHosting,
    MarkHosted: markHosted,
    MarkFailed: markFailed,
    Release: release,
    ObserveRelease: observeRelease,
    MarkStopped: markStopped,
    Erase: erase,
  },
  importing: { Admit: admit },
  training: {
    TakeExamples: takeExamples,
    Train: train,
    ObserveTraining: observeTraining,
    MarkTrained: markTrained,
    MarkTrainingFailed: markTrainingFailed,
    CleanUp: cleanUp,
  },
  datasets: { Stage: stage, Carry: carry, Settle: settle },
  packaging: { Package: packageModel },
} as const satisfies {
  readonly [W in WorkflowName]: Readonly<Record<string, Task<TaskData<WorkflowInputs[W], never>>>>;
};
