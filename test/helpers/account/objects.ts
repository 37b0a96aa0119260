import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { ObjectLocation } from '../../../lambdas/domain/ports.ts';
import type { Wish } from './policies.ts';

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

interface S3Request {
  readonly method: string;
  readonly bucket: string;
  readonly key: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

const tagOf = (bytes: Uint8Array): string => `"${createHash('md5').update(bytes).digest('hex')}"`;
const refusal = (status: number, code: string, message = code): Answer => ({
  status,
  headers: { 'content-type': 'application/xml' },
  body: `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`,
});
const xml = (body: string): Answer => ({
  status: 200,
  headers: { 'content-type': 'application/xml' },
  body: `<?xml version="1.0"?>${body}`,
});

/**
 * S3 as far as this project asks for it, by path (`/bucket/key`): objects, ranges, copies, listing and
 * deleting many.
 */
export class FakeObjects {
  readonly buckets = new Set<string>();
  /** Buckets whose own policies deny. */
  readonly closed = new Set<string>();
  /** By `bucket/key`. */
  readonly files = new Map<string, Uint8Array>();

  text({ bucket, key }: ObjectLocation): string | undefined {
    const bytes = this.files.get(`${bucket}/${key}`);
    return bytes && Buffer.from(bytes).toString();
  }

  write({ bucket, key }: ObjectLocation, content: Uint8Array | string): void {
    this.files.set(`${bucket}/${key}`, Buffer.from(content));
  }

  static parse(req: IncomingMessage, body: Buffer): S3Request {
    const url = new URL(req.url ?? '/', 'http://s3');
    const [, bucket = '', ...key] = url.pathname.split('/').map(decodeURIComponent);
    return {
      method: req.method ?? '',
      bucket,
      key: key.join('/'),
      query: url.searchParams,
      headers: req.headers,
      body,
    };
  }

  /** What a request needs the right for. */
  static wishes({ method, bucket, key, query, headers, body }: S3Request): Wish[] {
    const wish = (action: string, name = key): Wish => ({
      action: `s3:${action}`,
      resource: `arn:aws:s3:::${bucket}${name === '' ? '' : `/${name}`}`,
    });
    if (method === 'GET' && key === '') return [wish('ListBucket')];
    if (method === 'GET' || method === 'HEAD')
      return [wish(query.has('versionId') ? 'GetObjectVersion' : 'GetObject')];
    if (method === 'PUT') {
      const source = headers['x-amz-copy-source'];
      return [
        wish('PutObject'),
        ...(source === undefined
          ? []
          : [{ action: 's3:GetObject', resource: `arn:aws:s3:::${decodeURIComponent(String(source))}` }]),
      ];
    }
    return keysIn(body).map((name) => wish('DeleteObject', name));
  }

  /** @param mayList whether the caller may learn that there is no such object */
  answer(
    { method, bucket, key, query, headers, body }: S3Request,
    mayList: (bucket: string) => boolean,
  ): Answer {
    if (this.closed.has(bucket)) return refusal(403, 'AccessDenied', 'Access Denied');
    if (!this.buckets.has(bucket)) return refusal(404, 'NoSuchBucket');
    const path = `${bucket}/${key}`;
    const missing = (of: string): Answer =>
      mayList(of) ? refusal(404, 'NoSuchKey') : refusal(403, 'AccessDenied', 'Access Denied');
    switch (method) {
      case 'GET':
      case 'HEAD': {
        if (key === '') return this.#list(bucket, query.get('prefix') ?? '');
        const bytes = this.files.get(path);
        return bytes === undefined ? missing(bucket) : ranged(bytes, headers.range);
      }
      case 'PUT': {
        const source = headers['x-amz-copy-source'];
        if (headers['if-none-match'] === '*' && this.files.has(path))
          return refusal(412, 'PreconditionFailed');
        if (source === undefined) {
          this.files.set(path, Uint8Array.from(body));
          return { status: 200, headers: { etag: tagOf(body) } };
        }
        const from = decodeURIComponent(String(source));
        const bytes = this.files.get(from);
        if (bytes === undefined) return missing(from.split('/')[0] ?? '');
        this.files.set(path, bytes);
        return xml(`<CopyObjectResult><ETag>${tagOf(bytes)}</ETag></CopyObjectResult>`);
      }
      default:
        for (const name of keysIn(body)) this.files.delete(`${bucket}/${name}`);
        return xml('<DeleteResult></DeleteResult>');
    }
  }

  #list(bucket: string, prefix: string): Answer {
    const keys = [...this.files.keys()]
      .filter((path) => path.startsWith(`${bucket}/${prefix}`))
      .map((path) => path.slice(bucket.length + 1))
      .sort();
    return xml(
      `<ListBucketResult>${keys
        .slice(0, 1000)
        .map((key) => `<Contents><Key>${key}</Key></Contents>`)
        .join('')}</ListBucketResult>`,
    );
  }
}

const keysIn = (body: Buffer): string[] =>
  [...body.toString().matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, name = '']) => name);

function ranged(bytes: Uint8Array, range: string | undefined): Answer {
  const [, first] = /^bytes=(\d+)-$/.exec(range ?? '') ?? [];
  const from = Number(first ?? 0);
  if (first !== undefined && from >= bytes.length)
    return refusal(416, 'InvalidRange', 'The requested range is not satisfiable');
  return {
    status: first === undefined ? 200 : 206,
    headers: { etag: tagOf(bytes), 'content-length': String(bytes.length - from) },
    body: bytes.subarray(from),
  };
}
