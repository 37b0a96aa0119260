import { createHash } from 'node:crypto';
import type { Entry, Label } from '../domain/manifest.ts';
import { keys, places } from './keys.ts';
import type { Table } from './table.ts';

export interface StoredEntry {
  /** Where it stands; listing goes on behind it. */
  readonly position: number;
  readonly line: string;
}

/** A line about a picture, as it was met while a generation was written. */
export interface Mention {
  readonly picture: string;
  readonly position: number;
  readonly label?: Label;
}

/** Far enough behind any position. */
const end = '~';

/**
 * The lines of datasets, each a row, in a place of its own for each generation. A generation is written while nobody reads it, becomes the
 * dataset's in one write, and is removed as a whole when another has taken its place; in between it never changes.
 *
 * What is written about a line depends on the line and its position alone, so writing it again, in any order, is the same as writing it once.
 */
export class Entries {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  /** Lines by position, behind `after`. Every page costs what the first costs. @param atOnce how many rows a request reads */
  async *list(generation: string, after = 0, atOnce?: number): AsyncGenerator<StoredEntry> {
    const rows = this.#table.query({
      KeyConditionExpression: 'pk = :pk AND sk > :after',
      ExpressionAttributeValues: { ':pk': places.entries(generation), ':after': keys.entry(generation, after).sk },
      ...(atOnce !== undefined && { Limit: atOnce }),
    });
    for await (const row of rows) yield { position: Number(row['sk']), line: String(row['line']) };
  }

  async write(generation: string, entries: readonly (Entry & { readonly position: number })[]): Promise<void> {
    await this.#table.bulk(entries.flatMap(({ position, sourceRef, text, label }) => [
      { ...keys.entry(generation, position), line: text },
      { ...keys.picture(generation, pictureOf(sourceRef), position), ...(label !== undefined && { label }) },
    ]));
  }

  /** All lines of a generation that is being written, those about the same picture together and in order, behind `after`. */
  async *mentions(generation: string, after?: Mention): AsyncGenerator<Mention> {
    const rows = this.#table.query({
      KeyConditionExpression: 'pk = :pk AND sk BETWEEN :after AND :end',
      ExpressionAttributeValues: {
        ':pk': places.pictures(generation), ':after': after === undefined ? ' ' : `${keys.picture(generation, after.picture, after.position).sk}!`, ':end': end,
      },
    });
    for await (const row of rows) {
      const [picture = '', position] = String(row['sk']).split('#');
      const label = row['label'] as Label | undefined;
      yield { picture, position: Number(position), ...(label !== undefined && { label }) };
    }
  }

  /** Removes lines that a later line about the same picture has replaced. */
  async drop(generation: string, mentions: readonly Mention[]): Promise<void> {
    await this.#table.bulk([], mentions.flatMap(({ picture, position }) => [keys.entry(generation, position), keys.picture(generation, picture, position)]));
  }
}

/** A name of fixed length for a picture: a key of the table cannot hold every `source-ref`. */
const pictureOf = (sourceRef: string): string => createHash('sha256').update(sourceRef).digest('hex').slice(0, 40);
