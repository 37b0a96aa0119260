import type { EndReason, Rates, RunStatus, UnitRate } from '../contract/runs.ts';
import type { ArtifactFormat, Deployment, Units } from './model.ts';

/** The rate of a run as it was when its resources were made: later prices do not change what it cost. */
export interface RunRate extends UnitRate {
  readonly currency: string;
}

/** From `at` (epoch milliseconds) on, a run has these units. */
export interface UnitChange extends Units {
  readonly at: number;
  /** How many are paid for: those that serve, or the least, where the engine does not tell. */
  readonly count: number;
}

/** One step of a run, as its record tells it. */
export interface RunEvent {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly status: RunStatus;
  /** Who brought it about: a caller's ARN or name, `policy:<which>`, or `engine`. */
  readonly actor: string;
  readonly message?: string;
  /** The units from then on, where the step changed them. */
  readonly units?: Units;
}

/** Why a model is being stopped or started by a policy, as its operation says it. */
export interface Cause {
  readonly reason: EndReason;
  /** One sentence for StatusMessage. */
  readonly message: string;
}

/** Who started a model that a picture has waked. */
export const wakeActor = 'policy:wake';

/** Of what the engine does by itself. */
export const engineActor = 'engine';

/** A clock may be set back: what is noted later never stands before what was noted earlier. */
export const notBefore = (now: number, earlier: number | undefined): number => Math.max(now, earlier ?? now);

/** So many steps a run's row keeps: a row has at most 400 KB. */
export const mostEvents = 1000;

/** The units that a run began with. */
export const firstUnits = (units: Units, at: number): UnitChange => ({ at, ...units, count: units.min });

type Meter = Pick<Deployment, 'units' | 'startedAt' | 'hostedAt' | 'releasedAt' | 'endedAt' | 'unitHistory'>;

const historyOf = ({ unitHistory, units, startedAt }: Meter): readonly UnitChange[] =>
  unitHistory ?? [firstUnits(units, startedAt)];

/** When a run stopped, or will have stopped, being paid for. */
const meteredUntil = ({ releasedAt, endedAt }: Meter, now: number): number =>
  Math.min(releasedAt ?? endedAt ?? now, endedAt ?? Infinity);

/**
 * Unit-milliseconds from the beginning of a run up to `to`: nothing before it served, nothing after its
 * release.
 */
function metered(run: Meter, to: number, now: number): number {
  const { hostedAt } = run;
  if (hostedAt === undefined) return 0;
  const end = Math.min(to, meteredUntil(run, now));
  const history = historyOf(run);
  let sum = 0;
  let from = hostedAt;
  history.forEach(({ count }, index) => {
    const until = Math.min(end, history[index + 1]?.at ?? end);
    if (until <= from) return;
    sum += (until - from) * count;
    from = until;
  });
  return sum;
}

/**
 * Whole unit-minutes of a run between two points in time (epoch milliseconds). What is counted up to a
 * point is rounded, and a span is the difference of two such counts: so days add up to months, and months
 * to the run.
 */
export function unitMinutes(run: Meter, from: number, to: number, now: number): number {
  const upTo = (point: number): number => Math.round(metered(run, point, now) / 60_000);
  return upTo(to) - upTo(from);
}

/** Up to so many changes of units a row keeps as they were. */
const mostChanges = 300;
const day = 24 * 3600_000;
const dayOf = (at: number): number => Math.floor(at / day);

/**
 * The history with one more change. When it has grown long, whole days (UTC) before the last one become their
 * averages: the figures of each day stay what they are.
 */
export function withUnits(run: Meter, change: UnitChange): readonly UnitChange[] {
  const history = historyOf(run);
  const at = notBefore(change.at, history.at(-1)?.at);
  const longer = [...history, { ...change, at }];
  return longer.length <= mostChanges ? longer : averaged(longer, run.hostedAt ?? run.startedAt);
}

function averaged(history: readonly UnitChange[], hostedAt: number): readonly UnitChange[] {
  const last = dayOf(history.at(-1)?.at ?? 0);
  const kept: UnitChange[] = [];
  const first = dayOf(Math.max(hostedAt, history[0]?.at ?? 0));
  for (let each = first; each < last; each += 1) {
    const from = Math.max(each * day, hostedAt);
    const to = (each + 1) * day;
    const within = history.filter(({ at }, index) => at < to && (history[index + 1]?.at ?? Infinity) > from);
    const sum = within.reduce((total, { at, count }, index) => {
      const until = Math.min(within[index + 1]?.at ?? to, to);
      return total + Math.max(0, until - Math.max(at, from)) * count;
    }, 0);
    const final = within.at(-1);
    if (final !== undefined)
      kept.push({ ...final, at: each === first ? (history[0]?.at ?? from) : from, count: sum / (to - from) });
  }
  const before = history.findLast(({ at }) => dayOf(at) < last);
  const rest = history.filter(({ at }) => dayOf(at) >= last);
  const midnight = last * day;
  const carried = before === undefined || rest[0]?.at === midnight ? [] : [{ ...before, at: midnight }];
  return [...kept, ...carried, ...rest];
}

/** What units cost in a stage. Rows of 0.1 do not say what they host: in AWS that was always SageMaker's. */
export function rateOf(rates: Rates, format?: ArtifactFormat): RunRate | undefined {
  const rate = rates[format ?? (rates.sagemaker === undefined ? 'onnx' : 'sagemaker')];
  return rate && { ...rate, currency: rates.currency };
}

/** What unit-minutes cost at a rate, to the millionth. Undefined where the price is not known. */
export const costOf = (minutes: number, rate: Pick<UnitRate, 'perHour'> | undefined): number | undefined =>
  rate?.perHour === undefined ? undefined : Math.round((minutes * rate.perHour * 1e6) / 60) / 1e6;
