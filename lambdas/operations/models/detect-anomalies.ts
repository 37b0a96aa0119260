import { ConflictError, ThrottlingError, ValidationError } from '../../contract/errors.ts';
import { violation } from '../../contract/violations.ts';
import type { Output } from '../../contract/operations.ts';
import { isHosting } from '../../domain/lifecycle.ts';
import { wakeActor } from '../../domain/run.ts';
import { modelId, type Model, type ModelKey } from '../../domain/model.ts';
import { ConditionFailed } from '../../store/table.ts';
import { EngineBusy, NotHosted, refOf, type DeploymentRef } from '../../engines/engine.ts';
import { PictureRefused, type PictureType, type Verdict } from '../../domain/verdict.ts';
import type { DetectContext, Operation } from '../context.ts';
import { policyOf } from '../hosting/ends.ts';
import { isServing, notFound } from './models.ts';

const pictureTypes: readonly string[] = ['image/png', 'image/jpeg'] satisfies readonly PictureType[];

/**
 * The hot path: one picture in, one verdict out. A hosted model costs no read of the table for five seconds.
 */
export const DetectAnomalies: Operation<'DetectAnomalies'> = async (input, ctx) => {
  const type = pictureType(input.ContentType);
  const limit = ctx.settings.limits.picture;
  if (input.Body.byteLength > limit) {
    throw new ValidationError(
      `The picture has ${input.Body.byteLength} bytes; this deployment takes pictures of up to ${limit} ` +
        'bytes. Compress or shrink it.',
    );
  }
  if (input.Body.byteLength === 0)
    throw new ValidationError('The picture is empty. Send the bytes of a PNG or JPEG file as the body.');

  const key: ModelKey = { project: input.ProjectName, version: input.ModelVersion };
  const remembered = ctx.hosted.recall(key, ctx.clock.now());
  if (remembered !== undefined) {
    try {
      return answer(await used(ctx, remembered, ctx.engine.detect(remembered, input.Body, type)));
    } catch (error) {
      if (!(error instanceof NotHosted)) throw translated(error, key);
      ctx.hosted.forget(key); // stopped, or stopped and started, since we last looked
    }
  }
  const ref = await lookUp(ctx, key);
  try {
    return answer(await used(ctx, ref, ctx.engine.detect(ref, input.Body, type)));
  } catch (error) {
    if (error instanceof NotHosted) ctx.hosted.forget(key);
    throw translated(error, key);
  }
};

/**
 * The verdict, and once a minute a note on the run's row that it is used. The note is written while the
 * engine is at work, and no picture fails by it.
 */
async function used(
  ctx: DetectContext,
  { id, model }: DeploymentRef,
  verdict: Promise<Verdict>,
): Promise<Verdict> {
  const now = ctx.clock.now();
  const note = ctx.hosted.notes({ id, model }, now)
    ? ctx.store.commit(ctx.store.deployments.touch({ ...model, id }, now)).catch((error: unknown) => {
        // Another process has noted it, or the run has ended.
        if (!(error instanceof ConditionFailed))
          ctx.log.warn('the use of a run could not be noted', { run: id, error });
      })
    : undefined;
  const [outcome] = await Promise.allSettled([verdict, note]);
  if (outcome.status === 'rejected') throw outcome.reason;
  return outcome.value;
}

function pictureType(contentType: string): PictureType {
  const type = contentType.split(';')[0]?.trim().toLowerCase() ?? '';
  if (pictureTypes.includes(type)) return type as PictureType;
  throw violation('contentType', `Member must satisfy enum value set: [${pictureTypes.join(', ')}]`);
}

