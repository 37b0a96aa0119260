import { tokenLifetime } from '../domain/tokens.ts';
import { absent, atMost, either, put, type TransactionItem, type Row } from './expression.ts';
import { keys } from './keys.ts';
import { map, optional, plainRow, text } from './row-reader.ts';
import type { Table } from './table.ts';

/** What is remembered of the first success under a client token. */
export interface Memory {
  /** `fingerprint` of the parameters as given. */
  readonly fingerprint: string;
  readonly answer: Readonly<Record<string, unknown>>;
  readonly operationId: string;
  /** What a version of `latest` meant then. */
  readonly version?: string;
}

const memoryOf = plainRow<Memory>({
  fingerprint: text,
  answer: map,
  operationId: text,
  version: optional(text),
});

export class Tokens {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  /**
   * @param now epoch milliseconds; a memory that has expired is none, although TTL may take days to remove
   * its row
   */
  async recall(operation: string, token: string, now: number): Promise<Memory | undefined> {
    const row = await this.#table.get(keys.token(operation, token));
    return row !== undefined && Number(row['expiresAt']) * 1000 > now ? memoryOf(row) : undefined;
  }

  /**
   * Believes that the token is new, or was forgotten. Tokens of different operations are different tokens.
   */
  remember(operation: string, token: string, memory: Memory, now: number): TransactionItem {
    const seconds = Math.floor(now / 1000);
    return put(
      'token',
      keys.token(operation, token),
      { ...memory, expiresAt: seconds + tokenLifetime },
      either(absent('pk'), atMost('expiresAt', seconds)),
    );
  }

  /** The memory that stood in the way of `remember`. */
  static inTheWay(row: Row | undefined): Memory | undefined {
    return row && memoryOf(row);
  }
}
