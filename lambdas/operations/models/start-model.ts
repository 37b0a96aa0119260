import { QuotaError, type ServiceError } from '../../contract/errors.ts';
import type { Value } from '../../contract/shapes.ts';
import { mayBegin, passingState, statusMessage } from '../../domain/lifecycle.ts';
import { endOf, type PolicyScope } from '../../domain/hosting-policy.ts';
import { modelId, type ModelKey, type Units } from '../../domain/model.ts';
import { beginOperation } from '../../domain/operation.ts';
import { costOf, firstUnits, rateOf } from '../../domain/run.ts';
import { quotaCodes, raiseQuota } from '../../domain/settings.ts';
import type { PolicyRow } from '../../store/policies.ts';
import type { ConditionFailed } from '../../store/table.ts';
import type { Operation, WriteContext } from '../context.ts';
import { currentStatus, startModelExecution, notFound, resolveVersion, wrongState } from './models.ts';
import { endShown, policyOf } from '../hosting/ends.ts';
import { unitsShown } from '../hosting/runs.ts';
import { modelOf } from '../../store/models.ts';
import { IdempotentCall } from '../idempotency.ts';

/**
 * Records the intent, hands it to the workflow, answers at once; the caller polls DescribeModel until HOSTED.
 *
 * Token, model, quota and deployment are one transaction, each row under its own condition, so of any number
 * of callers at once exactly one starts the model, and one retried call starts it once. A version given as a
 * number is not read first: the transaction is the only request.
 */
export const StartModel: Operation<'StartModel'> = async (input, ctx, call) => {
  const units: Units = {
    min: input.MinInferenceUnits,
    ...(input.MaxInferenceUnits !== undefined && { max: input.MaxInferenceUnits }),
  };
  const idempotent = new IdempotentCall(ctx, 'StartModel', input, (memory) =>
    currentStatus(ctx, input.ProjectName, memory),
  );
  const version = await resolveVersion(
    ctx,
    { project: input.ProjectName, version: input.ModelVersion },
    'highest',
  );
  const key: ModelKey = { project: input.ProjectName, version: version ?? input.ModelVersion };
  if (version === undefined) {
    const missing = await notFound(ctx, key);
    if (call.dryRun) throw missing;
    return idempotent.replayOrThrow(missing);
  }
  const early = tooMany(units, key, ctx);
  if (call.dryRun) return dryRun(units, key, early, ctx);
  if (early !== undefined) return idempotent.replayOrThrow(early);

  const {
    store,
    settings: { times, quotas },
  } = ctx;
  const operation = { ...beginOperation(ctx, call.caller, times.start), kind: 'start' as const };
  const { id, at: now } = operation;
  const { message } = call.because ?? {};
  const dueAt = now + times.delivery * 1000;

  const { answer, first } = await idempotent.commit(
    { answer: { Status: 'STARTING_HOSTING' as const }, operationId: id, version },
    [
      store.models.begin(key, mayBegin.start, {
        status: passingState.start,
        statusMessage:
          message === undefined ? statusMessage.starting : `${statusMessage.starting} ${message}`,
        units,
        operation,
        deploymentId: id,
        dueAt,
      }),
      store.policies.hasBudget('projectBudget', { project: key.project }, now),
      store.policies.hasBudget('modelBudget', key, now),
      store.quotas.take('RUNNING_MODELS', quotas.runningModels),
      store.deployments.open({
        v: 1,
        id,
        ...key,
        units,
        startedBy: call.caller,
        ...(call.address !== undefined && { startedFrom: call.address }),
        startedAt: now,
        unitHistory: [firstUnits(units, now)],
        timeline: [
          {
            at: now,
            status: 'STARTING_HOSTING',
            actor: call.caller,
            units,
            ...(message !== undefined && { message }),
          },
        ],
        reserved: true,
        dueAt,
      }),
    ],
    (refused) => refusal(refused, key, ctx),
  );

  if (first) await startModelExecution(ctx, { ...key, operation });
  return answer;
};

/** Starts that say how long the next one may take. */
const remembered = 5;

/**
 * What a start would do just now, or the error that it would get. It reads what the start's transaction would
 * hold its conditions against, and changes nothing, tokens included.
 */
