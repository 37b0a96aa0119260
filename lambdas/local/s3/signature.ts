import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../domain/ports.ts';
import { encodedPart, encodedPath } from '../../domain/uri-encoding.ts';
import type { AccessKey } from '../environment.ts';
import { signingTime } from '../signing-time.ts';
import type { ChunkVerifier } from './aws-chunked.ts';
import { S3Error } from './errors.ts';
import type { S3Request } from './request.ts';

/** How far a request's clock may be off, in milliseconds: S3's own. */
const skew = 15 * 60 * 1000;

/** The longest that a presigned URL may be good for, in seconds. */
const week = 7 * 24 * 3600;

export interface Signer {
  readonly key: AccessKey;
  /** Of the body; `UNSIGNED-PAYLOAD` where the signature does not cover it. */
  readonly payload: string;
  readonly chunks?: ChunkVerifier;
}

interface Claim {
  readonly key: AccessKey;
  readonly scope: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  readonly stamp: string;
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

/**
 * Verifies signatures as S3 does. They differ from those of other services: the path is encoded once, a
 * signature may be in the query, and may cover a body chunk by chunk:
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html.
 */
export class S3Signatures {
  readonly #keys: ReadonlyMap<string, AccessKey>;
  readonly #region: string;
  readonly #clock: Clock;

  constructor(keys: readonly AccessKey[], region: string, clock: Clock) {
    this.#keys = new Map(keys.map((key) => [key.accessKeyId, key]));
    this.#region = region;
    this.#clock = clock;
  }

  /** @throws S3Error */
  verify(request: S3Request): Signer {
    if (request.query.has('AWSAccessKeyId')) return this.#version2(request);
    if (request.query.has('X-Amz-Signature')) return this.#presigned(request);
    return this.#inHeader(request);
  }

  #inHeader(request: S3Request): Signer {
    const { headers } = request;
    const [, credential = '', signedHeaders = '', signature = ''] =
      /^AWS4-HMAC-SHA256 Credential=([^,\s]+),\s*SignedHeaders=([a-z0-9;-]+),\s*Signature=([0-9a-f]{64})$/.exec(
        headers['authorization'] ?? '',
      ) ?? [];
    const payload = headers['x-amz-content-sha256'];
    if (payload === undefined)
      throw new S3Error('InvalidRequest', 'The header x-amz-content-sha256 is missing.');
    const claim = this.#claim(
      'AuthorizationHeaderMalformed',
      credential,
      headers['x-amz-date'] ?? '',
      signedHeaders,
      signature,
    );
    if (Math.abs(signingTime(claim.stamp) - this.#clock.now()) > skew)
      throw new S3Error(
        'RequestTimeTooSkewed',
        "The difference between the request's time and the current time is too large.",
      );
    const signingKey = check(request, claim, payload);
    return {
      key: claim.key,
      payload,
      ...(payload.startsWith('STREAMING-AWS4-HMAC-SHA256-PAYLOAD') && {
        chunks: chunkVerifier(signingKey, claim),
      }),
    };
  }

  #presigned(request: S3Request): Signer {
    const given = (name: string): string => request.query.get(name) ?? '';
    if (given('X-Amz-Algorithm') !== 'AWS4-HMAC-SHA256')
      throw new S3Error('AuthorizationQueryParametersError', 'X-Amz-Algorithm must be AWS4-HMAC-SHA256.');
    const claim = this.#claim(
      'AuthorizationQueryParametersError',
      given('X-Amz-Credential'),
      given('X-Amz-Date'),
      given('X-Amz-SignedHeaders'),
      given('X-Amz-Signature'),
    );
    const seconds = /^\d{1,6}$/.test(given('X-Amz-Expires')) ? Number(given('X-Amz-Expires')) : 0;
    if (seconds < 1 || seconds > week)
      throw new S3Error('AuthorizationQueryParametersError', `X-Amz-Expires must be from 1 to ${week}.`);
    const [from, now] = [signingTime(claim.stamp), this.#clock.now()];
    if (now > from + seconds * 1000) throw new S3Error('AccessDenied', 'Request has expired');
    if (from > now + skew) throw new S3Error('AccessDenied', 'Request is not yet valid');
    const payload = request.headers['x-amz-content-sha256'] ?? 'UNSIGNED-PAYLOAD';
    if (payload.startsWith('STREAMING-AWS4'))
      throw new S3Error('InvalidRequest', 'A presigned request cannot sign its chunks.');
    check(request, claim, payload);
    return { key: claim.key, payload };
  }