/** @throws NotFoundError, ConflictError */
async function lookUp(ctx: DetectContext, key: ModelKey): Promise<DeploymentRef> {
  const model =
    key.version === 'latest'
      ? await ctx.store.models.highest(key.project, ({ status }) => isHosting(status))
      : await ctx.store.models.get(key);
  if (model === undefined) throw await notFound(ctx, key);
  if (!isServing(model) || model.deploymentId === undefined)
    throw (await parked(ctx, model)) ?? notServing(model);
  const { project, version, artifact } = model;
  const format = artifact?.format;
  const ref = refOf({ id: model.deploymentId, project, version, ...(format !== undefined && { format }) });
  ctx.hosted.remember(key, ref, ctx.clock.now());
  return ref;
}

/** Seconds after which a caller looks again for a model that is being waked. */
const wakeRetry = 10;

/**
 * A model that a policy stopped, and that may be waked, is asked for: the sweep starts it, and callers try
 * again until it serves. Not where its budget is used up.
 */
async function parked(ctx: DetectContext, model: Model): Promise<ThrottlingError | undefined> {
  const { status, operation, dueAt } = model;
  const waking = status === 'STARTING_HOSTING' && operation.actor === wakeActor;
  const stopped =
    operation.kind === 'stop' && operation.cause !== undefined && operation.cause.reason !== 'BUDGET';
  if (!waking && !(stopped && (status === 'TRAINED' || status === 'STOPPING_HOSTING'))) return undefined;
  if (!waking) {
    const { policy } = policyOf(await ctx.store.policies.ofModel(model), ctx.settings);
    if (policy.WakeOnDetect !== true) return undefined;
    if (status === 'TRAINED' && dueAt === undefined) await wake(ctx, model);
  }
  return new ThrottlingError(
    `Model version ${model.version} of project ${model.project} was stopped by its hosting policy, ` +
      'and is being started. Try your call again.',
    wakeRetry,
  );
}

async function wake({ store, clock }: DetectContext, model: Model): Promise<void> {
  try {
    await store.commit(store.models.wake(model, clock.now()));
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error; // somebody has asked, or it has moved on
  }
}

const notServing = (model: Model): ConflictError =>
  new ConflictError(
    'MODEL',
    modelId(model),
    `Model version ${model.version} of project ${model.project} cannot detect anomalies while its status ` +
      `is ${model.status}. ${wayOn(model.status)}`,
  );

/** What can be done about a model that does not serve, by its status. */
function wayOn(status: Model['status']): string {
  switch (status) {
    case 'TRAINED':
    case 'HOSTING_FAILED':
      return 'Call StartModel, and wait until it is HOSTED.';
    case 'STARTING_HOSTING':
      return 'Wait until it is HOSTED.';
    case 'TRAINING':
    case 'STOPPING_HOSTING':
      return 'Wait until it is TRAINED, then call StartModel.';
    case 'TRAINING_FAILED':
    case 'DELETING':
      return 'It can never be started: name another version.';
    case 'HOSTED':
    case 'SYSTEM_UPDATING':
      return 'Try again shortly.';
  }
}

function translated(error: unknown, key: ModelKey): unknown {
  if (error instanceof PictureRefused) return new ValidationError(error.message);
  if (error instanceof EngineBusy) return new ThrottlingError(error.message, error.retryAfter);
  if (error instanceof NotHosted) {
    return new ConflictError(
      'MODEL',
      modelId(key),
      `Model version ${key.version} of project ${key.project} is not served by its engine just now. Its ` +
        'status will say so shortly.',
    );
  }
  return error;
}

function answer({ isAnomalous, confidence, anomalies, mask }: Verdict): Output<'DetectAnomalies'> {
  return {
    DetectAnomalyResult: {
      Source: { Type: 'direct' },
      IsAnomalous: isAnomalous,
      Confidence: confidence,
      // A classification model answers with neither, not with empty ones.
      ...(anomalies !== undefined && {
        Anomalies: anomalies.map(({ name, area, color }) => ({
          Name: name,
          PixelAnomaly: { TotalPercentageArea: area, Color: color },
        })),
      }),
      ...(mask !== undefined && { AnomalyMask: mask }),
    },
  };
}
