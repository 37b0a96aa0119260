import type { budgetActions, policySources } from '../contract/policies.ts';
import type { Deployment, ModelKey } from './model.ts';
import type { Cause } from './run.ts';
import { closes, momentOf, type Schedule } from './schedule.ts';

/**
 * How long, when and for how much models may be hosted. Each member may be absent; 0 and `NONE` switch one
 * off.
 */
export interface HostingPolicy {
  readonly MaxRunMinutes?: number;
  readonly IdleStopMinutes?: number;
  readonly Schedule?: Schedule;
  readonly MonthlyUnitHours?: number;
  readonly OnBudget?: (typeof budgetActions)[number];
  readonly WakeOnDetect?: boolean;
}

/** Whose a policy is: a project's, or one model's. */
export interface PolicyScope {
  readonly project: string;
  readonly version?: string;
}

type Source = (typeof policySources)[number];

/** Budgets are each their own scope's; all other members are one model's. */
type Inherited = 'MaxRunMinutes' | 'IdleStopMinutes' | 'Schedule' | 'WakeOnDetect';
const inherited: readonly Inherited[] = ['MaxRunMinutes', 'IdleStopMinutes', 'Schedule', 'WakeOnDetect'];

export interface PolicyInForce {
  readonly policy: Pick<HostingPolicy, Inherited>;
  readonly from: Readonly<Partial<Record<Inherited, Source>>>;
}

/** Member by member, the model's wins over the project's, and that over the stage's. */
export function inForce(
  stage: HostingPolicy,
  project: HostingPolicy | undefined,
  model: HostingPolicy | undefined,
): PolicyInForce {
  const policy: Record<string, unknown> = {};
  const from: Partial<Record<Inherited, Source>> = {};
  const sources = [
    ['MODEL', model],
    ['PROJECT', project],
    ['STAGE', stage],
  ] as const;
  for (const member of inherited) {
    const found = sources.find(([, each]) => each?.[member] !== undefined);
    if (found === undefined) continue;
    policy[member] = found[1]?.[member];
    from[member] = found[0];
  }
  return { policy, from };
}

/** When a run will be stopped, if nothing happens until then, and by what. */
export interface End {
  readonly at: number;
  readonly actor: string;
  readonly cause: Cause;
}

export const actorOf = (source: Source | undefined, { project, version }: ModelKey): string => {
  if (source === 'MODEL') return `policy:model/${project}/${version}`;
  return source === 'PROJECT' ? `policy:project/${project}` : 'policy:stage';
};

const minute = 60_000;

/** The run of a model as policies see it. */
type Watched = ModelKey & Pick<Deployment, 'startedAt' | 'hostedAt' | 'lastUsedAt'>;

/**
 * The end that policies have in store for a run: the earliest of lease, idleness and schedule. A run that
 * was begun between two windows goes on until the next window has closed.
 */
export function endOf(run: Watched, { policy, from }: PolicyInForce, now: number): End | undefined {
  const ends: End[] = [];
  const { MaxRunMinutes: lease = 0, IdleStopMinutes: idle = 0, Schedule: schedule } = policy;
  if (lease > 0) {
    ends.push({
      at: run.startedAt + lease * minute,
      actor: actorOf(from.MaxRunMinutes, run),
      cause: { reason: 'LEASE', message: `Its lease of ${lease} minutes has ended.` },
    });
  }
  if (idle > 0 && run.hostedAt !== undefined) {
    ends.push({
      // What is noted is the first use of a minute: the last may be a minute later.
      at: Math.max(run.hostedAt, (run.lastUsedAt ?? -minute) + minute) + idle * minute,
      actor: actorOf(from.IdleStopMinutes, run),
      cause: { reason: 'IDLE', message: `It was not used for ${idle} minutes.` },
    });
  }
  const closing = schedule && closingOf(schedule, run.startedAt, now);
  if (closing !== undefined) {
    ends.push({
      at: closing,
      actor: actorOf(from.Schedule, run),
      cause: { reason: 'SCHEDULE', message: 'A window of its schedule has closed.' },
    });
  }
  return ends.sort((a, b) => a.at - b.at)[0];
}

/** When a window closes, or has closed, that ends a run of this beginning. */
function closingOf(schedule: Schedule, startedAt: number, now: number): number | undefined {
  if (!closes(schedule)) return undefined;
  const moment = momentOf(schedule, now);
  if (moment.isOpen) return moment.until;
  if (moment.since !== undefined && moment.since > startedAt) return moment.since;
  return moment.nextOpening === undefined ? undefined : momentOf(schedule, moment.nextOpening).until;
}

/** The first moment (UTC) of the month of a point in time, and of the next. */
export function monthOf(at: number): { readonly from: number; readonly to: number } {
  const date = new Date(at);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  return { from: Date.UTC(year, month), to: Date.UTC(year, month + 1) };
}
