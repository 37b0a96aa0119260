import { budgetActions, scheduleActions, weekdays } from '../contract/policies.ts';
import { monthOf, type HostingPolicy, type PolicyScope } from '../domain/hosting-policy.ts';
import { unitMinutes } from '../domain/run.ts';
import type { Schedule, Window } from '../domain/schedule.ts';
import type { Deployments } from './deployments.ts';
import {
  absent,
  atMost,
  check,
  either,
  equals,
  put,
  remove,
  update,
  type TransactionItem,
} from './expression.ts';
import { dueShard, keys, prefixes } from './keys.ts';
import { among, listOf, optional, rowOf, structure, text, time, whole, yesOrNo } from './row-reader.ts';
import type { Table } from './table.ts';

/** A hosting policy as it is kept. */
export interface PolicyRow extends PolicyScope {
  readonly v: 1;
  readonly policy: HostingPolicy;
  readonly updatedBy: string;
  readonly updatedAt: number;
  /** Its budget is used up until then, and nothing is started (epoch milliseconds). */
  readonly exhaustedUntil?: number;
  /** When a window of its schedule opens that is to start models. */
  readonly dueAt?: number;
}

const policyOf = rowOf<PolicyRow>({
  project: text,
  version: optional(text),
  policy: structure<HostingPolicy>({
    MaxRunMinutes: optional(whole),
    IdleStopMinutes: optional(whole),
    Schedule: optional(
      structure<Schedule>({
        TimeZone: text,
        Windows: listOf(structure<Window>({ Days: listOf(among(weekdays)), Start: text, End: text })),
        Action: among(scheduleActions),
      }),
    ),
    MonthlyUnitHours: optional(whole),
    OnBudget: optional(among(budgetActions)),
    WakeOnDetect: optional(yesOrNo),
  }),
  updatedBy: text,
  updatedAt: time,
  exhaustedUntil: optional(time),
  dueAt: optional(time),
});

export class Policies {
  readonly #table: Table;
  readonly #deployments: Deployments;

  constructor(table: Table, deployments: Deployments) {
    this.#table = table;
    this.#deployments = deployments;
  }

  async get(scope: PolicyScope): Promise<PolicyRow | undefined> {
    const row = await this.#table.get(keys.policy(scope));
    return row && policyOf(row);
  }

  /** What a project and one of its models have. */
  async ofModel({ project, version }: Required<PolicyScope>): Promise<{
    readonly project: PolicyRow | undefined;
    readonly model: PolicyRow | undefined;
  }> {
    const [ofProject, model] = await Promise.all([this.get({ project }), this.get({ project, version })]);
    return { project: ofProject, model };
  }

  /** The project's own, then those of its models by version. */
  async *ofProject(project: string): AsyncGenerator<PolicyRow> {
    const { pk, prefix } = prefixes.policies(project);
    const rows = this.#table.query({
      KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
      ExpressionAttributeValues: { ':pk': pk, ':prefix': prefix },
    });
    for await (const row of rows) yield policyOf(row);
  }

  /** Replaces whatever there is: the last of two who write has the last word. */
  put(row: PolicyRow): TransactionItem {
    return put('policy', keys.policy(row), { ...row, dueShard: dueShard(row.project) });
  }

  drop(scope: PolicyScope): TransactionItem {
    return remove('policy', keys.policy(scope));
  }

  /** Says when the schedule is looked at again. Believes that nobody has written since `read` was read. */
  look(read: PolicyRow, dueAt: number | undefined): TransactionItem {
    return update(
      'policy',
      keys.policy(read),
      dueAt === undefined ? { remove: ['dueAt'] } : { set: { dueAt } },
      equals('updatedAt', read.updatedAt),
      equals('dueAt', read.dueAt),
    );
  }

  exhaust(read: PolicyRow, until: number): TransactionItem {
    return update(
      'policy',
      keys.policy(read),
      { set: { exhaustedUntil: until } },
      equals('updatedAt', read.updatedAt),
    );
  }

  /** Believes that the budget of a scope, if it has one, leaves something. */
  hasBudget(name: 'projectBudget' | 'modelBudget', scope: PolicyScope, now: number): TransactionItem {
    return check(name, keys.policy(scope), either(absent('exhaustedUntil'), atMost('exhaustedUntil', now)));
  }

  /**
   * Until when the budget of a scope is used up: to the end of the month (UTC), or undefined if something
   * is left. It reads every run of the project that there is a record of.
   */
  async exhaustedUntil(
    { project, version }: PolicyScope,
    { MonthlyUnitHours: hours = 0 }: HostingPolicy,
    now: number,
  ): Promise<number | undefined> {
    if (hours === 0) return undefined;
    const { from, to } = monthOf(now);
    let used = 0;
    for await (const run of this.#deployments.ofProject(project))
      if (version === undefined || run.version === version) used += unitMinutes(run, from, to, now);
    return used >= hours * 60 ? to : undefined;
  }
}
