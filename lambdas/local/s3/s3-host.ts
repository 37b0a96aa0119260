import { randomUUID } from 'node:crypto';
import { statSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { ThrottlingError } from '../../contract/errors.ts';
import { fitsAny } from '../../domain/patterns.ts';
import { LocationRefused, type Clock, type Log } from '../../domain/ports.ts';
import { BodyBudget, Lanes } from '../../http/bounds.ts';
import { answer as answerEarly } from '../../http/early-answer.ts';
import type { HttpResponse } from '../../http/message.ts';
import { perConnection, waiting } from '../../http/node-http.ts';
import type { AccessKey } from '../environment.ts';
import { isCode } from '../folder-paths.ts';
import type { S3Action } from './actions.ts';
import { Body } from './body.ts';
import { BucketFolder } from './bucket-folder.ts';
import type { S3Answer, S3Call } from './call.ts';
import { S3Error } from './errors.ts';
import { s3Request, signedFor } from './request.ts';
import { route } from './routes.ts';
import { S3Signatures, type Signer } from './signature.ts';
import { Uploads } from './uploads.ts';
import { xmlOf } from './xml.ts';

export interface S3Options {
  /** The folder of buckets. */
  readonly root: string;
  readonly keys: readonly AccessKey[];
  readonly region: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Milliseconds without a byte of a body after which no more is believed to come. */
  readonly silence?: number;
}

/** Bytes of a document: a list of 10,000 parts, or of 1,000 keys, is smaller. */
const largestDocument = 4 * 1024 * 1024;

/** Bytes of documents that are held at once. */
const heldDocuments = 64 * 1024 * 1024;

/** S3's REST API for the buckets of a data folder, path style, on the port of the service. */
export class S3Host {
  readonly #options: S3Options;
  readonly #objects: BucketFolder;
  readonly #uploads: Uploads;
  readonly #signatures: S3Signatures | undefined;
  readonly #budget = new BodyBudget(heldDocuments);
  readonly #lanes: Lanes;

  constructor(options: S3Options) {
    const { root, keys, region, clock, log } = options;
    this.#options = options;
    this.#objects = new BucketFolder(root);
    this.#uploads = new Uploads(this.#objects, clock);
    this.#signatures = keys.length === 0 ? undefined : new S3Signatures(keys, region, clock);
    this.#lanes = new Lanes(perConnection, waiting, () =>
      log.event('transport.refused', { kind: 'tooManyWaiting' }),
    );
  }

  /**
   * Whether a request is for S3. Its signature says so; one without a signature is, on a host without keys,
   * if its path begins with the name of a bucket that is there, and not with the version of the service's
   * API.
   */
  claims(req: IncomingMessage): boolean {
    const service = signedFor(req);
    if (service !== undefined) return service === 's3';
    if (this.#signatures !== undefined) return false;
    const [, bucket] = /^\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:[/?]|$)/.exec(req.url ?? '') ?? [];
    if (bucket === undefined || ['2020-11-20', 'health', 'console'].includes(bucket)) return false;
    return statSync(join(this.#options.root, bucket), { throwIfNoEntry: false })?.isDirectory() === true;
  }

  serve(req: IncomingMessage, res: ServerResponse): void {
    this.#lanes.run(req.socket, () => this.#serve(req, res, randomUUID()));
  }

  /** @param error why the host serves no such caller */
  refuse(req: IncomingMessage, res: ServerResponse, error: Error): void {
    answerEarly(req, res, refusal(new S3Error('AccessDenied', error.message), req.url ?? '', randomUUID()));
  }

  async #serve(req: IncomingMessage, res: ServerResponse, requestId: string): Promise<void> {
    const { log } = this.#options;
    try {
      await send(req, res, await this.#answer(req), requestId);
    } catch (error) {
      if (res.headersSent || (req.destroyed && !req.complete)) {
        log.event('transport.refused', { requestId, kind: 'aborted' });
        return void res.destroy(); // the caller has gone, or has a part of the answer
      }
      const known = knownError(error);
      if (known === undefined) log.event('host.failed', { requestId, error });
      answerEarly(req, res, refusal(known ?? unforeseen(error), req.url ?? '', requestId));
    }
  }

  async #answer(req: IncomingMessage): Promise<S3Answer> {
    const request = s3Request(req);
    const signer = this.#signatures?.verify(request);
    const { region, silence = 30_000 } = this.#options;
    const bodyOf = (limit?: number): Body => new Body(req, request, signer?.chunks, silence, limit);
    const call: S3Call = {
      request,
      objects: this.#objects,
      uploads: this.#uploads,
      region,
      body: bodyOf(),
      document: () => this.#document(bodyOf(largestDocument)),
      authorize: (action, bucket = request.bucket) => authorize(signer, action, bucket),
      reaches: (bucket) => signer === undefined || fitsAny(signer.key.buckets, bucket),
    };
    return route(call);
  }

  async #document(body: Body): Promise<string> {
    const pieces: Uint8Array[] = [];
    let held = 0;
    try {
      await body.read((bytes) => {
        this.#budget.take(bytes.length);
        held += bytes.length;
        return Promise.resolve(pieces.push(bytes));
      });
      return Buffer.concat(pieces).toString();
    } finally {
      this.#budget.giveBack(held);
    }
  }
}

