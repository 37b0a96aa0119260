import { ConflictError, QuotaError } from '../../contract/errors.ts';
import { passingState, statusMessage } from '../../domain/lifecycle.ts';
import type { Model, ModelSource } from '../../domain/model.ts';
import { beginOperation } from '../../domain/operation.ts';
import { quotaCodes, raiseQuota } from '../../domain/settings.ts';
import { noTags } from '../../store/tags.ts';
import { requireListed } from '../buckets.ts';
import type { Call, Operation, ReadContext, WriteContext } from '../context.ts';
import { startModelExecution, metadata, noProject } from './models.ts';
import { IdempotentCall } from '../idempotency.ts';
import { retryOvertaken } from '../retry.ts';
import { requireOwnKeys, tagMap } from '../tags/tags.ts';

/**
 * An extension: takes in a model that was trained elsewhere. The answer is a version in TRAINING; a workflow
 * checks the artifact for the engine that will host it, and the version becomes TRAINED, or TRAINING_FAILED
 * with what is wrong.
 */
export const ImportModel: Operation<'ImportModel'> = async (input, ctx, call) => {
  const source = permitted(input.Source, ctx, call);
  const tags = input.Tags ?? [];
  requireOwnKeys(tags.map(({ Key }) => Key));
  const name = input.ProjectName;
  const idempotent = new IdempotentCall<{ ModelMetadata: ReturnType<typeof metadata> }>(
    ctx,
    'ImportModel',
    input,
  );
  const limit = ctx.settings.quotas.modelsPerProject;

  const overtaken = new ConflictError(
    'PROJECT',
    name,
    `Too many models of project ${name} are being created. Try your call again.`,
  );
  return retryOvertaken(ctx, overtaken, async () => {
    const project = await ctx.store.projects.get(name);
    if (project === undefined) return idempotent.replayOrThrow(noProject(name));
    if (project.models >= limit) {
      return idempotent.replayOrThrow(
        new QuotaError(
          quotaCodes.modelsPerProject,
          'PROJECT',
          name,
          `A project can have at most ${limit} models. Delete one, or ${raiseQuota('modelsPerProject')}.`,
        ),
      );
    }
    const model = newModel(name, String(project.nextVersion), source, input.Description, ctx, call.caller);
    const { answer, first } = await idempotent.commit(
      { answer: { ModelMetadata: metadata(ctx.settings, model) }, operationId: model.operation.id },
      [
        ctx.store.projects.takeVersion(project, limit),
        ctx.store.models.create(model),
        ...(tags.length > 0 ? [ctx.store.tags.replace(model, noTags, tagMap(tags))] : []),
      ],
      () => overtaken,
    );
    if (first) await startModelExecution(ctx, model);
    return answer;
  });
};

function newModel(
  project: string,
  version: string,
  source: ModelSource,
  description: string | undefined,
  ctx: WriteContext,
  caller: string,
): Model {
  const { times } = ctx.settings;
  const operation = { ...beginOperation(ctx, caller, times.import), kind: 'import' as const };
  const now = operation.at;
  return {
    v: 1,
    project,
    version,
    createdAt: now,
    status: passingState.import,
    statusMessage: statusMessage.importing,
    operation,
    source,
    dueAt: now + times.delivery * 1000,
    ...outputOf(source),
    ...(description !== undefined && { description }),
  };
}

const bucketOf = (url: string | undefined): string | undefined => url?.split('/')[2];

/**
 * Published clients read `OutputConfig` of any model: for an imported one it is where it came from. A model
 * package came from no location.
 */
function outputOf({ S3, ModelDataUrl }: ModelSource): Pick<Model, 'output'> {
  if (S3 !== undefined) return { output: { bucket: S3.Bucket, prefix: S3.Prefix ?? '' } };
  const bucket = bucketOf(ModelDataUrl);
  return bucket === undefined
    ? {}
    : { output: { bucket, prefix: ModelDataUrl?.split('/').slice(3).join('/') ?? '' } };
}

function permitted(source: ModelSource, ctx: Pick<ReadContext, 'settings'>, call: Call): ModelSource {
  const bucket = source.S3?.Bucket ?? bucketOf(source.ModelDataUrl);
  if (bucket !== undefined)
    requireListed(bucket, source.S3 === undefined ? 'source.modelDataUrl' : 'source.s3.bucket', ctx, call);
  return source;
}
