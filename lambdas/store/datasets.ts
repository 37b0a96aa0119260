import type { DatasetStatus } from '../contract/shapes.ts';
import {
  passingDatasetState,
  type Dataset,
  type DatasetKey,
  type DatasetOperation,
} from '../domain/dataset.ts';
import {
  absent,
  equals,
  oneOf,
  put,
  remove,
  update,
  type Change,
  type Condition,
  type TransactionItem,
  type Row,
} from './expression.ts';
import { dueShard, keys, prefixes } from './keys.ts';
import type { Table } from './table.ts';

/** Which operation, and which attempt at it, a task works for. */
export interface DatasetFence extends DatasetKey {
  readonly operationId: string;
  readonly attempt: number;
}

export type DatasetChange = Partial<
  Pick<
    Dataset,
    'status' | 'statusMessage' | 'stats' | 'operation' | 'generation' | 'positions' | 'updatedAt' | 'dueAt'
  >
>;

const datasetOf = ({ pk: _, sk: __, dueShard: ___, ...row }: Row): Dataset => row as unknown as Dataset;

const passing = Object.values(passingDatasetState);

const fenced = (fence: DatasetFence): readonly Condition[] => [
  equals('operation.id', fence.operationId),
  equals('operation.attempt', fence.attempt),
  oneOf('status', passing),
];

export class Datasets {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  async get(key: DatasetKey): Promise<Dataset | undefined> {
    const row = await this.#table.get(keys.dataset(key));
    return row && datasetOf(row);
  }

  /** At most one of each type; `train` first, as people think of them. */
  async ofProject(project: string): Promise<Dataset[]> {
    const { pk, prefix } = prefixes.datasets(project);
    const found: Dataset[] = [];
    const rows = this.#table.query({
      KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
      ExpressionAttributeValues: { ':pk': pk, ':prefix': prefix },
      ScanIndexForward: false,
    });
    for await (const row of rows) found.push(datasetOf(row));
    return found;
  }

  create(dataset: Dataset): TransactionItem {
    return put(
      'dataset',
      keys.dataset(dataset),
      { ...dataset, dueShard: dueShard(dataset.operation.id) },
      absent('pk'),
    );
  }

  /** Begins an operation from one of the states in which it may begin. */
  begin(
    key: DatasetKey,
    from: readonly DatasetStatus[],
    change: DatasetChange & { readonly operation: DatasetOperation; readonly dueAt: number },
  ): TransactionItem {
    return update('dataset', keys.dataset(key), { set: change }, oneOf('status', from));
  }

  /** A task's write: only while its fence stands and its operation is under way. */
  move(fence: DatasetFence, change: Change & { readonly set?: DatasetChange }): TransactionItem {
    return update('dataset', keys.dataset(fence), change, ...fenced(fence));
  }

  /**
   * Takes an operation over: only if it is still under way and nobody has looked since `dataset` was read.
   */
  takeOver(dataset: Dataset, next: DatasetOperation, dueAt: number): TransactionItem {
    return update(
      'dataset',
      keys.dataset(dataset),
      { set: { operation: next, dueAt } },
      ...fenced({ ...dataset, operationId: dataset.operation.id, attempt: dataset.operation.attempt }),
      equals('dueAt', dataset.dueAt),
    );
  }

  /** Believes that nothing has happened to the dataset since it was read. */
  delete(read: Dataset): TransactionItem {
    return remove(
      'dataset',
      keys.dataset(read),
      equals('operation.id', read.operation.id),
      equals('operation.attempt', read.operation.attempt),
      equals('status', read.status),
    );
  }
}