  #claim(
    malformed: 'AuthorizationHeaderMalformed' | 'AuthorizationQueryParametersError',
    credential: string,
    stamp: string,
    signedHeaders: string,
    signature: string,
  ): Claim {
    const [, accessKeyId = '', scope = '', day = '', region = '', service = ''] =
      /^([^/\s]+)\/((\d{8})\/([^/\s]+)\/([^/\s]+)\/aws4_request)$/.exec(credential) ?? [];
    if (scope === '' || !/^[0-9a-f]{64}$/.test(signature) || Number.isNaN(signingTime(stamp)))
      throw new S3Error(malformed, 'The request must be signed with AWS Signature Version 4.');
    if (service !== 's3') throw new S3Error(malformed, `The request is signed for ${service}, not for s3.`);
    if (region !== this.#region)
      throw new S3Error(malformed, `The region ${region} is wrong; expecting ${this.#region}.`, {
        Region: this.#region,
      });
    if (!stamp.startsWith(day)) throw new S3Error(malformed, 'The date and the credential name two days.');
    const names = signedHeaders.split(';');
    if (!names.includes('host')) throw new S3Error(malformed, 'The header host must be signed.');
    return { key: this.#keyOf(accessKeyId), scope, signedHeaders: names, signature, stamp };
  }

  #keyOf(accessKeyId: string): AccessKey {
    const key = this.#keys.get(accessKeyId);
    if (key === undefined)
      throw new S3Error('InvalidAccessKeyId', 'The access key that you provided is not one of this host.');
    return key;
  }

  /**
   * URLs that botocore presigns for us-east-1 unless it is told otherwise:
   * https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html.
   */
  #version2(request: S3Request): Signer {
    const key = this.#keyOf(request.query.get('AWSAccessKeyId') ?? '');
    const expires = request.query.get('Expires') ?? '';
    if (!/^\d{1,11}$/.test(expires) || Number(expires) * 1000 < this.#clock.now())
      throw new S3Error('AccessDenied', 'Request has expired');
    if (Number(expires) * 1000 > this.#clock.now() + week * 1000 + skew)
      throw new S3Error('AccessDenied', `Expires must be within ${week} seconds.`);
    const { headers } = request;
    const own = Object.keys(headers)
      .filter((name) => name.startsWith('x-amz-'))
      .sort()
      .map((name) => `${name}:${(headers[name] ?? '').trim()}\n`);
    const resources = request.pairs
      .filter(([name]) => signedResources.has(name))
      .map(([name, value]) => (value === '' ? name : `${name}=${value}`))
      .sort();
    const text = [
      request.method,
      headers['content-md5'] ?? '',
      headers['content-type'] ?? '',
      expires,
      `${own.join('')}${encodedPath(request.path)}${resources.length > 0 ? `?${resources.join('&')}` : ''}`,
    ].join('\n');
    const computed = createHmac('sha1', key.secretAccessKey).update(text).digest();
    const signature = Buffer.from(request.query.get('Signature') ?? '', 'base64');
    if (computed.length !== signature.length || !timingSafeEqual(computed, signature)) throw mismatch();
    return { key, payload: 'UNSIGNED-PAYLOAD' };
  }
}

/** What of the query a signature of version 2 covers. Other parameters must not change what is done. */
const signedResources = new Set([
  'acl',
  'delete',
  'list-type',
  'location',
  'partNumber',
  'response-cache-control',
  'response-content-disposition',
  'response-content-encoding',
  'response-content-language',
  'response-content-type',
  'response-expires',
  'tagging',
  'uploadId',
  'uploads',
  'versionId',
  'versioning',
]);

const mismatch = (): S3Error =>
  new S3Error(
    'SignatureDoesNotMatch',
    'The request signature we calculated does not match the signature you provided. ' +
      'Check your key and signing method.',
  );

const equal = (one: string, other: string): boolean =>
  one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other));

