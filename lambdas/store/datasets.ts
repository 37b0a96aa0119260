import type { Dataset, DatasetKey } from '../domain/dataset.ts';
import { fenceOf } from '../domain/operation.ts';
import { absent, check, equals, remove, type TransactionItem, type Row } from './expression.ts';
import { fenced, FencedRows } from './fenced.ts';
import { keys, prefixes } from './keys.ts';
import type { Table } from './table.ts';

export type DatasetChange = Partial<
  Pick<
    Dataset,
    'status' | 'statusMessage' | 'stats' | 'operation' | 'generation' | 'positions' | 'updatedAt' | 'dueAt'
  >
>;

const datasetOf = ({ pk: _, sk: __, dueShard: ___, ...row }: Row): Dataset => row as unknown as Dataset;

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
