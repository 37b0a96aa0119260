/** The fields of a wall clock, in one number: what `Date.UTC` would make of them. */
type WallTime = number;

const formats = new Map<string, Intl.DateTimeFormat>();

/** @throws RangeError for what is no time zone */
function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  formats.set(timeZone, made);
  return made;
}

/** Whether the runtime's own data (ICU) knows the zone. An offset is no zone: it has no daylight saving. */
export function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    formatOf(name);
    return true;
  } catch {
    return false;
  }
}

/** What a clock on the wall shows at a point in time (epoch milliseconds). */
export function wallTime(timeZone: string, at: number): WallTime {
  const parts = formatOf(timeZone).formatToParts(at);
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = (
    ['year', 'month', 'day', 'hour', 'minute', 'second'] as const
  ).map((type) => Number(parts.find((part) => part.type === type)?.value));
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

/** Longer than any zone is ahead of or behind itself a moment ago. */
const around = 24 * 3600_000;

/**
 * The point in time (epoch milliseconds) at which a clock on the wall shows this. Of two, when clocks are
 * set back, the earlier one; in the hour that is left out when they are set forward, as much later as is
 * left out. That is what RFC 5545 (3.3.5) has calendars do.
 */
export function pointAt(timeZone: string, wall: WallTime): number {
  const offsetAt = (at: number): number => wallTime(timeZone, at) - at;
  const before = offsetAt(wall - around);
  const after = offsetAt(wall + around);
  const fitting = [wall - before, wall - after]
    .filter((point) => wallTime(timeZone, point) === wall)
    .sort((a, b) => a - b);
  return fitting[0] ?? wall - before;
}