const ascending = (one: string, other: string): number => Number(one > other) - Number(one < other);

/**
 * The query of a presigned URL, its signature with it.
 * @param request `path` is decoded; all its headers are signed
 * @param how seconds that it is good for, from `time` on (epoch milliseconds)
 */
export function presignedQuery(
  { method, path, headers }: Pick<S3Request, 'method' | 'path'> & { headers: Record<string, string> },
  { accessKeyId, secretAccessKey }: AccessKey,
  { region, seconds, time }: { readonly region: string; readonly seconds: number; readonly time: number },
): string {
  const stamp = new Date(time).toISOString().replace(/[-:]|\.\d{3}/g, '');
  const scope = `${stamp.slice(0, 8)}/${region}/s3/aws4_request`;
  const signedHeaders = Object.keys(headers).sort();
  const pairs: [string, string][] = [
    ['X-Amz-Algorithm', 'AWS4-HMAC-SHA256'],
    ['X-Amz-Credential', `${accessKeyId}/${scope}`],
    ['X-Amz-Date', stamp],
    ['X-Amz-Expires', String(seconds)],
    ['X-Amz-SignedHeaders', signedHeaders.join(';')],
  ];
  const { signature } = signed(
    { method, path, pairs, headers },
    { scope, stamp, signedHeaders },
    secretAccessKey,
    'UNSIGNED-PAYLOAD',
  );
  return [...pairs, ['X-Amz-Signature', signature] as const]
    .map((pair) => pair.map(encodedPart).join('='))
    .join('&');
}

/** @returns the key that chunks are signed with */
function check(request: S3Request, claim: Claim, payload: string): Buffer {
  const { headers } = request;
  const unsigned = Object.keys(headers).find(
    (name) => name.startsWith('x-amz-') && !claim.signedHeaders.includes(name),
  );
  if (unsigned !== undefined)
    throw new S3Error('AccessDenied', 'There were headers present in the request which were not signed', {
      HeadersNotSigned: unsigned,
    });
  const { signingKey, signature } = signed(request, claim, claim.key.secretAccessKey, payload);
  if (!equal(signature, claim.signature)) throw mismatch();
  return signingKey;
}

/** What the signature of a request is, and the key that it is made with. */
function signed(
  { method, path, pairs, headers }: Pick<S3Request, 'method' | 'path' | 'pairs' | 'headers'>,
  claim: Pick<Claim, 'scope' | 'stamp' | 'signedHeaders'>,
  secret: string,
  payload: string,
): { readonly signingKey: Buffer; readonly signature: string } {
  const query = pairs
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map((pair) => pair.map(encodedPart) as [string, string])
    .sort(([name, value], [other, otherValue]) => ascending(name, other) || ascending(value, otherValue))
    .map((pair) => pair.join('='));
  const canonical = [
    method,
    encodedPath(path),
    query.join('&'),
    ...claim.signedHeaders.map((name) => `${name}:${(headers[name] ?? '').trim().replace(/\s+/g, ' ')}`),
    '',
    claim.signedHeaders.join(';'),
    payload,
  ].join('\n');
  const signingKey = claim.scope
    .split('/')
    .reduce<string | Buffer>((key, part) => hmac(key, part), `AWS4${secret}`) as Buffer;
  const text = ['AWS4-HMAC-SHA256', claim.stamp, claim.scope, sha256(canonical)].join('\n');
  return { signingKey, signature: hmac(signingKey, text).toString('hex') };
}

function chunkVerifier(key: Buffer, { scope, stamp, signature: seed }: Claim): ChunkVerifier {
  let before = seed;
  const judge = (kind: string, hashes: readonly string[], signature: string): void => {
    const text = [`AWS4-HMAC-SHA256-${kind}`, stamp, scope, before, ...hashes].join('\n');
    if (!equal(hmac(key, text).toString('hex'), signature)) throw mismatch();
    before = signature;
  };
  return {
    chunk: (hash, signature) => judge('PAYLOAD', [sha256(''), hash], signature),
    trailer: (hash, signature) => judge('TRAILER', [hash], signature),
  };
}
