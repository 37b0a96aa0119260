import { ConflictError, ThrottlingError, ValidationError } from '../contract/errors.ts';
import type { Output } from '../contract/operations.ts';
import { isHosting } from '../domain/lifecycle.ts';
import { modelId, type Model, type ModelKey } from '../domain/model.ts';
import { EngineBusy, NotHosted, PictureRefused, type DeploymentRef, type PictureType, type Verdict } from '../hosting/engine.ts';
import type { DetectContext, Operation } from './context.ts';
import { isServing, notFound } from './models.ts';

const pictureTypes: readonly string[] = ['image/png', 'image/jpeg'] satisfies readonly PictureType[];

/** For how long a hosted model is believed to be hosted without looking, in milliseconds. Nothing else is ever kept. */
const memoryTime = 5000;

/** At most so many models are remembered by one process; beyond that it starts afresh. */
const memorySize = 1000;

type Hosted = { readonly ref: DeploymentRef; readonly until: number };
const memories = new WeakMap<DetectContext['store'], Map<string, Hosted>>();

/** The hot path: one picture in, one verdict out. A hosted model costs no read of the table for five seconds. */
export const DetectAnomalies: Operation<'DetectAnomalies'> = async (input, ctx) => {
  const type = pictureType(input.ContentType);
  const limit = ctx.settings.limits.picture;
  if (input.Body.byteLength > limit) {
    throw new ValidationError(`The picture has ${input.Body.byteLength} bytes; this deployment takes pictures of up to ${limit} bytes. Compress or shrink it.`);
  }
  if (input.Body.byteLength === 0) throw new ValidationError('The picture is empty. Send the bytes of a PNG or JPEG file as the body.');

  const key: ModelKey = { project: input.ProjectName, version: input.ModelVersion };
  const remembered = memoryOf(ctx).get(modelId(key));
  if (remembered !== undefined && remembered.until > ctx.clock.now()) {
    try {
      return answer(await ctx.engine.detect(remembered.ref, input.Body, type));
    } catch (error) {
      if (!(error instanceof NotHosted)) throw translated(error, key);
      memoryOf(ctx).delete(modelId(key)); // stopped, or stopped and started, since we last looked
    }
  }
  const ref = await lookUp(ctx, key);
  try {
    return answer(await ctx.engine.detect(ref, input.Body, type));
  } catch (error) {
    memoryOf(ctx).delete(modelId(key));
    throw translated(error, key);
  }
};

function pictureType(contentType: string): PictureType {
  const type = contentType.split(';')[0]?.trim().toLowerCase() ?? '';
  if (pictureTypes.includes(type)) return type as PictureType;
  throw new ValidationError('1 validation error detected: Value at \'contentType\' failed to satisfy constraint: Member must satisfy enum value set: [image/png, image/jpeg]');
}

/** @throws NotFoundError, ConflictError */
async function lookUp(ctx: DetectContext, key: ModelKey): Promise<DeploymentRef> {
  const model = key.version === 'latest'
    ? await ctx.store.models.highest(key.project, ({ status }) => isHosting(status))
    : await ctx.store.models.get(key);
  if (model === undefined) throw await notFound(ctx, key);
  if (!isServing(model) || model.deploymentId === undefined) throw notServing(model);
  const ref = { id: model.deploymentId, model: { project: model.project, version: model.version } };
  const memory = memoryOf(ctx);
  if (memory.size >= memorySize) memory.clear();
  memory.set(modelId(key), { ref, until: ctx.clock.now() + memoryTime });
  return ref;
}

const notServing = (model: Model): ConflictError =>
  new ConflictError('MODEL', modelId(model), `Model version ${model.version} of project ${model.project} cannot detect anomalies while its status is ${model.status}. Call StartModel, and wait until it is HOSTED.`);

function memoryOf({ store }: DetectContext): Map<string, Hosted> {
  const memory = memories.get(store) ?? new Map<string, Hosted>();
  memories.set(store, memory);
  return memory;
}

function translated(error: unknown, key: ModelKey): unknown {
  if (error instanceof PictureRefused) return new ValidationError(error.message);
  if (error instanceof EngineBusy) return new ThrottlingError(error.message, error.retryAfter);
  if (error instanceof NotHosted) {
    return new ConflictError('MODEL', modelId(key), `Model version ${key.version} of project ${key.project} is not served by its engine just now. Its status will say so shortly.`);
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
        Anomalies: anomalies.map(({ name, area, color }) => ({ Name: name, PixelAnomaly: { TotalPercentageArea: area, Color: color } })),
      }),
      ...(mask !== undefined && { AnomalyMask: mask }),
    },
  };
}
