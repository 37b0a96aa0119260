import { weekdays, type scheduleActions } from '../contract/policies.ts';
import { pointAt, wallTime } from './time-zone.ts';

export interface Window {
  readonly Days: readonly (typeof weekdays)[number][];
  /** `HH:MM`, by the clock of the zone. */
  readonly Start: string;
  /** `HH:MM` up to `24:00`; not after `Start` means on the next day. */
  readonly End: string;
}

/** When a model is to run, by the week. */
export interface Schedule {
  /** An IANA name. */
  readonly TimeZone: string;
  readonly Windows: readonly Window[];
  readonly Action: (typeof scheduleActions)[number];
}

export const opens = ({ Action }: Schedule): boolean => Action === 'START' || Action === 'START_AND_STOP';
export const closes = ({ Action }: Schedule): boolean => Action === 'STOP' || Action === 'START_AND_STOP';

interface Span {
  readonly from: number;
  readonly to: number;
}

const day = 24 * 3600_000;

const minutesOf = (time: string): number => {
  const [hours, minutes] = time.split(':').map(Number);
  return (hours ?? 0) * 60 + (minutes ?? 0);
};

/**
 * The windows that touch the eight days before and after a point in time, as spans of it: those that
 * overlap or follow on one another are one. A window keeps to the clock of its zone: on the day when clocks
 * change it is an hour shorter or longer.
 */
function spansAround({ TimeZone, Windows }: Schedule, at: number): Span[] {
  const today = Math.floor(wallTime(TimeZone, at) / day);
  const spans: Span[] = [];
  for (let date = today - 8; date <= today + 8; date += 1) {
    const weekday = weekdays[new Date(date * day).getUTCDay()];
    for (const { Days, Start, End } of Windows) {
      if (weekday === undefined || !Days.includes(weekday)) continue;
      const [start, end] = [minutesOf(Start), minutesOf(End)];
      const from = pointAt(TimeZone, date * day + start * 60_000);
      const to = pointAt(TimeZone, date * day + end * 60_000 + (end > start ? 0 : day));
      if (to > from) spans.push({ from, to });
    }
  }
  spans.sort((a, b) => a.from - b.from);
  const joined: Span[] = [];
  for (const span of spans) {
    const last = joined.at(-1);
    if (last === undefined || span.from > last.to) joined.push(span);
    else joined[joined.length - 1] = { from: last.from, to: Math.max(last.to, span.to) };
  }
  return joined;
}

/** Where a point in time stands in a schedule, in epoch milliseconds. */
export interface Moment {
  readonly isOpen: boolean;
  /**
   * When the window that is open was opened, or the time between windows began. Absent: longer than a week
   * ago.
   */
  readonly since?: number;
  /** When that changes. Absent: not within a week. */
  readonly until?: number;
  /** When the next window opens, after this point. */
  readonly nextOpening?: number;
}

export function momentOf(schedule: Schedule, at: number): Moment {
  const spans = spansAround(schedule, at);
  const open = spans.find(({ from, to }) => from <= at && at < to);
  const next = spans.find(({ from }) => from > at)?.from;
  const coming = next !== undefined && { nextOpening: next };
  // A schedule without a gap never closes: its ends are only those of what was looked at.
  const bounded = (point: number): boolean => Math.abs(point - at) < 8 * day;
  if (open !== undefined) {
    return {
      isOpen: true,
      ...(bounded(open.from) && { since: open.from }),
      ...(bounded(open.to) && { until: open.to }),
      ...coming,
    };
  }
  const last = spans.findLast(({ to }) => to <= at)?.to;
  return {
    isOpen: false,
    ...(last !== undefined && { since: last }),
    ...(next !== undefined && { until: next }),
    ...coming,
  };
}
