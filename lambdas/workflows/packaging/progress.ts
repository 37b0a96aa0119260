import { busyJobs, jobMessage, packagingExecution, type JobKey } from '../../domain/packaging.ts';
import type { PackagingInput } from '../../domain/ports.ts';
import { commit, type SweepContext, type TaskContext } from '../context.ts';
import { isDue, takeOver } from '../take-over.ts';

export const jobFence = ({ project, job: name, operationId, attempt }: PackagingInput) => ({
  project,
  name,
  operationId,
  attempt,
});

/** Ends a job, once, and gives its place in the quota back. */
export async function endJob(
  { store, clock }: Pick<TaskContext, 'store' | 'clock'>,
  input: PackagingInput,
  failure?: string,
): Promise<void> {
  await commit(
    { store },
    store.jobs.move(jobFence(input), busyJobs, {
      set:
        failure === undefined
          ? { status: 'SUCCEEDED', statusMessage: jobMessage.succeeded, updatedAt: clock.now() }
          : { status: 'FAILED', statusMessage: failure, updatedAt: clock.now() },
      remove: ['dueAt', 'reserved'],
    }),
    store.quotas.giveBack('PACKAGING_JOBS'),
  );
}

/** The job goes on under a new attempt: what it writes is the same, so beginning anew harms nothing. */
export async function takeOverJob(ctx: SweepContext, key: JobKey, until: number): Promise<void> {
  const job = await ctx.store.jobs.get(key);
  if (!isDue(job, until) || !busyJobs.includes(job.status)) return;
  await takeOver(ctx, job, {
    subject: { job: `${job.project}/${job.name}` },
    items: (operation, dueAt) => [ctx.store.jobs.takeOver(job, operation, dueAt)],
    execution: (operation) => packagingExecution({ ...key, operation }),
    conclude: (input) =>
      endJob(
        ctx,
        input,
        'The model could not be packaged in time. Start another job; if it fails again, look into the log.',
      ),
  });
}
