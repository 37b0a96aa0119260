import { keys, places } from './keys.ts';
import { bytes, plainRow } from './row-reader.ts';
import type { Table } from './table.ts';

/** A row may have 400 KB. */
const pieceSize = 350_000;

const pieceOf = plainRow<{ readonly bytes: Uint8Array }>({ bytes });

/** For how long changes wait for an operation that, should its commit fail, will never be, in seconds. */
const lifetime = 2 * 24 * 3600;

/**
 * What UpdateDatasetEntries was given, for the workflow: too large for one row, and the API's functions
 * have no right to objects.
 */
export class Changes {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  async write(operationId: string, given: Uint8Array, now: number): Promise<void> {
    const expiresAt = Math.floor(now / 1000) + lifetime;
    for (let index = 0; index * pieceSize < given.length; index += 1) {
      const piece = given.subarray(index * pieceSize, (index + 1) * pieceSize);
      await this.#table.bulk([{ ...keys.changes(operationId, index), bytes: piece, expiresAt }]);
    }
  }

  /** @param from how many bytes to leave out at the beginning */
  async *read(operationId: string, from = 0): AsyncGenerator<Uint8Array> {
    const first = Math.floor(from / pieceSize);
    let skip = from - first * pieceSize;
    const rows = this.#table.query({
      KeyConditionExpression: 'pk = :pk AND sk >= :first',
      ExpressionAttributeValues: {
        ':pk': places.changes(operationId),
        ':first': keys.changes(operationId, first).sk,
      },
    });
    for await (const row of rows) {
      yield pieceOf(row).bytes.subarray(skip);
      skip = 0;
    }
  }
}
