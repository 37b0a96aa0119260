import { describe, expect, test } from '@jest/globals';
import { decodeChunks } from '../../../lambdas/local/s3/aws-chunked.ts';
import type { S3Request } from '../../../lambdas/local/s3/request.ts';
import { S3Signatures } from '../../../lambdas/local/s3/signature.ts';

/** Key, requests and signatures that AWS publishes as examples of SigV4 for S3. */
const key = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  name: 'example',
  actions: ['*'],
  projects: ['*'],
  buckets: ['*'],
};
const day = Date.UTC(2013, 4, 24);
const scope = `${key.accessKeyId}/20130524/us-east-1/s3/aws4_request`;

const signatures = (now = day): S3Signatures =>
  new S3Signatures([key], 'us-east-1', { now: () => now, sleep: () => Promise.resolve() });

type Given = Partial<Omit<S3Request, 'query' | 'pairs'>> & { readonly pairs?: [string, string][] };
const request = ({ pairs = [], ...given }: Given): S3Request => ({
  method: 'GET',
  path: '/test.txt',
  bucket: '',
  key: '',
  headers: {},
  ...given,
  pairs,
  query: new Map(pairs),
});

const streamed = {
  host: 's3.amazonaws.com',
  'x-amz-date': '20130524T000000Z',
  'x-amz-storage-class': 'REDUCED_REDUNDANCY',
  'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
  'content-encoding': 'aws-chunked',
  'x-amz-decoded-content-length': '66560',
  'content-length': '66824',
  authorization:
    `AWS4-HMAC-SHA256 Credential=${scope},SignedHeaders=content-encoding;content-length;host;` +
    'x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class,' +
    'Signature=4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9',
};
const chunks = [
  ['10000', 'ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648'],
  ['400', '0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497'],
  ['0', 'b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9'],
] as const;
const put = (headers: Record<string, string> = streamed): S3Request =>
  request({ method: 'PUT', path: '/examplebucket/chunkObject.txt', headers });

async function decoded(change: (body: string) => string = (body) => body): Promise<number> {
  const body = chunks
    .map(([size, signature]) => {
      const data = 'a'.repeat(Number.parseInt(size, 16));
      return `${size};chunk-signature=${signature}\r\n${data}\r\n`;
    })
    .join('');
  const sent = Buffer.from(change(body));
  const pieces = Array.from({ length: Math.ceil(sent.length / 1000) }, (_, index) =>
    sent.subarray(index * 1000, index * 1000 + 1000),
  );
  const { chunks: verifier } = signatures().verify(put());
  let size = 0;
  for await (const bytes of decodeChunks(asyncOf(pieces), new Map(), verifier)) size += bytes.length;
  return size;
}

// eslint-disable-next-line @typescript-eslint/require-await
async function* asyncOf<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

describe('chunks that are signed one over the other', () => {
  test('are those of the example', async () => expect(await decoded()).toBe(66_560));

  test.each<[string, (body: string) => string, string]>([
    [
      'a byte is another',
      (body) => body.replace('aaab', 'aaaa').replace('a\r\n', 'b\r\n'),
      'SignatureDoesNotMatch',
    ],
    ['a chunk is left out', (body) => body.replace(/^10000.*\r\na*\r\n/, ''), 'SignatureDoesNotMatch'],
    ['the last is left out', (body) => body.replace(/0;chunk-signature=b6.*$/s, ''), 'IncompleteBody'],
    [
      'the signature is left out',
      (body) => body.replace(/;chunk-signature=[0-9a-f]*/, ''),
      'SignatureDoesNotMatch',
    ],
    [
      'a trailer is put behind',
      (body) => body.replace(/\r\n$/, 'x-amz-checksum-crc32:AAAAAA==\r\n\r\n'),
      'SignatureDoesNotMatch',
    ],
    ['bytes follow', (body) => `${body}GET / HTTP/1.1\r\n\r\n`, 'IncompleteBody'],
    ['a size is no number', (body) => body.replace('10000;', '0x10000;'), 'IncompleteBody'],
    ['a size is negative', (body) => body.replace('10000;', '-1;'), 'IncompleteBody'],
    ['a size is beyond all', (body) => body.replace('10000;', `${'f'.repeat(13)};`), 'IncompleteBody'],
    ['a size is too small', (body) => body.replace('10000;', 'ffff;'), 'SignatureDoesNotMatch'],
    ['a size is too large', (body) => body.replace('10000;', '10001;'), 'SignatureDoesNotMatch'],
    ['a line has no end', () => 'a'.repeat(5000), 'IncompleteBody'],
    ['a line ends without a carriage return', (body) => body.replaceAll('\r\n', '\n'), 'IncompleteBody'],
  ])('are refused where %s', async (_, change, code) => {
    await expect(decoded(change)).rejects.toMatchObject({ code });
  });
});

