import type { WorkflowName } from '../../domain/ports.ts';
import type { Progress, TaskContext, TaskInput } from '../context.ts';
import { admit } from './admit.ts';
import { claim } from './claim.ts';
import { erase, markStopped, observeRelease, release } from './release.ts';
import { markFailed, markHosted, observeHosting, provision } from './start.ts';

/** One step of a workflow. It is delivered at least once, and a repetition finds its work done or its fence moved. */
export type Task = (input: TaskInput, ctx: TaskContext) => Promise<Progress> | Promise<void>;

/** The tasks of each workflow, under the names of their states. */
export const tasks = {
  hosting: {
    Claim: claim, Provision: provision, ObserveHosting: observeHosting, MarkHosted: markHosted, MarkFailed: markFailed,
    Release: release, ObserveRelease: observeRelease, MarkStopped: markStopped, Erase: erase,
  },
  importing: { Admit: admit },
} as const satisfies Record<WorkflowName, Record<string, Task>>;