function authorize(signer: Signer | undefined, action: S3Action, bucket: string): void {
  if (signer === undefined) return;
  const { actions, buckets, name } = signer.key;
  if (fitsAny(actions, action) && (action === 's3:ListAllMyBuckets' || fitsAny(buckets, bucket))) return;
  throw new S3Error(
    'AccessDenied',
    `User: ${name} is not authorized to perform: ${action} on resource: "arn:aws:s3:::${bucket}".`,
  );
}

function knownError(error: unknown): S3Error | undefined {
  if (error instanceof S3Error) return error;
  if (error instanceof LocationRefused) return new S3Error('InvalidArgument', error.message);
  if (error instanceof ThrottlingError) return new S3Error('SlowDown', error.message);
  if (isCode(error, 'ENAMETOOLONG'))
    return new S3Error('KeyTooLongError', 'The key is longer than the file system can hold.');
  return undefined;
}

/** As the API answers while its disk is full or gone (docs/running.md). */
const unforeseen = (error: unknown): S3Error =>
  isCode(error, 'ENOSPC', 'EDQUOT', 'EROFS')
    ? new S3Error('ServiceUnavailable', 'The data folder cannot be written now. Try again.')
    : new S3Error('InternalError', 'We encountered an internal error. Please try again.');

function refusal(error: S3Error, url: string, requestId: string): HttpResponse {
  const { code, message, status, details } = error;
  const [Resource = ''] = url.split('?');
  const isEmpty = status === 304;
  return {
    status,
    headers: {
      'x-amz-request-id': requestId,
      ...(isEmpty ? { ETag: details['ETag'] ?? '' } : { 'Content-Type': 'application/xml' }),
      ...(status === 429 && { 'Retry-After': '1' }),
      ...(details['Region'] !== undefined && { 'x-amz-bucket-region': details['Region'] }),
      ...(details['ActualObjectSize'] !== undefined && {
        'Content-Range': `bytes */${details['ActualObjectSize']}`,
      }),
    },
    body: isEmpty
      ? ''
      : xmlOf('Error', { Code: code, Message: message, ...details, Resource, RequestId: requestId }),
  };
}

async function send(
  req: IncomingMessage,
  res: ServerResponse,
  { status, headers, body = '', file }: S3Answer,
  requestId: string,
): Promise<void> {
  const all = { ...headers, 'x-amz-request-id': requestId };
  if (file === undefined) {
    // An answer to HEAD tells the length of what GET would bring.
    if (headers['Content-Length'] === undefined) return answerEarly(req, res, { status, headers: all, body });
    res.writeHead(status, all).end();
    return;
  }
  const { handle, range } = file;
  const bytes = handle.createReadStream(
    range === undefined ? { start: 0 } : { start: range.from, end: range.to },
  );
  res.writeHead(status, all);
  await pipeline(bytes, res);
}
