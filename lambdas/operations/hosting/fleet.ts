import type { Value } from '../../contract/shapes.ts';
import { endOf } from '../../domain/hosting-policy.ts';
import { isHosting, mayBegin } from '../../domain/lifecycle.ts';
import { modelId, type Deployment, type Model } from '../../domain/model.ts';
import { costOf } from '../../domain/run.ts';
import type { Call, Operation, ReadContext, WriteContext } from '../context.ts';
import { IdempotentCall } from '../idempotency.ts';
import { requireProject } from '../models/models.ts';
import { page } from '../paging.ts';
import { reachedFrom } from '../reach.ts';
import { stopUnlessMoved } from './control.ts';
import { endShown, policyOf } from './ends.ts';
import { billOf, rateOfRun, unitsShown } from './runs.ts';

/** A model as a place in the fleet's order. */
const places = /^[a-zA-Z0-9][a-zA-Z0-9_-]{0,254}\/[1-9][0-9]{0,9}$/;

/**
 * Every model that is hosted, on its way there or back, or failed to get there, of all projects that the
 * caller can reach: by project, then the newest version first.
 */
async function* fleet(
  { store }: Pick<ReadContext, 'store'>,
  { reach }: Pick<Call, 'reach'>,
  after?: string,
): AsyncGenerator<Model> {
  const [from, version] = after?.split('/') ?? [];
  for await (const { name } of reachedFrom(store, reach, from)) {
    for await (const model of store.models.list(name, name === from ? version : undefined))
      if (isHosting(model.status)) yield model;
  }
}

export const ListHostedModels: Operation<'ListHostedModels'> = async (input, ctx, call) => {
  const { items, next } = await page(
    input,
    ['ListHostedModels'],
    places,
    (after) => fleet(ctx, call, after),
    modelId,
  );
  return { HostedModels: await Promise.all(items.map((model) => shown(model, ctx))), ...next };
};

async function shown(model: Model, ctx: ReadContext): Promise<Value<'HostedModel'>> {
  const { project, version, deploymentId: id, units, status, statusMessage } = model;
  const [run, policies] = await Promise.all([
    id === undefined ? undefined : ctx.store.deployments.get({ project, version, id }),
    ctx.store.policies.ofModel(model),
  ]);
  const ends =
    run === undefined || run.releasedAt !== undefined
      ? undefined
      : endOf(run, policyOf(policies, ctx.settings), ctx.clock.now());
  return {
    ProjectName: project,
    ModelVersion: version,
    Status: status as Value<'ModelHostingStatus'>,
    StatusMessage: statusMessage,
    ...(units !== undefined && unitsShown(units)),
    ...(run !== undefined && runShown(run, ctx)),
    ...endShown(ends),
  };
}

function runShown(run: Deployment, ctx: ReadContext): Omit<Value<'HostedModel'>, 'ProjectName'> {
  const rate = rateOfRun(run, ctx.settings);
  const serving = run.releasedAt === undefined ? (run.unitHistory?.at(-1)?.count ?? run.units.min) : 0;
  const perHour = costOf(serving * 60, rate);
  return {
    RunId: run.id,
    StartedBy: run.startedBy,
    StartedTimestamp: run.startedAt,
    ...(run.hostedAt !== undefined && { HostedTimestamp: run.hostedAt }),
    ...(run.lastUsedAt !== undefined && { LastUsedTimestamp: run.lastUsedAt }),
    ...(rate !== undefined && { Engine: rate.engine, UnitType: rate.unit }),
    ...(perHour !== undefined && { CostPerHour: perHour }),
    ...billOf(run, ctx),
  };
}

/**
 * Stops every model that can be stopped, each by StopModel's own transaction. The answer names those that are
 * stopping when it is given: a call that was cut off and is repeated ends what it began.
 */
export const StopAllModels: Operation<'StopAllModels'> = (input, ctx, call) =>
  stopEach('StopAllModels', input, fleet(ctx, call), ctx, call);

/** The same for the models of one project. */
export const StopProjectModels: Operation<'StopProjectModels'> = async (input, ctx, call) => {
  await requireProject(ctx, input.ProjectName);
  return stopEach('StopProjectModels', input, ctx.store.models.list(input.ProjectName), ctx, call);
};

/** So many are stopped at once. */
const atOnce = 8;

async function stopEach(
  operation: 'StopAllModels' | 'StopProjectModels',
  input: Readonly<Record<string, unknown>> & { readonly ClientToken?: string },
  models: AsyncIterable<Model>,
  ctx: WriteContext,
  call: Call,
): Promise<{ readonly Stopped: Value<'StoppedModelList'> }> {
  const idempotent = new IdempotentCall<{ readonly Stopped: Value<'StoppedModelList'> }>(
    ctx,
    operation,
    input,
  );
  const known = await idempotent.replay();
  if (known !== undefined) return known;
  const stoppable: Model[] = [];
  const stopped: Model[] = [];
  for await (const model of models) {
    if (model.status === 'STOPPING_HOSTING') stopped.push(model);
    else if ((mayBegin.stop as readonly string[]).includes(model.status)) stoppable.push(model);
  }
  const troubles: unknown[] = [];
  for (let at = 0; at < stoppable.length; at += atOnce) {
    const batch = stoppable.slice(at, at + atOnce);
    const outcomes = await Promise.allSettled(batch.map((model) => stopUnlessMoved(model, ctx, call)));
    outcomes.forEach((outcome, index) => {
      const model = batch[index];
      if (outcome.status === 'rejected') troubles.push(outcome.reason);
      else if (outcome.value && model !== undefined) stopped.push(model);
    });
  }
  // One model's trouble keeps no other running; but a call that did not do all of its work is not remembered.
  if (troubles.length > 0) throw troubles[0];
  const named = stopped.map(({ project, version }) => ({ ProjectName: project, ModelVersion: version }));
  const { answer } = await idempotent.commit(
    { answer: { Stopped: named }, operationId: ctx.ids.next() },
    [],
    (refused) => {
      throw refused; // there is no other part
    },
  );
  return answer;
}
