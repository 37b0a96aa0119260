import type { Deployment } from '../domain/model.ts';
import { refOf } from '../hosting/engine.ts';
import { Refused } from '../store/table.ts';
import type { TaskContext } from './context.ts';

/**
 * One step on the way of a deployment that is no longer wanted: looks, and if nothing is left, ends it and gives its place in the quota back,
 * once; else tells the engine, again, to remove it. "Not found" counts only when no call that creates can still arrive.
 * @returns whether it has ended
 */
export async function releaseStep(ctx: TaskContext, deployment: Deployment, reason: string): Promise<boolean> {
  const now = ctx.clock.now();
  const seen = await ctx.engine.observe(refOf(deployment));
  if (seen.state === 'gone') {
    if (!seen.sealed && deployment.createUntil !== undefined && deployment.createUntil >= now) return false;
    await end(ctx, deployment, reason);
    return true;
  }
  await ctx.engine.remove(refOf(deployment)); // also while it is being removed: an engine may need to be told what comes next
  return false;
}

async function end({ store, clock }: TaskContext, deployment: Deployment, reason: string): Promise<void> {
  try {
    await store.commit(store.deployments.end(deployment, clock.now(), reason), store.quotas.giveBack('RUNNING_MODELS'));
  } catch (error) {
    if (!(error instanceof Refused)) throw error; // it had ended already: somebody else saw the same
  }
}
