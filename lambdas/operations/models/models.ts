import { ConflictError, NotFoundError, type ServiceError } from '../../contract/errors.ts';
import type { HostingStatus, Value } from '../../contract/shapes.ts';
import { modelArn, type Home } from '../../domain/arns.ts';
import { isHosting, servingStates } from '../../domain/lifecycle.ts';
import { executionOf, modelId, type Model, type ModelKey } from '../../domain/model.ts';
import type { Memory } from '../../store/tokens.ts';
import type { ReadContext, WriteContext } from '../context.ts';
import { startExecution } from '../start-execution.ts';

type Reads = Pick<ReadContext, 'store'>;

export const noProject = (project: string): NotFoundError =>
  new NotFoundError('PROJECT', project, `Project ${project} was not found.`);
const noModel = (key: ModelKey): NotFoundError =>
  new NotFoundError(
    'MODEL',
    modelId(key),
    `Model version ${key.version} of project ${key.project} was not found.`,
  );

/** Which of the two is missing; the project, when that is the missing part. */
export async function notFound({ store }: Reads, key: ModelKey): Promise<NotFoundError> {
  return (await store.projects.get(key.project)) === undefined ? noProject(key.project) : noModel(key);
}

/** @throws NotFoundError */
export async function requireProject({ store }: Reads, project: string): Promise<void> {
  if ((await store.projects.get(project)) === undefined) throw noProject(project);
}

/**
 * The version that a request means. A number is taken as it is, unread. `latest` is, for Start and Describe,
 * the highest version there is; for Stop and Detect, the highest in a hosting state, else the highest.
 * @returns undefined if `latest` means nothing, because the project has no model or does not exist
 */
export async function resolveVersion(
  { store }: Reads,
  key: ModelKey,
  latest: 'highest' | 'hosting',
): Promise<string | undefined> {
  if (key.version !== 'latest') return key.version;
  const model = await store.models.highest(
    key.project,
    latest === 'hosting' ? ({ status }) => isHosting(status) : undefined,
  );
  return model?.version;
}

/** @throws NotFoundError */
export async function requireModel(ctx: Reads, key: ModelKey): Promise<Model> {
  const model =
    key.version === 'latest' ? await ctx.store.models.highest(key.project) : await ctx.store.models.get(key);
  if (model === undefined) throw await notFound(ctx, key);
  return model;
}

/** What to answer when a model is not where the request needs it, from the row as the condition saw it. */
export async function wrongState(
  ctx: Reads,
  key: ModelKey,
  row: Model | undefined,
  verb: string,
): Promise<ServiceError> {
  if (row === undefined) return notFound(ctx, key);
  return new ConflictError(
    'MODEL',
    modelId(key),
    `Model version ${key.version} of project ${key.project} cannot be ${verb} while its status is ` +
      `${row.status}.`,
  );
}

/**
 * What StartModel and StopModel answer to a repetition: the status that the model has now, while that is one
 * they may answer.
 */
export async function currentStatus(
  { store }: Reads,
  project: string,
  memory: Memory,
): Promise<{ Status: HostingStatus }> {
  const now =
    memory.version === undefined ? undefined : await store.models.get({ project, version: memory.version });
  return {
    Status:
      now !== undefined && isHosting(now.status) ? now.status : (memory.answer['Status'] as HostingStatus),
  };
}

/** Starts the execution of a model's committed operation. */
export const startModelExecution = (
  ctx: WriteContext,
  model: Parameters<typeof executionOf>[0],
): Promise<void> => startExecution(ctx, executionOf(model), modelId(model));

const performance = (model: Model): Pick<Value<'ModelDescription'>, 'Performance'> =>
  model.evaluation === undefined
    ? {}
    : {
        Performance: {
          F1Score: model.evaluation.f1Score,
          Recall: model.evaluation.recall,
          Precision: model.evaluation.precision,
        },
      };

/** The members that a list and a description share. */
export const metadata = (home: Home, model: Model): Value<'ModelMetadata'> => ({
  CreationTimestamp: model.createdAt,
  ModelVersion: model.version,
  ModelArn: modelArn(home, model),
  ...(model.description !== undefined && { Description: model.description }),
  Status: model.status,
  StatusMessage: model.statusMessage,
  ...performance(model),
});

export const isServing = (model: Model | undefined): model is Model =>
  model !== undefined && servingStates.includes(model.status);
