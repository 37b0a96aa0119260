import type { IncomingMessage } from 'node:http';
import { parseQuery, split } from '../../http/node-http.ts';
import { S3Error } from './errors.ts';

/** A request to S3 before its body is read. Path style: the first part of the path is the bucket. */
export interface S3Request {
  readonly method: string;
  /** Percent-decoded once. */
  readonly path: string;
  /** Empty for the list of buckets. */
  readonly bucket: string;
  /** Empty for a bucket. */
  readonly key: string;
  readonly query: ReadonlyMap<string, string>;
  /** Every pair, for the signature. */
  readonly pairs: readonly (readonly [name: string, value: string])[];
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string | undefined>>;
}

/** Which services are called by the names that requests are signed for. */
const scope = /Credential=[^/,\s]+\/\d{8}\/[^/,\s]+\/([^/,\s]+)\/aws4_request/;
const scopeInQuery = /[?&]X-Amz-Credential=[^&]*?(?:\/|%2F)([A-Za-z0-9_-]+)(?:\/|%2F)aws4_request(?:&|$)/i;

/** The signing name of a request's signature, or undefined if it has none. Version 2 was S3's alone. */
export function signedFor({
  headers,
  url = '',
}: Pick<IncomingMessage, 'headers' | 'url'>): string | undefined {
  const found = scope.exec(headers.authorization ?? '') ?? scopeInQuery.exec(url);
  if (found !== null) return found[1];
  return /[?&]AWSAccessKeyId=/.test(url) ? 's3' : undefined;
}

/** @throws S3Error InvalidURI */
export function s3Request({ method = '', url = '', headers }: IncomingMessage): S3Request {
  const [raw, search] = split(url);
  const path = decoded(raw);
  const mark = path.indexOf('/', 1);
  const pairs = parseQuery(search);
  return {
    method,
    path,
    bucket: mark < 0 ? path.slice(1) : path.slice(1, mark),
    key: mark < 0 ? '' : path.slice(mark + 1),
    pairs,
    query: new Map(pairs),
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(',') : value]),
    ),
  };
}

export function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new S3Error('InvalidURI', 'The path is not percent-encoded UTF-8.');
  }
}
