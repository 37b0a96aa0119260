import type { DeploymentKey } from './deployments.ts';
import { dueIndex } from './keys.ts';
import type { DatasetKey, DatasetType } from '../domain/dataset.ts';
import type { PolicyScope } from '../domain/hosting-policy.ts';
import type { ModelKey } from '../domain/model.ts';
import type { JobKey } from '../domain/packaging.ts';
import type { Table } from './table.ts';

/**
 * What somebody should look at. Only a hint: the index trails the table, so whoever acts on it reads the row
 * first.
 */
export type DueRow = DueKey & {
  /** When it was due as the index had it, in epoch milliseconds. */
  readonly dueAt: number;
};

type DueKey =
  | { readonly kind: 'model'; readonly key: ModelKey }
  | { readonly kind: 'deployment'; readonly key: DeploymentKey }
  | { readonly kind: 'dataset'; readonly key: DatasetKey }
  | { readonly kind: 'job'; readonly key: JobKey }
  | { readonly kind: 'policy'; readonly key: PolicyScope }
  | { readonly kind: 'discard'; readonly key: string };

export class Due {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  /**
   * Rows due at `until` (epoch milliseconds) or before, the longest overdue of each shard first. Costs what
   * is due, not what exists.
   */
  async *until(until: number): AsyncGenerator<DueRow> {
    for (const shard of dueIndex.shards) {
      const rows = this.#table.query({
        IndexName: dueIndex.name,
        KeyConditionExpression: `${dueIndex.partition} = :shard AND ${dueIndex.sort} <= :until`,
        ExpressionAttributeValues: { ':shard': shard, ':until': until },
      });
      for await (const row of rows)
        yield { ...parse(String(row['pk']), String(row['sk'])), dueAt: Number(row[dueIndex.sort]) };
    }
  }
}

function parse(pk: string, sk: string): DueKey {
  const [kind = '', first = '', id = ''] = sk.split('#');
  const [, name = ''] = /^[^#]*#(.*)$/.exec(pk) ?? [];
  const version = first.replace(/^0+/, '');
  switch (kind) {
    case 'DEPLOYMENT':
      return { kind: 'deployment', key: { project: name, version, id } };
    case 'DATASET':
      return { kind: 'dataset', key: { project: name, type: first as DatasetType } };
    case 'JOB':
      return { kind: 'job', key: { project: name, name: first } };
    case 'POLICY':
      return { kind: 'policy', key: { project: name, ...(version !== '' && { version }) } };
    case 'DISCARD':
      return { kind: 'discard', key: name };
    default:
      return { kind: 'model', key: { project: name, version } };
  }
}
