import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Log } from '../domain/ports.ts';
import { answer } from '../http/early-answer.ts';
import { samplesBucket } from './samples/bucket.ts';

export interface ConsoleFile {
  readonly type: string;
  readonly bytes: Uint8Array;
}

/** By their names below `/console/`; `index.html` is the page. */
export type ConsoleFiles = ReadonlyMap<string, ConsoleFile>;

/** What the page is told of the host that it came from. */
interface Told {
  readonly region: string;
  readonly keys: boolean;
  readonly extensions: boolean;
}

/** Where pictures go that are dragged into the console, unless the person says otherwise. */
export const consoleBucket = 'crowsnest-console';

/**
 * The page runs its own script and style, calls its own host, and shows pictures of its own host and those
 * that it draws. Nothing comes from elsewhere, nothing is sent elsewhere, and no other page can frame it.
 */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const defences = {
  'Content-Security-Policy': policy,
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), microphone=(), geolocation=()',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
};

/** Serves the web console at `/console`, and leads a browser there that asks for the host itself. */
export class ConsoleHost {
  readonly #files: () => Promise<ConsoleFiles>;
  readonly #log: Log;
  readonly #told: string;

  /** @param files awaited at the first request: they may still be being made */
  constructor(files: () => Promise<ConsoleFiles>, log: Log, told: Told) {
    this.#files = files;
    this.#log = log;
    this.#told = JSON.stringify({ ...told, bucket: consoleBucket, samples: samplesBucket });
  }

  /** Whoever signs calls the API or S3; of the rest `/` is the console's for browsers alone. */
  claims({ method, url = '', headers }: IncomingMessage): boolean {
    if ((method !== 'GET' && method !== 'HEAD') || headers.authorization !== undefined) return false;
    const [path = '', query = ''] = url.split('?');
    if (path === '/') return query === '' && (headers.accept ?? '').includes('text/html');
    return path === '/console' || path.startsWith('/console/');
  }

  serve(req: IncomingMessage, res: ServerResponse): void {
    const [path = ''] = (req.url ?? '').split('?');
    if (path === '/' || path === '/console')
      return answer(req, res, { status: 302, headers: { Location: '/console/' }, body: '' });
    const name = path.slice('/console/'.length);
    if (name === 'config.json')
      return answer(req, res, {
        status: 200,
        headers: { ...defences, 'Content-Type': 'application/json', 'Cache-Control': 'no-store' },
        body: this.#told,
      });
    this.#files().then(
      (files) => serveFile(req, res, name === '' ? 'index.html' : name, files),
      (error: unknown) => {
        this.#log.error('the console could not be made', { error });
        plain(req, res, 503, 'The console could not be made; the log says why. The API is served.');
      },
    );
  }
}

function serveFile(req: IncomingMessage, res: ServerResponse, name: string, files: ConsoleFiles): void {
  const file = files.get(name);
  if (file === undefined) return plain(req, res, 404, 'The console has no such file.');
  const { type, bytes } = file;
  // All names but the page's own change with what they name.
  const cache = name === 'index.html' ? 'no-cache' : 'public, max-age=31536000, immutable';
  res.writeHead(200, {
    ...defences,
    'Content-Type': type,
    'Content-Length': bytes.byteLength,
    'Cache-Control': cache,
  });
  res.end(req.method === 'HEAD' ? undefined : bytes);
}

const plain = (req: IncomingMessage, res: ServerResponse, status: number, body: string): void =>
  answer(req, res, { status, headers: { ...defences, 'Content-Type': 'text/plain; charset=utf-8' }, body });
