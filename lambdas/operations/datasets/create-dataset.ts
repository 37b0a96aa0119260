import { ConflictError, type ServiceError } from '../../contract/errors.ts';
import { violation } from '../../contract/violations.ts';
import type { Input, Output } from '../../contract/operations.ts';
import { datasetId, datasetMessage, noImages, type Dataset } from '../../domain/dataset.ts';
import { beginOperation } from '../../domain/operation.ts';
import { bucketsOf, requireListed } from '../buckets.ts';
import type { Call, Operation, WriteContext } from '../context.ts';
import { datasetMetadata, startDatasetExecution, keyOf } from './describe-dataset.ts';
import { noProject } from '../models/models.ts';
import { IdempotentCall } from '../idempotency.ts';

/**
 * Makes an empty dataset at once, or starts the workflow that reads a manifest; the caller polls
 * DescribeDataset until CREATE_COMPLETE. What is wrong with the manifest, that it is not there among other
 * things, ends in CREATE_FAILED with the reason.
 */
export const CreateDataset: Operation<'CreateDataset'> = (input, ctx, call) => {
  const source = sourceOf(input, ctx, call);
  return beginDataset('CreateDataset', input, ctx, call, undefined, () =>
    source === undefined ? {} : { source },
  );
};

/**
 * Makes the row of a dataset, and starts the workflow that fills it if it has a source.
 * @param refusal of the parameters, where a repetition of a success is still one
 * @param from what it is made from, by the id of the operation that makes it
 */
export async function beginDataset(
  name: 'CreateDataset' | 'ImportDataset',
  input: Input<'CreateDataset'> | Input<'ImportDataset'>,
  ctx: WriteContext,
  call: Call,
  refusal: ServiceError | undefined,
  from: (operationId: string) => Pick<Dataset, 'source' | 'folders'>,
): Promise<Output<'CreateDataset'>> {
  const key = keyOf(input);
  const { times } = ctx.settings;
  const operation = {
    ...beginOperation(ctx, call.caller, times.import),
    kind: 'createDataset' as const,
    ...bucketsOf(call),
  };
  const now = operation.at;
  const origin = from(operation.id);
  const dataset: Dataset = {
    v: 1,
    ...key,
    ...origin,
    createdAt: now,
    updatedAt: now,
    stats: noImages,
    positions: 0,
    operation,
    ...(origin.source === undefined
      ? { status: 'CREATE_COMPLETE', statusMessage: datasetMessage.created }
      : {
          status: 'CREATE_IN_PROGRESS',
          statusMessage: datasetMessage.creating,
          dueAt: now + times.delivery * 1000,
        }),
  };
  const idempotent = new IdempotentCall<{ DatasetMetadata: ReturnType<typeof datasetMetadata> }>(
    ctx,
    name,
    input,
  );
  if (refusal !== undefined) return idempotent.replayOrThrow(refusal);
  const { answer, first } = await idempotent.commit(
    { answer: { DatasetMetadata: datasetMetadata(dataset) }, operationId: dataset.operation.id },
    [ctx.store.projects.addDataset(key.project), ctx.store.datasets.create(dataset)],
    (refused) =>
      refused.at('project')
        ? noProject(key.project)
        : new ConflictError(
            'DATASET',
            datasetId(key),
            `Project ${key.project} already has a ${key.type} dataset. Delete it first.`,
          ),
  );

  if (first && origin.source !== undefined) await startDatasetExecution(ctx, dataset);
  return answer;
}

function sourceOf(
  { DatasetSource }: Input<'CreateDataset'>,
  ctx: WriteContext,
  call: Call,
): Dataset['source'] {
  if (DatasetSource === undefined) return undefined;
  const object = DatasetSource.GroundTruthManifest?.S3Object;
  if (object === undefined) {
    throw violation('datasetSource.groundTruthManifest.s3Object', 'Member must not be null', null);
  }
  requireListed(object.Bucket, 'datasetSource.groundTruthManifest.s3Object.bucket', ctx, call);
  return {
    bucket: object.Bucket,
    key: object.Key,
    ...(object.VersionId !== undefined && { versionId: object.VersionId }),
  };
}
