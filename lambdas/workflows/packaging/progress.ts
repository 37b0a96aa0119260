import { jobMessage, packagingExecution, type JobKey } from '../../domain/packaging.ts';
import type { PackagingInput } from '../../domain/ports.ts';
import { commit, fairDeadline, type SweepContext, type TaskContext } from '../context.ts';

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
    store.jobs.move(jobFence(input), {
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
  if (job?.dueAt === undefined || job.dueAt > until || job.reserved !== true) return;
  const now = ctx.clock.now();
  const deadline = fairDeadline(job, now);
  const operation = { ...job.operation, attempt: job.operation.attempt + 1, deadline };
  await ctx.store.commit(ctx.store.jobs.takeOver(job, operation, now + ctx.settings.times.delivery * 1000));
  const execution = packagingExecution({ ...key, operation });
  ctx.log.event('operation.taken-over', {
    job: `${job.project}/${job.name}`,
    execution: execution.name,
    status: job.status,
  });
  if (now > deadline) {
    return endJob(
      ctx,
      execution.input,
      'The model could not be packaged in time. Start another job; if it fails again, look into the log.',
    );
  }
  await ctx.runner.start(execution);
}
