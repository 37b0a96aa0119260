import {
  doneDatasetState,
  failedDatasetState,
  passingDatasetState,
  type Dataset,
  type DatasetKey,
  type DatasetOperation,
  type ImageStats,
  type PictureFolder,
} from '../domain/dataset.ts';
import { fenceOf } from '../domain/operation.ts';
import { absent, check, equals, remove, type TransactionItem } from './expression.ts';
import { fenced, FencedRows } from './fenced.ts';
import { keys, prefixes } from './keys.ts';
import { operationMembers } from './members.ts';
import { among, listOf, optional, rowOf, structure, text, time, whole } from './row-reader.ts';
import type { Table } from './table.ts';

export type DatasetChange = Partial<
  Pick<
    Dataset,
    'status' | 'statusMessage' | 'stats' | 'operation' | 'generation' | 'positions' | 'updatedAt' | 'dueAt'
  >
>;

/** @throws LaterRow, UnreadableRow */
export const datasetOf = rowOf<Dataset>({
  project: text,
  type: among(['train', 'test']),
  createdAt: time,
  updatedAt: time,
  status: among(
    [passingDatasetState, failedDatasetState, doneDatasetState].flatMap((each) => Object.values(each)),
  ),
  statusMessage: text,
  stats: structure<ImageStats>({ total: whole, labeled: whole, normal: whole, anomaly: whole }),
  operation: structure<DatasetOperation>({
    ...operationMembers,
    kind: among(['createDataset', 'updateDataset']),
    bytes: optional(whole),
    buckets: optional(listOf(text)),
  }),
  generation: optional(text),
  positions: whole,
  source: optional(
    structure<NonNullable<Dataset['source']>>({ bucket: text, key: text, versionId: optional(text) }),
  ),
  folders: optional(
    listOf(
      structure<PictureFolder>({
        bucket: text,
        prefix: text,
        label: optional(among(['normal', 'anomaly'])),
      }),
    ),
  ),
  dueAt: optional(time),
});

export class Datasets extends FencedRows<DatasetKey, Dataset, DatasetChange> {
  constructor(table: Table) {
    super(table, { name: 'dataset', keyOf: keys.dataset, read: datasetOf });
  }

  /** At most one of each type; `train` first, as people think of them. */
  async ofProject(project: string): Promise<Dataset[]> {
    const { pk, prefix } = prefixes.datasets(project);
    const found: Dataset[] = [];
    const rows = this.table.query({
      KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
      ExpressionAttributeValues: { ':pk': pk, ':prefix': prefix },
      ScanIndexForward: false,
    });
    for await (const row of rows) found.push(datasetOf(row));
    return found;
  }

  /** Believes that readers see the generation that was read, without changing anything. */
  stillHas(read: Dataset): TransactionItem {
    const { generation } = read;
    return check(
      read.type,
      keys.dataset(read),
      generation === undefined ? absent('generation') : equals('generation', generation),
    );
  }

  /** Believes that nothing has happened to the dataset since it was read. */
  delete(read: Dataset): TransactionItem {
    return remove('dataset', keys.dataset(read), ...fenced(fenceOf(read)), equals('status', read.status));
  }
}
