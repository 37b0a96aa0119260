import type { Log, LogFields } from './ports.ts';

type Level = 'info' | 'warn' | 'error';

/**
 * One line of JSON for each event: JSON escapes what could forge a line. Pictures and credentials are never
 * among the fields.
 */
export function createLog(
  write: (line: string) => void,
  fields: LogFields = {},
  now: () => number = Date.now,
): Log {
  const line =
    (level: Level) =>
    (message: string, more: LogFields = {}): void => {
      write(
        JSON.stringify({ time: new Date(now()).toISOString(), level, message, ...fields, ...more }, whole),
      );
    };
  return {
    info: line('info'),
    warn: line('warn'),
    error: line('error'),
    with: (more) => createLog(write, { ...fields, ...more }, now),
  };
}

/** Errors are logged whole, with what caused them; bytes are not. */
function whole(_key: string, value: unknown): unknown {
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
