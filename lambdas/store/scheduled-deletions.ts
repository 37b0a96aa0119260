import { absent, equals, put, remove, update, type TransactionItem } from './expression.ts';
import { dueShard, keys } from './keys.ts';
import { listOf, optional, rowOf, text, time } from './row-reader.ts';
import type { Table } from './table.ts';

/** Partitions that are to be removed, and when: epoch milliseconds. */
export interface ScheduledDeletion {
  readonly partitions: readonly string[];
  readonly dueAt: number;
  /** Whose trainings may still read them. Rows of release 0.1 do not say. */
  readonly project?: string;
}

const deletionOf = rowOf<ScheduledDeletion & { readonly v: 1 }>({
  partitions: listOf(text),
  dueAt: time,
  project: optional(text),
});

/**
 * Deletions of what has lost its meaning: whoever takes a generation's place leaves, in the same transaction,
 * a row that names it and is due when whoever began to read or write it has ended. So nothing is left behind,
 * whatever crashes in between.
 */
export class ScheduledDeletions {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  /** `partitions` are from `places`. */
  schedule(id: string, deletion: ScheduledDeletion): TransactionItem {
    return put('discard', keys.discard(id), { v: 1, ...deletion, dueShard: dueShard(id) }, absent('pk'));
  }

  async get(id: string): Promise<ScheduledDeletion | undefined> {
    const row = await this.#table.get(keys.discard(id));
    return row && deletionOf(row);
  }

  /** Looks again at `dueAt`. Believes that nobody has looked since `read` was read. */
  postpone(id: string, read: ScheduledDeletion, dueAt: number): TransactionItem {
    return update('discard', keys.discard(id), { set: { dueAt } }, equals('dueAt', read.dueAt));
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
