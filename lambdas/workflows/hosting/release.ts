import type { EndReason } from '../../contract/runs.ts';
import type { Deployment } from '../../domain/model.ts';
import { engineActor, type RunEvent } from '../../domain/run.ts';
import { refOf } from '../../engines/engine.ts';
import { ConditionFailed } from '../../store/table.ts';
import type { TaskContext } from '../context.ts';

/**
 * One step on the way of a deployment that is no longer wanted: tells the engine, again, to remove it, looks,
 * and if nothing is left, ends it and gives its place in the quota back, once. The order comes before the
 * look, so that an engine which serialises its calls has its tombstone before "not found" is believed; of any
 * other it is believed only when no call that creates can still arrive.
 * @param reason why it ends, where its release did not say
 * @returns whether it has ended
 */
export async function releaseStep(
  ctx: TaskContext,
  deployment: Deployment,
  reason: EndReason,
): Promise<boolean> {
  const now = ctx.clock.now();
  // also while it is being removed: an engine may need to be told what comes next
  await ctx.engine.remove(refOf(deployment));
  const seen = await ctx.engine.observe(refOf(deployment));
  if (seen.state !== 'gone') return false;
  const mayArrive = deployment.createUntil !== undefined && deployment.createUntil >= now;
  return (seen.sealed || !mayArrive) && end(ctx, deployment, reason);
}

async function end(
  { store, clock }: TaskContext,
  deployment: Deployment,
  reason: EndReason,
): Promise<boolean> {
  const now = clock.now();
  const event: RunEvent = { at: now, status: 'ENDED', actor: deployment.endedBy ?? engineActor };
  try {
    await store.commit(
      store.deployments.end(deployment, now, event, reason),
      store.quotas.giveBack('RUNNING_MODELS'),
    );
    return true;
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    return error.row('deployment')?.['endedAt'] !== undefined; // ended already: somebody else saw the same
  }
}
