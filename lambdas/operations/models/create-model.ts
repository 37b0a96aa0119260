import { ConflictError, NotFoundError, QuotaError, ValidationError } from '../../contract/errors.ts';
import type { Input } from '../../contract/operations.ts';
import { datasetId, mayUpdate, type Dataset } from '../../domain/dataset.ts';
import { passingState, statusMessage } from '../../domain/lifecycle.ts';
import type { Model } from '../../domain/model.ts';
import { beginOperation } from '../../domain/operation.ts';
import { quotaCodes, raiseQuota } from '../../domain/settings.ts';
import { lacking } from '../../domain/training.ts';
import { noTags } from '../../store/tags.ts';
import type { Operation, WriteContext } from '../context.ts';
import { noBucket, requireListed } from '../buckets.ts';
import { startModelExecution, metadata, noProject } from './models.ts';
import { IdempotentCall } from '../idempotency.ts';
import { retryOvertaken } from '../retry.ts';
import { requireOwnKeys, tagMap } from '../tags/tags.ts';

const bucketMember = 'outputConfig.s3Location.bucket';

/**
 * Begins to train a new version from the project's datasets as they are now. What they already prove to be
 * impossible is refused at once; what only the pictures can show ends in TRAINING_FAILED.
 */
export const CreateModel: Operation<'CreateModel'> = async (input, ctx, call) => {
  const { Bucket } = input.OutputConfig.S3Location;
  requireListed(Bucket, bucketMember, ctx, call);
  const tags = input.Tags ?? [];
  requireOwnKeys(tags.map(({ Key }) => Key));
  const name = input.ProjectName;
  const { modelsPerProject, concurrentTrainings } = ctx.settings.quotas;
  const idempotent = new IdempotentCall<{ ModelMetadata: ReturnType<typeof metadata> }>(
    ctx,
    'CreateModel',
    input,
  );
  const noRoom = (message: string): QuotaError =>
    new QuotaError(quotaCodes.concurrentTrainings, 'PROJECT', name, message);
  const tooMany = noRoom(
    `At most ${concurrentTrainings} models can be trained at once. Wait until one has ended.`,
  );
  if (concurrentTrainings < 1) return idempotent.replayOrThrow(tooMany);

  const overtaken = new ConflictError(
    'PROJECT',
    name,
    `Models or datasets of project ${name} are being changed by others. Try your call again.`,
  );
  return retryOvertaken(ctx, overtaken, async () => {
    const [project, datasets] = await Promise.all([
      ctx.store.projects.get(name),
      ctx.store.datasets.ofProject(name),
    ]);
    if (project === undefined) return idempotent.replayOrThrow(noProject(name));
    if (project.models >= modelsPerProject) {
      return idempotent.replayOrThrow(
        new QuotaError(
          quotaCodes.modelsPerProject,
          'PROJECT',
          name,
          `A project can have at most ${modelsPerProject} models. Delete one, or ` +
            `${raiseQuota('modelsPerProject')}.`,
        ),
      );
    }
    const train = datasets.find(({ type }) => type === 'train');
    const test = datasets.find(({ type }) => type === 'test');
    const refusal = unfit(name, train, test);
    if (refusal !== undefined || train === undefined)
      return idempotent.replayOrThrow(refusal ?? noTrainDataset(name));
    const missing = await noBucket(Bucket, bucketMember, ctx);
    if (missing !== undefined) return idempotent.replayOrThrow(missing);

    const model = newModel(input, String(project.nextVersion), train, test, ctx, call.caller);
    const { answer, first } = await idempotent.commit(
      { answer: { ModelMetadata: metadata(ctx.settings, model) }, operationId: model.operation.id },
      [
        ctx.store.projects.takeVersion(project, modelsPerProject),
        ctx.store.models.create(model),
        ...[train, ...(test === undefined ? [] : [test])].map((each) => ctx.store.datasets.stillHas(each)),
        ctx.store.quotas.take('TRAINING_JOBS', concurrentTrainings),
        ...(tags.length > 0 ? [ctx.store.tags.replace(model, noTags, tagMap(tags))] : []),
      ],
      (refused) => {
        // A dataset that has changed is read again: the training names the generation that it will read.
        if (['project', 'model', 'train', 'test'].some((part) => refused.at(part))) return overtaken;
        return refused.row('quota')?.['closed'] === true
          ? noRoom('No model can be trained: this deployment is being removed.')
          : tooMany;
      },
    );
    if (first) await startModelExecution(ctx, model);
    return answer;
  });
};

const noTrainDataset = (project: string): NotFoundError =>
  new NotFoundError(
    'DATASET',
    `${project}/train`,
    `Project ${project} has no train dataset. Create one, and add labelled images to it.`,
  );

function unfit(
  project: string,
  train: Dataset | undefined,
  test: Dataset | undefined,
): NotFoundError | ConflictError | ValidationError | undefined {
  if (train === undefined) return noTrainDataset(project);
  for (const dataset of [train, test]) {
    if (dataset === undefined || mayUpdate.includes(dataset.status)) continue;
    return new ConflictError(
      'DATASET',
      datasetId(dataset),
      `Dataset ${datasetId(dataset)} cannot be trained from while its status is ${dataset.status}.`,
    );
  }
  const short = lacking(train.stats, test?.stats);
  return short.length === 0
    ? undefined
    : new ValidationError(`The datasets do not suffice to train a model: ${short.join('; ')}.`);
}

function newModel(
  input: Input<'CreateModel'>,
  version: string,
  train: Dataset,
  test: Dataset | undefined,
  ctx: WriteContext,
  caller: string,
): Model {
  const { times } = ctx.settings;
  const operation = { ...beginOperation(ctx, caller, times.train), kind: 'train' as const };
  const now = operation.at;
  const { Bucket, Prefix } = input.OutputConfig.S3Location;
  return {
    v: 1,
    project: input.ProjectName,
    version,
    createdAt: now,
    status: passingState.train,
    statusMessage: statusMessage.training,
    operation,
    source: {},
    dueAt: now + times.delivery * 1000,
    output: { bucket: Bucket, prefix: Prefix ?? '' },
    datasets: { train: train.generation ?? '', ...(test !== undefined && { test: test.generation ?? '' }) },
    ...(input.Description !== undefined && { description: input.Description }),
    ...(input.KmsKeyId !== undefined && { kmsKeyId: input.KmsKeyId }),
  };
}
