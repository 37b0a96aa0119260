import type { Deployment, ModelKey } from '../domain/model.ts';
import {
  absent,
  equals,
  put,
  update,
  type Change,
  type Condition,
  type TransactionItem,
} from './expression.ts';
import { dueShard, keys, prefixes } from './keys.ts';
import { artifactFormats, units } from './members.ts';
import { among, optional, rowOf, text, time, whole } from './row-reader.ts';
import type { Table } from './table.ts';

export type DeploymentKey = ModelKey & { readonly id: string };

export type DeploymentChange = Partial<Omit<Deployment, 'id' | 'project' | 'version' | 'v' | 'reserved'>>;

/** For how long the record of a run is kept after its end, in seconds. */
const recordLifetime = 400 * 24 * 3600;

const deploymentOf = rowOf<Deployment>({
  id: text,
  project: text,
  version: text,
  units,
  startedBy: text,
  startedAt: time,
  reserved: optional(among([true])),
  createUntil: optional(time),
  format: optional(among(artifactFormats)),
  hostedAt: optional(time),
  releasedAt: optional(time),
  endedAt: optional(time),
  endReason: optional(text),
  missing: optional(whole),
  dueAt: optional(time),
});

export class Deployments {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  async get(key: DeploymentKey): Promise<Deployment | undefined> {
    const row = await this.#table.get(keys.deployment(key));
    return row && deploymentOf(row);
  }

  /** Every run of a model, oldest first. */
  async *ofModel(model: ModelKey): AsyncGenerator<Deployment> {
    const { pk, prefix } = prefixes.deployments(model);
    const rows = this.#table.query({
      KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
      ExpressionAttributeValues: { ':pk': pk, ':prefix': prefix },
    });
    for await (const row of rows) yield deploymentOf(row);
  }

  /** The row precedes whatever the engine will make for it. */
  open(deployment: Deployment): TransactionItem {
    return put(
      'deployment',
      keys.deployment(deployment),
      { ...deployment, dueShard: dueShard(deployment.id) },
      absent('pk'),
    );
  }

  /** Changes a run that has not ended. */
  change(
    key: DeploymentKey,
    change: Change & { readonly set?: DeploymentChange },
    ...beliefs: readonly Condition[]
  ): TransactionItem {
    return update('deployment', keys.deployment(key), change, absent('endedAt'), ...beliefs);
  }

  /**
   * Ends a run, once: the engine has confirmed that nothing is left. Goes with `Quotas.giveBack` in one
   * transaction. Believes that no call which creates was announced since `read` was read, because the
   * confirmation did not wait for that one.
   */
  end(read: Deployment, now: number, reason: string): TransactionItem {
    return update(
      'deployment',
      keys.deployment(read),
      {
        set: { endedAt: now, endReason: reason, expiresAt: Math.floor(now / 1000) + recordLifetime },
        remove: ['reserved', 'dueAt'],
      },
      absent('endedAt'),
      equals('reserved', true),
      read.createUntil === undefined ? absent('createUntil') : equals('createUntil', read.createUntil),
    );
  }
}
