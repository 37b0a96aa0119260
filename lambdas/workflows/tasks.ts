import type { WorkflowInputs } from '../domain/ports.ts';
import type { TaskName, WorkflowName } from '../domain/workflows.ts';
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

/**
 * The code of each workflow's tasks, under the names of their states. A task that the table of workflows
 * names and nobody carries out does not compile, and neither does the opposite.
 */
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
  readonly [W in WorkflowName]: Readonly<Record<TaskName<W>, Task<TaskData<WorkflowInputs[W], never>>>>;
};

/** The task of a state, as an interpreter looks it up. @throws Error for a state that nobody carries out */
export function taskOf(workflow: WorkflowName, state: string): Task<never> {
  const task = (tasks[workflow] as Readonly<Record<string, Task<never>>>)[state];
  if (task === undefined) throw new Error(`nothing carries out ${workflow}.${state}`);
  return task;
}
