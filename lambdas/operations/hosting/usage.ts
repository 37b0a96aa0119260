import type { Value } from '../../contract/shapes.ts';
import { violation } from '../../contract/violations.ts';
import { monthOf } from '../../domain/hosting-policy.ts';
import type { Deployment } from '../../domain/model.ts';
import type { Call, Operation, ReadContext } from '../context.ts';
import { readToken, writeToken } from '../paging.ts';
import { isReached } from '../reach.ts';
import { billOf } from './runs.ts';

type Group = Value<'UsageGroup'>;

/** Records of runs are kept as long, in milliseconds. */
const longestSpan = 400 * 24 * 3600_000;
/** Rows of one page, unless told otherwise. */
const usualPage = 1000;
const cursor = /^[0-9]{1,9}$/;

/**
 * What hosting came to: whole unit-minutes and their cost, of every run that anybody can still tell of, by
 * project or model, and by month or day (UTC). Sums of finer rows are the coarser ones, to the minute.
 */
export const GetUsage: Operation<'GetUsage'> = async (input, ctx, call) => {
  const groups = input.GroupBy ?? [];
  const of = one(groups, ['PROJECT', 'MODEL']) ?? 'PROJECT';
  const by = one(groups, ['MONTH', 'DAY']);
  const now = ctx.clock.now();
  const to = input.To ?? now;
  const from = input.From ?? monthOf(Math.min(to, now)).from;
  if (from >= to) throw violation('from', 'Member must be before to');
  if (to - from > longestSpan) throw violation('from', 'Member must be at most 400 days before to');
  const scope = ['GetUsage', ...groups, String(input.From ?? ''), String(input.To ?? '')];
  const after = Number(readToken(input.NextToken, scope, cursor) ?? 0);

  const rows = new Map<string, Sum>();
  for await (const run of runs(ctx, call)) {
    const end = run.releasedAt ?? run.endedAt ?? now;
    if (run.hostedAt === undefined || run.hostedAt >= to || end <= from) continue;
    for (const span of spans(by, Math.max(from, run.hostedAt), Math.min(to, end))) {
      const name = {
        ProjectName: run.project,
        ...(of === 'MODEL' && { ModelVersion: run.version }),
        ...(span.period !== undefined && { Period: span.period }),
      };
      // The first span of a run begins where the question does, so that a run's spans add up to the whole.
      add(rows, name, billOf(run, ctx, span.from, span.to));
    }
  }
  const sorted = [...rows.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, sum]) => sum.shown());
  const size = input.MaxResults ?? usualPage;
  const page = sorted.slice(after, after + size);
  return {
    Usage: page,
    ...(after + size < sorted.length && { NextToken: writeToken(scope, String(after + size)) }),
  };
};

function one(groups: readonly Group[], kind: readonly Group[]): Group | undefined {
  const [first, more] = groups.filter((group) => kind.includes(group));
  if (more !== undefined) throw violation('groupBy', `Member must have at most one of: ${kind.join(', ')}`);
  return first;
}

/** Of every project that there is or was, as far as the caller can reach. */
async function* runs({ store }: ReadContext, { reach }: Call): AsyncGenerator<Deployment> {
  for await (const name of store.projects.everyName())
    if (isReached(reach, name)) yield* store.deployments.ofProject(name);
}

const dayOf = (at: number): number => new Date(at).setUTCHours(0, 0, 0, 0);

interface Span {
  readonly from: number;
  readonly to: number;
  readonly period?: string;
}

/** The months or days that a time touches, each as far as it is within. */
function* spans(by: Group | undefined, from: number, to: number): Generator<Span> {
  if (by === undefined) {
    yield { from, to };
    return;
  }
  let start = from;
  while (start < to) {
    const next = by === 'DAY' ? dayOf(start) + 24 * 3600_000 : monthOf(start).to;
    const period = new Date(start).toISOString().slice(0, by === 'DAY' ? 10 : 7);
    yield { from: start, to: Math.min(next, to), period };
    start = next;
  }
}

type Name = Pick<Value<'Usage'>, 'ProjectName' | 'ModelVersion' | 'Period'>;

/** One row of the answer. A cost is told only where every run's is known, in one currency. */
class Sum {
  readonly #name: Name;
  #minutes = 0;
  #runs = 0;
  #cost: number | undefined = 0;
  #currency: string | undefined;

  constructor(name: Name) {
    this.#name = name;
  }

  add({ UnitMinutes, Cost, Currency }: ReturnType<typeof billOf>): void {
    this.#minutes += UnitMinutes;
    this.#runs += 1;
    const same = this.#currency === undefined || this.#currency === Currency;
    this.#cost =
      Cost === undefined || this.#cost === undefined || !same
        ? undefined
        : Math.round((this.#cost + Cost) * 1e6) / 1e6;
    this.#currency ??= Currency;
  }

  shown(): Value<'Usage'> {
    return {
      ...this.#name,
      Runs: this.#runs,
      UnitMinutes: this.#minutes,
      ...(this.#cost !== undefined &&
        this.#currency !== undefined && { Cost: this.#cost, Currency: this.#currency }),
    };
  }
}

function add(rows: Map<string, Sum>, name: Name, bill: ReturnType<typeof billOf>): void {
  const key = [name.ProjectName, name.ModelVersion?.padStart(10, '0'), name.Period].join('/');
  const sum = rows.get(key) ?? new Sum(name);
  sum.add(bill);
  rows.set(key, sum);
}
