import { randomUUID } from 'node:crypto';
import type { IncomingMessage, RequestListener } from 'node:http';
import { InternalError, ServiceError, ValidationError } from '../contract/errors.ts';
import { operations, type OperationName } from '../contract/operations.ts';
import type { Log } from '../domain/ports.ts';
import { shapeOf } from './decode.ts';
import { BodyBudget, Lanes } from './bounds.ts';
import { answer } from './early-answer.ts';
import type { HttpResponse } from './message.ts';
import { dispatch, refusal, unknownOperation, type Caller, type Service } from './pipeline.ts';
import { decode, match } from './routes.ts';
import { transportRefusal } from './transport.ts';

/** A request as it came over the socket: what a signature is computed over. */
export interface RawRequest {
  readonly method: string;
  /** Percent-encoded, without the query. */
  readonly path: string;
  readonly query: readonly (readonly [name: string, value: string])[];
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Uint8Array;
}

/** What is known of a request before its body has come. */
export type RequestHead = Omit<RawRequest, 'body'>;

export interface NodeHost {
  readonly service: Service;
  readonly log: Log;
  /**
   * Judges what the headers tell, so that nobody's body is read who may not send it.
   * @throws AccessDeniedError
   */
  admit?(head: RequestHead, operation: OperationName, labels: Readonly<Record<string, string>>): void;
  /** @throws AccessDeniedError */
  authenticate(
    request: RawRequest,
    operation: OperationName,
    labels: Readonly<Record<string, string>>,
  ): Caller | Promise<Caller>;
}

/** Requests of one connection that are under way at once; browsers and SDKs send one at a time. */
export const perConnection = 8;

/** Requests of all connections that wait for those before them; each takes some ten kilobytes. */
export const waiting = 10_000;

/** Bytes of bodies that are held at once: some thirty of the largest pictures. */
const heldBytes = 256 * 1024 * 1024;

/** Milliseconds without a byte of a body after which no more is believed to come. */
const silence = 30_000;

/** A body of which nothing came for too long. */
class Silent extends Error {
  override readonly name = 'Silent';
}

/** Our own pipeline behind node's own server: as fast as a framework, and no second router. */
export function listener(
  host: NodeHost,
  bounds = { perConnection, waiting, heldBytes, silence },
): RequestListener {
  const lanes = new Lanes(bounds.perConnection, bounds.waiting, () =>
    host.log.event('transport.refused', { kind: 'tooManyWaiting' }),
  );
  const budget = new BodyBudget(bounds.heldBytes);
  return (req, res) => {
    const requestId = randomUUID();
    const work = async (): Promise<void> => {
      try {
        answer(req, res, await serve(host, req, requestId, new Body(budget, bounds.silence)));
      } catch (error) {
        // the caller has gone; there is nobody to answer
        if (req.destroyed && !req.complete) {
          host.log.event('transport.refused', { requestId, kind: 'aborted' });
          return void res.destroy();
        }
        if (error instanceof Silent) {
          host.log.event('transport.refused', { requestId, kind: 'silent' });
          return answer(req, res, transportRefusal('silent', requestId));
        }
        const known = error instanceof ServiceError ? error : undefined;
        if (known === undefined) host.log.event('host.failed', { requestId, error });
        answer(req, res, refusal(known ?? new InternalError(), requestId));
      }
    };
    lanes.run(req.socket, work);
  };
}

async function serve(
  host: NodeHost,
  req: IncomingMessage,
  requestId: string,
  body: Body,
): Promise<HttpResponse> {
  const method = req.method ?? '';
  const [path, search] = split(req.url ?? '');
  const matched = match(method, path);
  if (!('name' in matched)) return unknownOperation(requestId, matched.allowed);
  const headers = Object.fromEntries(
    Object.entries(req.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : value,
    ]),
  );
  const head: RequestHead = { method, path, query: parseQuery(search), headers };
  host.admit?.(head, matched.name, matched.labels);
  try {
    const bytes = await body.read(req, bodyLimit(matched.name, host.service));
    return await dispatch(
      host.service,
      matched.name,
      { labels: matched.labels, query: head.query, headers, body: bytes },
      {
        requestId,
        log: host.log,
        address: req.socket.remoteAddress,
        caller: (operation) => host.authenticate({ ...head, body: bytes }, operation, matched.labels),
      },
    );
  } finally {
    body.release();
  }
}

/** A URL's path and query, both as they came. */
export function split(url: string): [string, string] {
  const mark = url.indexOf('?');
  return mark < 0 ? [url, ''] : [url.slice(0, mark), url.slice(mark + 1)];
}

/** `+` is a plus sign, as SigV4 and both SDKs have it, not a space. */
export const parseQuery = (search: string): [string, string][] =>
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

/** A request's body while it is held. */
class Body {
  readonly #budget: BodyBudget;
  readonly #silence: number;
  #held = 0;

  constructor(budget: BodyBudget, silence: number) {
    this.#budget = budget;
    this.#silence = silence;
  }

  /**
   * Reads it, however long that takes while bytes keep coming.
   * @throws ValidationError as soon as the limit is passed, whether the length was announced or the body
   *   comes in chunks; ThrottlingError if this host holds too much already; Silent. What is left is not read.
   */
  async read(req: IncomingMessage, { bytes: limit, what }: BodyLimit): Promise<Uint8Array> {
    const tooLarge = (): Error =>
      new ValidationError(
        `The ${what} is larger than the ${limit} bytes that this deployment takes. Send a smaller one.`,
      );
    if (Number(req.headers['content-length'] ?? 0) > limit) throw tooLarge();
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    const silent = setTimeout(() => reject(new Silent()), this.#silence);
    const chunks: Buffer[] = [];
    let size = 0;
    const take = (chunk: Buffer): void => {
      silent.refresh();
      size += chunk.length;
      if (size > limit) return reject(tooLarge());
      try {
        this.#budget.take(chunk.length);
      } catch (error) {
        return reject(error);
      }
      this.#held += chunk.length;
      chunks.push(chunk);
    };
    // Events and not an iterator, which costs as much as the rest of a small request.
    req.on('data', take).once('end', resolve).once('error', reject);
    try {
      await promise;
      return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, size);
    } finally {
      clearTimeout(silent);
      req.off('data', take);
    }
  }

  release(): void {
    this.#budget.giveBack(this.#held);
    this.#held = 0;
  }
}
