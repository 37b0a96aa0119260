import { ConflictError, NotFoundError, type ServiceError } from '../../contract/errors.ts';
import type { Value } from '../../contract/shapes.ts';
import {
  datasetExecution,
  datasetId,
  type Dataset,
  type DatasetKey,
  type DatasetType,
} from '../../domain/dataset.ts';
import type { Operation, ReadContext, WriteContext } from '../context.ts';
import { startExecution } from '../start-execution.ts';
import { noProject } from '../models/models.ts';

type Reads = Pick<ReadContext, 'store'>;

/** The contract's pattern lets nothing else through. */
export const keyOf = (input: { readonly ProjectName: string; readonly DatasetType: string }): DatasetKey => ({
  project: input.ProjectName,
  type: input.DatasetType as DatasetType,
});

export async function datasetNotFound({ store }: Reads, key: DatasetKey): Promise<NotFoundError> {
  if ((await store.projects.get(key.project)) === undefined) return noProject(key.project);
  return new NotFoundError('DATASET', datasetId(key), `Project ${key.project} has no ${key.type} dataset.`);
}

/** @throws NotFoundError */
export async function requireDataset(ctx: Reads, key: DatasetKey): Promise<Dataset> {
  const dataset = await ctx.store.datasets.get(key);
  if (dataset === undefined) throw await datasetNotFound(ctx, key);
  return dataset;
}

/** What to answer when a dataset is not where the request needs it, from the row as the condition saw it. */
export async function wrongDatasetState(
  ctx: Reads,
  key: DatasetKey,
  row: Dataset | undefined,
  verb: string,
): Promise<ServiceError> {
  if (row === undefined) return datasetNotFound(ctx, key);
  return new ConflictError(
    'DATASET',
    datasetId(key),
    `The ${key.type} dataset of project ${key.project} cannot be ${verb} while its status is ${row.status}.`,
  );
}

export const startDatasetExecution = (
  ctx: WriteContext,
  dataset: Parameters<typeof datasetExecution>[0],
): Promise<void> => startExecution(ctx, datasetExecution(dataset), datasetId(dataset));

export const datasetMetadata = ({
  type,
  createdAt,
  status,
  statusMessage,
}: Dataset): Value<'DatasetMetadata'> => ({
  DatasetType: type,
  CreationTimestamp: createdAt,
  Status: status,
  StatusMessage: statusMessage,
});

/** A strong read: clients poll right behind the call that changed the status. */
export const DescribeDataset: Operation<'DescribeDataset'> = async (input, ctx) => {
  const dataset = await requireDataset(ctx, keyOf(input));
  const { total, labeled, normal, anomaly } = dataset.stats;
  return {
    DatasetDescription: {
      ProjectName: dataset.project,
      ...datasetMetadata(dataset),
      LastUpdatedTimestamp: dataset.updatedAt,
      // published clients index all four, of any dataset
      ImageStats: { Total: total, Labeled: labeled, Normal: normal, Anomaly: anomaly },
    },
  };
};
