import { events, type EventCode, type EventRow } from '../contract/events.ts';
import type { Log, LogFields } from './ports.ts';

/**
 * What a host adds to the line of an event that counts something: its metrics, where they travel in the log.
 */
export type Measure = (metrics: Readonly<Record<string, number>>, now: number) => LogFields;

/**
 * One line of JSON for each event: JSON escapes what could forge a line. Pictures and credentials are never
 * among the fields.
 */
export function createLog(
  write: (line: string) => void,
  fields: LogFields = {},
  now: () => number = Date.now,
  measure: Measure = () => ({}),
): Log {
  const line = (level: EventRow['level'], message: string, more: LogFields, at = now()): void => {
    write(JSON.stringify({ time: new Date(at).toISOString(), level, message, ...fields, ...more }, whole));
  };
  return {
    info: (message, more = {}) => line('info', message, more),
    warn: (message, more = {}) => line('warn', message, more),
    error: (message, more = {}) => line('error', message, more),
    event: (code, more = {}) => {
      const { level, says } = events[code];
      const at = now();
      const metrics = metricsOf(code, more);
      line(level, says, { code, ...more, ...(metrics !== undefined && measure(metrics, at)) }, at);
    },
    with: (more) => createLog(write, { ...fields, ...more }, now, measure),
  };
}

function metricsOf(code: EventCode, fields: LogFields): Readonly<Record<string, number>> | undefined {
  const { metrics }: EventRow = events[code];
  if (metrics === undefined) return undefined;
  return Object.fromEntries(
    Object.entries(metrics).map(([name, value]) => [
      name,
      typeof value === 'number' ? value : Number(fields[value]),
    ]),
  );
}

/** A field has at most so many characters: a stack and its causes fit, a body does not. */
const longestField = 8192;

/**
 * Errors are logged whole, with what caused them; bytes are not. Characters that would move a terminal's
 * cursor or turn the direction of a line, and that JSON leaves as they are, become question marks.
 */
function whole(_key: string, value: unknown): unknown {
  if (typeof value === 'string') {
    const text = value.replace(/[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, '?');
    return text.length > longestField
      ? `${text.slice(0, longestField)}... (${text.length} characters)`
      : text;
  }
  if (value instanceof Error)
    return {
      name: value.name,
      message: value.message,
      stack: value.stack,
      ...(value.cause !== undefined && { cause: value.cause }),
    };
  if (value instanceof Uint8Array) return `${value.byteLength} bytes`;
  return value;
}
