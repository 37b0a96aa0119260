import { endReasons, engineNames, runStatuses, type EndReason } from '../contract/runs.ts';
import type { Deployment, ModelKey } from '../domain/model.ts';
import { notBefore, type RunEvent, type RunRate, type UnitChange } from '../domain/run.ts';
import {
  absent,
  atMost,
  either,
  equals,
  present,
  put,
  update,
  type Change,
  type Condition,
  type Row,
  type TransactionItem,
} from './expression.ts';
import { dueShard, keys, prefixes } from './keys.ts';
import { artifactFormats, recordLifetime, units } from './members.ts';
import { among, listOf, optional, real, rowOf, structure, text, time, whole } from './row-reader.ts';
import type { Table } from './table.ts';

export type DeploymentKey = ModelKey & { readonly id: string };

export type DeploymentChange = Partial<Omit<Deployment, 'id' | 'project' | 'version' | 'v' | 'reserved'>>;

/** How 0.1 wrote why a run had ended. */
const earlierReasons: Readonly<Record<string, EndReason>> = {
  stopped: 'STOPPED',
  'the start failed': 'FAILED',
  'the engine failed': 'FAILED',
  'the model was deleted': 'DELETED',
};

const readDeployment = rowOf<Deployment>({
  id: text,
  project: text,
  version: text,
  units,
  startedBy: text,
  startedFrom: optional(text),
  startedAt: time,
  unitHistory: optional(
    listOf(structure<UnitChange>({ at: time, min: whole, max: optional(whole), count: real })),
  ),
  timeline: optional(
    listOf(
      structure<RunEvent>({
        at: time,
        status: among(runStatuses),
        actor: text,
        message: optional(text),
        units: optional(units),
      }),
    ),
  ),
  rate: optional(
    structure<RunRate>({
      engine: among(engineNames),
      unit: text,
      perHour: optional(real),
      currency: text,
    }),
  ),
  reserved: optional(among([true])),
  createUntil: optional(time),
  format: optional(among(artifactFormats)),
  hostedAt: optional(time),
  releasedAt: optional(time),
  endedAt: optional(time),
  endReason: optional(among(endReasons)),
  endedBy: optional(text),
  lastUsedAt: optional(time),
  missing: optional(whole),
  dueAt: optional(time),
});

/** @throws LaterRow, UnreadableRow */
function deploymentOf(row: Row): Deployment {
  const reason = earlierReasons[String(row['endReason'])];
  return readDeployment(reason === undefined ? row : { ...row, endReason: reason });
}

/** Everything of a run but its timeline, for who reads many. */
const brief =
  'pk sk v id project version units startedBy startedFrom startedAt unitHistory rate reserved ' +
  'createUntil format hostedAt releasedAt endedAt endReason endedBy lastUsedAt missing dueAt';
const briefly = {
  ProjectionExpression: brief.replace(/\w+/g, '#$&').replaceAll(' ', ','),
  ExpressionAttributeNames: Object.fromEntries(brief.split(' ').map((name) => [`#${name}`, name])),
};

/** Milliseconds between two notes that a run is used. */
const touchEvery = 60_000;

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

  /** Runs of a model, the newest first, from the one before `before` on. */
  async *newest(model: ModelKey, before?: string): AsyncGenerator<Deployment> {
    const { pk, prefix } = prefixes.deployments(model);
    const rows = this.#table.query({
      KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
      // The bound itself is left out below: a key condition knows no "starts with, and less than".
      ExpressionAttributeValues: { ':pk': pk, ':from': prefix, ':to': `${prefix}${before ?? '~'}` },
      ScanIndexForward: false,
    });
    for await (const row of rows) {
      const deployment = deploymentOf(row);
      if (deployment.id !== before) yield deployment;
    }
  }

  /** Every run of every model that a project has or had, without its timeline. */
  async *ofProject(project: string): AsyncGenerator<Deployment> {
    const { pk, prefix } = prefixes.runs(project);
    const rows = this.#table.query({
      KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
      ...briefly,
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
   * Notes that a run is used, once a minute at the most. Fails where that is noted already, or the run has
   * ended.
   */
  touch(key: DeploymentKey, now: number): TransactionItem {
    return update(
      'deployment',
      keys.deployment(key),
      { set: { lastUsedAt: now } },
      present('hostedAt'),
      absent('endedAt'),
      either(absent('lastUsedAt'), atMost('lastUsedAt', now - touchEvery)),
    );
  }

  /**
   * Ends a run, once: the engine has confirmed that nothing is left. Goes with `Quotas.giveBack` in one
   * transaction. Believes that no call which creates was announced since `read` was read, because the
   * confirmation did not wait for that one.
   * @param otherwise why it ended, where its release did not say
   */
  end(read: Deployment, now: number, event: RunEvent, otherwise: EndReason): TransactionItem {
    const endedAt = notBefore(now, read.releasedAt ?? read.hostedAt);
    return update(
      'deployment',
      keys.deployment(read),
      {
        set: {
          endedAt,
          endReason: read.endReason ?? otherwise,
          expiresAt: Math.floor(now / 1000) + recordLifetime,
        },
        append: { timeline: { ...event, at: endedAt } },
        remove: ['reserved', 'dueAt'],
      },
      absent('endedAt'),
      equals('reserved', true),
      read.createUntil === undefined ? absent('createUntil') : equals('createUntil', read.createUntil),
    );
  }
}