describe('a signature in the header', () => {
  const cases: [string, () => unknown, string][] = [
    [
      'another path',
      () => signatures().verify({ ...put(), path: '/examplebucket/other' }),
      'SignatureDoesNotMatch',
    ],
    ['another method', () => signatures().verify({ ...put(), method: 'DELETE' }), 'SignatureDoesNotMatch'],
    [
      'another header',
      () => signatures().verify(put({ ...streamed, 'content-length': '1' })),
      'SignatureDoesNotMatch',
    ],
    ['a query', () => signatures().verify({ ...put(), pairs: [['acl', '']] }), 'SignatureDoesNotMatch'],
    [
      'an unsigned header of S3',
      () => signatures().verify(put({ ...streamed, 'x-amz-copy-source': 'a/b' })),
      'AccessDenied',
    ],
    ['a clock that is behind', () => signatures(day + 16 * 60_000).verify(put()), 'RequestTimeTooSkewed'],
    ['a clock that is ahead', () => signatures(day - 16 * 60_000).verify(put()), 'RequestTimeTooSkewed'],
    [
      'no signature',
      () => signatures().verify(put({ ...streamed, authorization: '' })),
      'AuthorizationHeaderMalformed',
    ],
    [
      'another region',
      () =>
        signatures().verify(
          put({ ...streamed, authorization: streamed.authorization.replace('us-east-1', 'eu-west-1') }),
        ),
      'AuthorizationHeaderMalformed',
    ],
    [
      'another service',
      () =>
        signatures().verify(
          put({ ...streamed, authorization: streamed.authorization.replace('/s3/', '/sqs/') }),
        ),
      'AuthorizationHeaderMalformed',
    ],
    [
      'no host among what is signed',
      () =>
        signatures().verify(put({ ...streamed, authorization: streamed.authorization.replace(';host', '') })),
      'AuthorizationHeaderMalformed',
    ],
    [
      'an unknown key',
      () =>
        signatures().verify(
          put({ ...streamed, authorization: streamed.authorization.replace('AKIA', 'AKIB') }),
        ),
      'InvalidAccessKeyId',
    ],
  ];
  test('is that of the example', () => expect(signatures().verify(put()).key.name).toBe('example'));
  test.each(cases)('is refused with %s', (_, verify, code) => {
    expect(verify).toThrow(expect.objectContaining({ code }));
  });
});

describe('a presigned URL', () => {
  const pairs: [string, string][] = [
    ['X-Amz-Algorithm', 'AWS4-HMAC-SHA256'],
    ['X-Amz-Credential', scope],
    ['X-Amz-Date', '20130524T000000Z'],
    ['X-Amz-Expires', '86400'],
    ['X-Amz-SignedHeaders', 'host'],
    ['X-Amz-Signature', 'aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404'],
  ];
  const headers = { host: 'examplebucket.s3.amazonaws.com' };
  const changed = (name: string, value: string): S3Request =>
    request({ headers, pairs: pairs.map(([each, old]) => [each, each === name ? value : old]) });

  test('is that of the example, for a day', () => {
    const presigned = request({ headers, pairs });
    expect(signatures(day + 86_399_000).verify(presigned).payload).toBe('UNSIGNED-PAYLOAD');
    expect(() => signatures(day + 86_401_000).verify(presigned)).toThrow('Request has expired');
    expect(() => signatures(day - 16 * 60_000).verify(presigned)).toThrow('Request is not yet valid');
  });

  test.each([
    ['X-Amz-Expires', '604800', 'SignatureDoesNotMatch'],
    ['X-Amz-Expires', '604801', 'AuthorizationQueryParametersError'],
    ['X-Amz-Expires', '', 'AuthorizationQueryParametersError'],
    ['X-Amz-Date', '20130524T000001Z', 'SignatureDoesNotMatch'],
    ['X-Amz-Date', '20130525T000000Z', 'AuthorizationQueryParametersError'],
    ['X-Amz-Algorithm', 'none', 'AuthorizationQueryParametersError'],
    ['X-Amz-SignedHeaders', '', 'AuthorizationQueryParametersError'],
    ['X-Amz-Signature', 'a'.repeat(64), 'SignatureDoesNotMatch'],
    ['X-Amz-Signature', '', 'AuthorizationQueryParametersError'],
  ])('is refused where %s is "%s"', (name, value, code) => {
    expect(() => signatures().verify(changed(name, value))).toThrow(expect.objectContaining({ code }));
  });

  test('is refused on its way to another host, path, method or query', () => {
    const given = request({ headers, pairs });
    for (const other of [
      { ...given, headers: { host: 'other' } },
      { ...given, path: '/other' },
      { ...given, method: 'PUT' },
      { ...given, pairs: [...pairs, ['versionId', 'x'] as const] },
    ])
      expect(() => signatures().verify(other)).toThrow('does not match');
  });
});
