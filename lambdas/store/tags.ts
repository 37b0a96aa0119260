import type { ModelKey } from '../domain/model.ts';
import { absent, equals, put, remove, type Row, type TransactionItem } from './expression.ts';
import { keys } from './keys.ts';
import { listOf, plainRow, text, whole } from './row-reader.ts';
import type { Table } from './table.ts';

export interface TagSet {
  readonly tags: ReadonlyMap<string, string>;
  /** 0 for a model that never had any. */
  readonly revision: number;
}

export const noTags: TagSet = { tags: new Map(), revision: 0 };

const pairs = plainRow<{ readonly tags: readonly (readonly string[])[]; readonly revision: number }>({
  tags: listOf(listOf(text)),
  revision: whole,
});

function tagsIn(row: Row): TagSet {
  const { tags, revision } = pairs(row);
  return { tags: new Map(tags.map(([key = '', value = '']) => [key, value])), revision };
}

export class Tags {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  async of(model: ModelKey): Promise<TagSet> {
    const row = await this.#table.get(keys.tags(model));
    return row === undefined ? noTags : tagsIn(row);
  }

  /** Replaces the set that was read. Kept as pairs: a key may be called `__proto__`. */
  replace(model: ModelKey, read: TagSet, tags: TagSet['tags']): TransactionItem {
    const believed = read.revision === 0 ? absent('pk') : equals('revision', read.revision);
    return put('tags', keys.tags(model), { tags: [...tags], revision: read.revision + 1 }, believed);
  }

  drop(model: ModelKey): TransactionItem {
    return remove('tags', keys.tags(model));
  }
}
