import { createHash } from 'node:crypto';
import type { Entry, Label } from '../domain/manifest.ts';
import { keys, places } from './keys.ts';
import { among, optional, plainRow, text } from './row-reader.ts';
import type { Table } from './table.ts';

export interface StoredEntry {
  /** Where it stands; listing goes on behind it. */
  readonly position: number;
  readonly line: string;
}

/** A line about a picture, as it was met while a generation was written. */
export interface Mention extends StoredEntry {
  readonly picture: string;
  readonly label?: Label;
}

const lineOf = plainRow<{ readonly line: string; readonly label?: Label }>({
  line: text,
  label: optional(among(['normal', 'anomaly'])),
});

/** Far enough behind any position. */
const end = '~';

/**
 * The lines of datasets, each a row, in a place of its own for each generation. A generation is written while
 * nobody reads it, becomes the dataset's in one write, and is removed as a whole when another has taken its
 * place; in between it never changes.
 *
 * Lines are gathered by picture first, and only those that count are written where readers will look. What is
 * written about a line depends on the line and its position alone, and nothing that readers will see is ever
 * taken back: so writing it again, in any order, or late, when the function that sent it is long gone, is the
 * same as writing it once.
 */
export class Entries {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  /**
   * Lines by position, behind `after`. Every page costs what the first costs. @param atOnce how many rows a
   * request reads
   */
  async *list(generation: string, after = 0, atOnce?: number): AsyncGenerator<StoredEntry> {
    const rows = this.#table.query({
      KeyConditionExpression: 'pk = :pk AND sk > :after',
      ExpressionAttributeValues: {
        ':pk': places.entries(generation),
        ':after': keys.entry(generation, after).sk,
      },
      ...(atOnce !== undefined && { Limit: atOnce }),
    });
    for await (const row of rows) yield { position: Number(row['sk']), line: lineOf(row).line };
  }

  /** Gathers lines by the pictures that they are about. */
  async gather(
    generation: string,
    entries: readonly (Entry & { readonly position: number })[],
  ): Promise<void> {
    await this.#table.bulk(
      entries.map(({ position, sourceRef, text, label }) => ({
        ...keys.picture(generation, pictureOf(sourceRef), position),
        line: text,
        ...(label !== undefined && { label }),
      })),
    );
  }

  /** Writes lines where readers will look. */
  async write(generation: string, entries: readonly StoredEntry[]): Promise<void> {
    await this.#table.bulk(
      entries.map(({ position, line }) => ({ ...keys.entry(generation, position), line })),
    );
  }

  /** All lines that were gathered, those about the same picture together and in order, behind `after`. */
  async *mentions(
    generation: string,
    after?: Pick<Mention, 'picture' | 'position'>,
  ): AsyncGenerator<Mention> {
    const rows = this.#table.query({
      KeyConditionExpression: 'pk = :pk AND sk BETWEEN :after AND :end',
      ExpressionAttributeValues: {
        ':pk': places.pictures(generation),
        ':after':
          after === undefined ? ' ' : `${keys.picture(generation, after.picture, after.position).sk}!`,
        ':end': end,
      },
    });
    for await (const row of rows) {
      const [picture = '', position] = String(row['sk']).split('#');
      const { line, label } = lineOf(row);
      yield {
        picture,
        position: Number(position),
        line,
        ...(label !== undefined && { label }),
      };
    }
  }
}

/** A name of fixed length for a picture: a key of the table cannot hold every `source-ref`. */
const pictureOf = (sourceRef: string): string =>
  createHash('sha256').update(sourceRef).digest('hex').slice(0, 40);
