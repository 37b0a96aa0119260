import type { ModelKey } from '../domain/model.ts';
import { absent, equals, put, remove, type TransactionItem } from './expression.ts';
import { keys } from './keys.ts';
import type { Table } from './table.ts';

export interface TagSet {
  readonly tags: ReadonlyMap<string, string>;
  /** 0 for a model that never had any. */
  readonly revision: number;
}

export const noTags: TagSet = { tags: new Map(), revision: 0 };

export class Tags {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  async of(model: ModelKey): Promise<TagSet> {
    const row = await this.#table.get(keys.tags(model));
    return row === undefined
      ? noTags
      : { tags: new Map(row['tags'] as [string, string][]), revision: Number(row['revision']) };
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
