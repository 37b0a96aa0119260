import { randomUUID } from 'node:crypto';
import type { IncomingMessage, RequestListener } from 'node:http';
import { InternalError, ServiceError, ValidationError } from '../contract/errors.ts';
import { operations, type OperationName } from '../contract/operations.ts';
import type { Log } from '../domain/ports.ts';
import { shapeOf } from './decode.ts';
import { answer } from './early-answer.ts';
import type { HttpResponse } from './message.ts';
import { dispatch, refusal, unknownOperation, type Service } from './pipeline.ts';
import { decode, match } from './routes.ts';

/** A request as it came over the socket: what a signature is computed over. */
export interface RawRequest {
  readonly method: string;
  /** Percent-encoded, without the query. */
  readonly path: string;
  readonly query: readonly (readonly [name: string, value: string])[];
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Uint8Array;
}

export interface NodeHost {
  readonly service: Service;
  readonly log: Log;
  /** @throws AccessDeniedError */
  authenticate(
    request: RawRequest,
    operation: OperationName,
    labels: Readonly<Record<string, string>>,
  ): string | Promise<string>;
}

/** Our own pipeline behind node's own server: as fast as a framework, and no second router. */
export const listener =
  (host: NodeHost): RequestListener =>
  (req, res) => {
    const requestId = randomUUID();
    serve(host, req, requestId).then(
      (response) => answer(req, res, response),
      (error: unknown) => {
        // the caller has gone; there is nobody to answer
        if (req.destroyed && !req.complete) return void res.destroy();
        const known = error instanceof ServiceError ? error : undefined;
        if (known === undefined) host.log.event('host.failed', { requestId, error });
        answer(req, res, refusal(known ?? new InternalError(), requestId));
      },
    );
  };

async function serve(host: NodeHost, req: IncomingMessage, requestId: string): Promise<HttpResponse> {
  const method = req.method ?? '';
  const [path, search] = split(req.url ?? '');
  const matched = match(method, path);
  if (!('name' in matched)) return unknownOperation(requestId, matched.allowed);
  const body = await readBody(req, bodyLimit(matched.name, host.service));
  const headers = Object.fromEntries(
    Object.entries(req.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : value,
    ]),
  );
  const query = parseQuery(search);
  return dispatch(
    host.service,
    matched.name,
    { labels: matched.labels, query, headers, body },
    {
      requestId,
      log: host.log,
      caller: (operation) =>
        host.authenticate({ method, path, query, headers, body }, operation, matched.labels),
    },
  );
}

function split(url: string): [string, string] {
  const mark = url.indexOf('?');
  return mark < 0 ? [url, ''] : [url.slice(0, mark), url.slice(mark + 1)];
}

/** `+` is a plus sign, as SigV4 and both SDKs have it, not a space. */
const parseQuery = (search: string): [string, string][] =>
  search
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const mark = pair.indexOf('=');
      return mark < 0 ? [decode(pair), ''] : [decode(pair.slice(0, mark)), decode(pair.slice(mark + 1))];
    });

interface BodyLimit {
  readonly bytes: number;
  readonly what: string;
}

function bodyLimit(
  name: OperationName,
  {
    context: {
      settings: { limits },
    },
  }: Service,
): BodyLimit {
  const shape = shapeOf(operations[name].input);
  const raw =
    shape.type === 'structure' && Object.values(shape.members).some(({ in: place }) => place === 'raw');
  return raw ? { bytes: limits.picture, what: 'picture' } : { bytes: limits.body, what: 'request body' };
}

/**
 * @throws ValidationError as soon as the limit is passed, whether the length was announced or the body comes
 *   in chunks; what is left is not read
 */
async function readBody(req: IncomingMessage, { bytes: limit, what }: BodyLimit): Promise<Uint8Array> {
  const tooLarge = (): Error =>
    new ValidationError(
      `The ${what} is larger than the ${limit} bytes that this deployment takes. Send a smaller one.`,
    );
  if (Number(req.headers['content-length'] ?? 0) > limit) throw tooLarge();
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  const chunks: Buffer[] = [];
  let size = 0;
  const take = (chunk: Buffer): void => {
    size += chunk.length;
    chunks.push(chunk);
    if (size > limit) reject(tooLarge());
  };
  // Events and not an iterator, which costs as much as the rest of a small request.
  req.on('data', take).once('end', resolve).once('error', reject);
  try {
    await promise;
    return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, size);
  } finally {
    req.off('data', take);
  }
}