async function dryRun(
  units: Units,
  key: ModelKey,
  early: ServiceError | undefined,
  ctx: WriteContext,
): Promise<Value<'StartModelDryRunResponse'>> {
  if (early !== undefined) throw early;
  const { store, settings } = ctx;
  const [model, quota, policies] = await Promise.all([
    store.models.get(key),
    store.quotas.state('RUNNING_MODELS'),
    store.policies.ofModel(key),
  ]);
  if (model === undefined || !(mayBegin.start as readonly string[]).includes(model.status))
    throw await wrongState(ctx, key, model, 'started');
  const now = ctx.clock.now();
  const isUsedUp = (row: PolicyRow | undefined): boolean => (row?.exhaustedUntil ?? 0) > now;
  if (isUsedUp(policies.model)) throw noBudget(key, key);
  if (isUsedUp(policies.project)) throw noBudget(key, { project: key.project });
  if (quota.closed) throw closing(key);
  if (quota.used >= settings.quotas.runningModels) throw noRoom(key, settings.quotas.runningModels);
  const rate = rateOf(settings.rates, model.artifact?.format);
  const perHour = costOf(units.min * 60, rate);
  const seconds = await expectedSeconds(key, ctx);
  return {
    WouldStart: true,
    ModelVersion: key.version,
    ...unitsShown(units),
    ...(rate !== undefined && { Engine: rate.engine, UnitType: rate.unit }),
    ...(perHour !== undefined && rate !== undefined && { CostPerHour: perHour, Currency: rate.currency }),
    ...(seconds !== undefined && { ExpectedStartSeconds: seconds }),
    ...endShown(endOf({ ...key, startedAt: now }, policyOf(policies, settings), now)),
  };
}

/** The median of the last starts of this version; undefined if it was never hosted. */
async function expectedSeconds(key: ModelKey, { store }: WriteContext): Promise<number | undefined> {
  const took: number[] = [];
  for await (const { startedAt, hostedAt } of store.deployments.newest(key)) {
    if (hostedAt !== undefined) took.push((hostedAt - startedAt) / 1000);
    if (took.length === remembered) break;
  }
  const middle = took.sort((a, b) => a - b)[Math.floor((took.length - 1) / 2)];
  return middle === undefined ? undefined : Math.round(middle);
}

function tooMany(
  { min, max }: Units,
  key: ModelKey,
  { settings: { quotas } }: WriteContext,
): ServiceError | undefined {
  if ((max ?? min) > quotas.unitsPerModel) {
    return new QuotaError(
      quotaCodes.unitsPerModel,
      'MODEL',
      modelId(key),
      `A model can be started with at most ${quotas.unitsPerModel} inference units; ${max ?? min} were ` +
        'asked for.',
    );
  }
  return quotas.runningModels < 1 ? noRoom(key, quotas.runningModels) : undefined;
}

/**
 * The model's reason wins over the quota's: that there is no room is of no interest for a model that cannot
 * be started.
 */
function refusal(
  refused: ConditionFailed,
  key: ModelKey,
  ctx: WriteContext,
): ServiceError | Promise<ServiceError> {
  if (refused.at('model')) return wrongState(ctx, key, refused.row('model', modelOf), 'started');
  const budget = refused.at('modelBudget')
    ? key
    : refused.at('projectBudget')
      ? { project: key.project }
      : undefined;
  if (budget !== undefined) return noBudget(key, budget);
  if (refused.row('quota')?.['closed'] === true) return closing(key);
  return noRoom(key, ctx.settings.quotas.runningModels);
}

/** Ours: the original had no budgets. */
const budgetQuota = 'MONTHLY_UNIT_HOURS';

const noBudget = (key: ModelKey, { project, version }: PolicyScope): QuotaError => {
  const scope = version === undefined ? `project ${project}` : `model ${project}/${version}`;
  return new QuotaError(
    budgetQuota,
    'MODEL',
    modelId(key),
    `The monthly unit hours of ${scope} are used up. ` +
      'Raise MonthlyUnitHours in its hosting policy, or wait until the next month (UTC).',
  );
};

const closing = (key: ModelKey): QuotaError =>
  new QuotaError(
    quotaCodes.runningModels,
    'MODEL',
    modelId(key),
    'No model can be started: this deployment is being removed.',
  );

const noRoom = (key: ModelKey, limit: number): QuotaError =>
  new QuotaError(
    quotaCodes.runningModels,
    'MODEL',
    modelId(key),
    `At most ${limit} models can run at once. A model counts until its hosting resources are gone; stop ` +
      `one, or ${raiseQuota('runningModels')}.`,
  );
