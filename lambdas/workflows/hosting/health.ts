import type { ModelStatus } from '../../contract/shapes.ts';
import { servingStates, statusMessage } from '../../domain/lifecycle.ts';
import { modelId, type Deployment, type Model } from '../../domain/model.ts';
import { refOf, type Observation } from '../../engines/engine.ts';
import type { DeploymentKey } from '../../store/deployments.ts';
import { equals, type TransactionItem } from '../../store/expression.ts';
import { leaseUntil } from '../../domain/operation.ts';
import type { TaskContext } from '../context.ts';
import { releaseStep } from './release.ts';

/**
 * A hosted deployment must be missing in so many looks before it is believed to be gone: one answer may be
 * wrong.
 */
const believed = 2;

/**
 * Looks after one deployment that is due: follows a hosted one, leaves one that an operation works on, and
 * releases one that is over.
 */
export async function lookAfter(ctx: TaskContext, key: DeploymentKey, until: number): Promise<void> {
  const deployment = await ctx.store.deployments.get(key);
  if (deployment?.dueAt === undefined || deployment.dueAt > until || deployment.endedAt !== undefined) return;
  const model = await ctx.store.models.get(key);
  const current = model?.deploymentId === deployment.id ? model : undefined;
  if (current !== undefined && servingStates.includes(current.status))
    return follow(ctx, current, deployment);
  if (current?.status === 'STARTING_HOSTING' || (model !== undefined && releasing.includes(model.status)))
    return look(ctx, deployment, leaseUntil(ctx, 0)); // an operation looks after it, and is due itself
  if (
    !(await releaseStep(
      ctx,
      deployment,
      deployment.hostedAt === undefined ? 'the start failed' : 'the engine failed',
    ))
  ) {
    await look(ctx, deployment, leaseUntil(ctx, 0));
  }
}

/** While a model is in one of these, its operation releases every deployment that is open. */
const releasing: readonly ModelStatus[] = ['STOPPING_HOSTING', 'DELETING'];

/** Says when to look next. Believes that nobody has looked since. */
const look = (ctx: TaskContext, ...given: [Deployment, dueAt: number, missing?: number]): Promise<void> =>
  ctx.store.commit(lookItem(ctx, ...given));

const lookItem = (
  { store }: TaskContext,
  deployment: Deployment,
  dueAt: number,
  missing?: number,
): TransactionItem =>
  store.deployments.change(
    deployment,
    {
      set: { dueAt, ...(missing !== undefined && { missing }) },
      ...(missing === undefined && { remove: ['missing'] }),
    },
    equals('dueAt', deployment.dueAt),
  );

/**
 * The engine may change what is hosted: its owner maintains it, it fails, somebody removes it. The model's
 * status follows.
 */
async function follow(ctx: TaskContext, model: Model, deployment: Deployment): Promise<void> {
  const seen = await ctx.engine.observe(refOf(deployment));
  const health = ctx.clock.now() + ctx.settings.times.health * 1000;
  if (seen.state === 'gone' || seen.state === 'removing') {
    const missing = (deployment.missing ?? 0) + 1;
    if (missing < believed) {
      ctx.log.event('hosting.drifted', { model: modelId(model), from: model.status, to: seen.state });
      return look(ctx, deployment, leaseUntil(ctx, 0), missing);
    }
    return failHosted(
      ctx,
      model,
      deployment,
      'The hosting resources of the model were removed from outside. Start it again.',
    );
  }
  if (seen.state === 'failed') return failHosted(ctx, model, deployment, seen.reason);
  await show(ctx, model, seen, lookItem(ctx, deployment, health));
}

/** One transaction: of two who looked at once, the one whose look is older must not have the last word. */
async function show(
  { store, log }: TaskContext,
  model: Model,
  seen: Exclude<Observation, { state: 'gone' | 'failed' }>,
  looked: TransactionItem,
): Promise<void> {
  const updating = seen.state === 'updating';
  const status: ModelStatus = updating ? 'SYSTEM_UPDATING' : 'HOSTED';
  const message = `${updating ? statusMessage.updating : statusMessage.hosted} ${seen.note ?? ''}`.trim();
  if (model.status === status && model.statusMessage === message) return store.commit(looked);
  await store.commit(store.models.drift(model, { status, statusMessage: message }), looked);
  if (model.status !== status)
    log.event('hosting.drifted', { model: modelId(model), from: model.status, to: status });
}

/** A hosted model fails at once; its deployment stays due, and counted, until the sweep has released it. */
export async function failHosted(
  ctx: TaskContext,
  model: Model,
  deployment: Deployment,
  reason: string,
): Promise<void> {
  ctx.log.event('hosting.lost', { model: modelId(model), deployment: deployment.id, reason });
  const now = ctx.clock.now();
  await ctx.store.commit(
    ctx.store.models.drift(model, { status: 'HOSTING_FAILED', statusMessage: reason }),
    ctx.store.deployments.change(deployment, { set: { releasedAt: now, dueAt: leaseUntil(ctx, 0) } }),
  );
}
