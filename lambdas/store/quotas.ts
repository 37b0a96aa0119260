import { absent, atMost, either, update, type TransactionItem } from './expression.ts';
import { keys } from './keys.ts';
import { among, optional, plainRow, whole } from './row-reader.ts';
import type { Table } from './table.ts';

type Quota = Parameters<typeof keys.quota>[0];

const quotaOf = plainRow<{ readonly used?: number; readonly closed?: boolean }>({
  used: optional(whole),
  closed: optional(among([true])),
});

/** What is in use of the account-wide quotas. The limits are settings, so changing one is no migration. */
export class Quotas {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  async used(quota: Quota): Promise<number> {
    return (await this.state(quota)).used;
  }

  async state(quota: Quota): Promise<{ readonly used: number; readonly closed: boolean }> {
    const row = await this.#table.get(keys.quota(quota));
    const { used = 0, closed = false } = row === undefined ? {} : quotaOf(row);
    return { used, closed };
  }

  /** A closed quota takes no more: the stack is being deleted. `limit` is at least 1. */
  take(quota: Quota, limit: number): TransactionItem {
    return update(
      'quota',
      keys.quota(quota),
      { add: { used: 1 } },
      absent('closed'),
      either(absent('used'), atMost('used', limit - 1)),
    );
  }

  giveBack(quota: Quota): TransactionItem {
    return update('quota', keys.quota(quota), { add: { used: -1 } });
  }

  close(quota: Quota): TransactionItem {
    return update('quota', keys.quota(quota), { set: { closed: true } });
  }
}
