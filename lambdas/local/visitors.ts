import type { IncomingHttpHeaders } from 'node:http';
import { AccessDeniedError } from '../contract/errors.ts';

const own = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * Keeps web pages out: a browser on this machine would carry their requests here. A page's request says so in
 * `Origin`; one that comes by way of a name that was made to point here says so in `Host`. Where callers must
 * sign, the signature covers the host, and other names are fine.
 * @throws AccessDeniedError
 */
export function refuseWebPages(headers: IncomingHttpHeaders, signed: boolean): void {
  if (headers.origin !== undefined)
    throw new AccessDeniedError('Requests from web pages are refused: this request has an Origin header.');
  const name = (headers.host ?? '').replace(/:\d+$/, '').toLowerCase();
  if (signed || own.has(name)) return;
  throw new AccessDeniedError(
    'The Host header must be localhost or 127.0.0.1: others may call only where they must sign ' +
      '(CROWSNEST_KEYS).',
  );
}
