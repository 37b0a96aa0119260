import { QuotaError, type ServiceError } from '../../contract/errors.ts';
import { mayBegin, passingState, statusMessage } from '../../domain/lifecycle.ts';
import { modelId, type Model, type ModelKey, type Units } from '../../domain/model.ts';
import { beginOperation } from '../../domain/operation.ts';
import { quotaCodes, raiseQuota } from '../../domain/settings.ts';
import type { ConditionFailed } from '../../store/table.ts';
import type { Operation, WriteContext } from '../context.ts';
import { currentStatus, deliver, notFound, resolveVersion, wrongState } from './models.ts';
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
  if (version === undefined) return idempotent.replayOrThrow(await notFound(ctx, key));
  const early = tooMany(units, key, ctx);
  if (early !== undefined) return idempotent.replayOrThrow(early);

  const {
    store,
    settings: { times, quotas },
  } = ctx;
  const operation = { ...beginOperation(ctx, call.caller, times.start), kind: 'start' as const };
  const { id, at: now } = operation;
  const dueAt = now + times.delivery * 1000;

  const { answer, first } = await idempotent.commit(
    { answer: { Status: 'STARTING_HOSTING' as const }, operationId: id, version },
    [
      store.models.begin(key, mayBegin.start, {
        status: passingState.start,
        statusMessage: statusMessage.starting,
        units,
        operation,
        deploymentId: id,
        dueAt,
      }),
      store.quotas.take('RUNNING_MODELS', quotas.runningModels),
      store.deployments.open({
        v: 1,
        id,
        ...key,
        units,
        startedBy: call.caller,
        startedAt: now,
        reserved: true,
        dueAt,
      }),
    ],
    (refused) => refusal(refused, key, ctx),
  );

  if (first) await deliver(ctx, { ...key, operation });
  return answer;
};

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
  if (refused.at('model')) return wrongState(ctx, key, refused.row('model') as Model | undefined, 'started');
  if (refused.row('quota')?.['closed'] === true) {
    return new QuotaError(
      quotaCodes.runningModels,
      'MODEL',
      modelId(key),
      'No model can be started: this deployment is being removed.',
    );
  }
  return noRoom(key, ctx.settings.quotas.runningModels);
}

const noRoom = (key: ModelKey, limit: number): QuotaError =>
  new QuotaError(
    quotaCodes.runningModels,
    'MODEL',
    modelId(key),
    `At most ${limit} models can run at once. A model counts until its hosting resources are gone; stop ` +
      `one, or ${raiseQuota('runningModels')}.`,
  );
