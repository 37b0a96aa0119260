import type { ModelStatus } from '../../contract/shapes.ts';
import { servingStates, statusMessage } from '../../domain/lifecycle.ts';
import { modelId, type Deployment, type Model } from '../../domain/model.ts';
import { refOf, type Observation } from '../../engines/engine.ts';
import type { DeploymentKey } from '../../store/deployments.ts';
import { equals, type TransactionItem } from '../../store/expression.ts';
import { engineActor, mostEvents, notBefore, withUnits, type RunEvent } from '../../domain/run.ts';
import { leaseUntil } from '../../domain/operation.ts';
import type { SweepContext, TaskContext } from '../context.ts';
import { enforce } from '../sweep/policies.ts';
import { releaseStep } from './release.ts';
import { failed } from './start-tasks.ts';

/**
 * A hosted deployment must be missing in so many looks before it is believed to be gone: one answer may be
 * wrong.
 */
const believed = 2;

/**
 * Looks after one deployment that is due: follows a hosted one, leaves one that an operation works on, and
 * releases one that is over.
 */
export async function lookAfter(ctx: SweepContext, key: DeploymentKey, until: number): Promise<void> {
  const deployment = await ctx.store.deployments.get(key);
  if (deployment?.dueAt === undefined || deployment.dueAt > until || deployment.endedAt !== undefined) return;
  const model = await ctx.store.models.get(key);
  const current = model?.deploymentId === deployment.id ? model : undefined;
  if (current !== undefined && servingStates.includes(current.status))
    return follow(ctx, current, deployment);
  if (current?.status === 'STARTING_HOSTING' || (model !== undefined && releasing.includes(model.status)))
    return look(ctx, deployment, leaseUntil(ctx, 0)); // an operation looks after it, and is due itself
  if (!(await releaseStep(ctx, deployment, current === undefined ? 'SUPERSEDED' : 'FAILED'))) {
    await look(ctx, deployment, leaseUntil(ctx, 0));
  }
}

/** While a model is in one of these, its operation releases every deployment that is open. */
const releasing: readonly ModelStatus[] = ['STOPPING_HOSTING', 'DELETING'];

/** Says when to look next. */
const look = (ctx: TaskContext, deployment: Deployment, dueAt: number, missing?: number): Promise<void> =>
  ctx.store.commit(lookItem(ctx, deployment, { dueAt, ...(missing !== undefined && { missing }) }));

/** What a look writes on a run's row. Believes that nobody has looked since. */
const lookItem = (
  { store }: TaskContext,
  deployment: Deployment,
  { event, ...set }: Pick<Deployment, 'dueAt' | 'missing' | 'unitHistory'> & { readonly event?: RunEvent },
): TransactionItem =>
  store.deployments.change(
    deployment,
    {
      set,
      ...(set.missing === undefined && { remove: ['missing'] }),
      ...(event !== undefined &&
        (deployment.timeline?.length ?? 0) < mostEvents && { append: { timeline: event } }),
    },
    equals('dueAt', deployment.dueAt),
  );

/** The units that serve, where the engine tells and they are not those that the record has last. */
function counted(deployment: Deployment, seen: Observation, now: number): Pick<Deployment, 'unitHistory'> {
  const { units, unitHistory } = deployment;
  if (units.max === undefined || !('unitsInService' in seen)) return {};
  const count = Math.max(units.min, seen.unitsInService);
  return count === (unitHistory?.at(-1)?.count ?? units.min)
    ? {}
    : { unitHistory: withUnits(deployment, { at: now, ...units, count }) };
}

/**
 * The engine may change what is hosted: its owner maintains it, it fails, somebody removes it. The model's
 * status follows.
 */
async function follow(ctx: SweepContext, model: Model, deployment: Deployment): Promise<void> {
  // Before the engine is asked: one that does not answer must not keep a run beyond its lease.
  const policies = await enforce(ctx, model, deployment);
  if (policies === 'stopped') return;
  const seen = await ctx.engine.observe(refOf(deployment));
  const health = Math.min(ctx.clock.now() + ctx.settings.times.health * 1000, policies.endsAt ?? Infinity);
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
  await show(ctx, model, deployment, seen, health);
}

/** One transaction: of two who looked at once, the one whose look is older must not have the last word. */
async function show(
  ctx: TaskContext,
  model: Model,
  deployment: Deployment,
  seen: Exclude<Observation, { state: 'gone' | 'failed' }>,
  dueAt: number,
): Promise<void> {
  const { store, log, clock } = ctx;
  const updating = seen.state === 'updating';
  const status = updating ? 'SYSTEM_UPDATING' : 'HOSTED';
  const message = `${updating ? statusMessage.updating : statusMessage.hosted} ${seen.note ?? ''}`.trim();
  const now = notBefore(clock.now(), deployment.timeline?.at(-1)?.at);
  const looked = { dueAt, ...counted(deployment, seen, now) };
  if (model.status === status && model.statusMessage === message)
    return store.commit(lookItem(ctx, deployment, looked));
  const event: RunEvent = { at: now, status, actor: engineActor };
  await store.commit(
    store.models.drift(model, { status, statusMessage: message }),
    lookItem(ctx, deployment, { ...looked, ...(model.status !== status && { event }) }),
  );
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
  const now = notBefore(ctx.clock.now(), deployment.hostedAt);
  await ctx.store.commit(
    ctx.store.models.drift(model, { status: 'HOSTING_FAILED', statusMessage: reason }),
    ctx.store.deployments.change(deployment, failed(now, leaseUntil(ctx, 0), reason)),
  );
}
