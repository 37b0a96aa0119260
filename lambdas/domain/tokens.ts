import { createHash } from 'node:crypto';

/**
 * How long a client token is remembered, in seconds: "An idempotency token is active for 8 hours." (API
 * reference, StartModel)
 */
export const tokenLifetime = 8 * 60 * 60;

/**
 * A digest of the decoded parameters as given, whatever their order or spacing on the wire: JS sends compact
 * JSON, botocore spaces and the caller's order. The token itself is no parameter.
 */
export function fingerprint(input: Readonly<Record<string, unknown>>): string {
  const { ClientToken: _, ...parameters } = input;
  return createHash('sha256').update(canonical(parameters)).digest('hex');
}

function canonical(value: unknown): string {
  if (value instanceof Uint8Array) return `b${createHash('sha256').update(value).digest('hex')}`;
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  members.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`).join(',')}}`;
}
