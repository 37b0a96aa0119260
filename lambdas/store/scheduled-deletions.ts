import { absent, put, remove, type TransactionItem } from './expression.ts';
import { dueShard, keys } from './keys.ts';
import type { Table } from './table.ts';

/**
 * Promises to remove what has lost its meaning: whoever takes a generation's place leaves, in the same
 * transaction, a row that names it and is due when whoever began to read or write it has ended. So nothing is
 * left behind, whatever crashes in between.
 */
export class ScheduledDeletions {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  /** @param partitions from `places`; @param dueAt epoch milliseconds */
  schedule(id: string, partitions: readonly string[], dueAt: number): TransactionItem {
    return put(
      'discard',
      keys.discard(id),
      { v: 1, partitions, dueAt, dueShard: dueShard(id) },
      absent('pk'),
    );
  }

  async get(
    id: string,
  ): Promise<{ readonly partitions: readonly string[]; readonly dueAt: number } | undefined> {
    const row = await this.#table.get(keys.discard(id));
    return row && { partitions: row['partitions'] as string[], dueAt: Number(row['dueAt']) };
  }

  /**
   * Removes rows of a partition, as many as there is time for.
   * @returns whether none is left
   */
  async empty(partition: string, goOn: () => boolean): Promise<boolean> {
    const pages = this.#table.pages({
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: { ':pk': partition },
      ProjectionExpression: 'pk, sk',
      Limit: 1000,
    });
    for await (const page of pages) {
      if (!goOn()) return false;
      await this.#table.bulk(
        [],
        page.map((row) => ({ pk: String(row['pk']), sk: String(row['sk']) })),
      );
    }
    return true;
  }

  done(id: string): TransactionItem {
    return remove('discard', keys.discard(id));
  }
}
