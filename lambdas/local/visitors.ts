import type { IncomingHttpHeaders } from 'node:http';
import { AccessDeniedError } from '../contract/errors.ts';

const own = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * Keeps web pages out, all but this host's own console: a browser on this machine would carry their requests
 * here. A page of another origin says so in `Origin` or in `Sec-Fetch-Site`; one that comes by way of a name
 * that was made to point here says so in `Host`. Where callers must sign, the signature covers the host, and
 * other names are fine.
 * @param opens whether the request opens the console, to which a link may lead from anywhere
 * @throws AccessDeniedError
 */
export function refuseWebPages(headers: IncomingHttpHeaders, signed: boolean, opens = false): void {
  const { origin, host = '' } = headers;
  if (origin !== undefined && !isOf(origin, host))
    throw new AccessDeniedError('Requests from web pages are refused: this request has an Origin header.');
  const site = headers['sec-fetch-site'];
  const isForeign = site !== undefined && site !== 'same-origin' && site !== 'none';
  if (isForeign && !(opens && headers['sec-fetch-mode'] === 'navigate'))
    throw new AccessDeniedError(
      `Requests from other web pages are refused: this request has Sec-Fetch-Site ${site}.`,
    );
  const name = host.replace(/:\d+$/, '').toLowerCase();
  if (signed || own.has(name)) return;
  throw new AccessDeniedError(
    'The Host header must be localhost or 127.0.0.1: others may call only where they must sign ' +
      '(CROWSNEST_KEYS).',
  );
}

/** Whether a page of this origin was served by the host that is called. */
function isOf(origin: string, host: string): boolean {
  const url = URL.parse(origin);
  return (
    url !== null &&
    url.host !== '' &&
    /^https?:$/.test(url.protocol) &&
    origin.toLowerCase() === `${url.protocol}//${host.toLowerCase()}`
  );
}
