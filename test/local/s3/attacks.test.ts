import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync, existsSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openLocalHost, type LocalHost } from '../../helpers/local-host.ts';
import { startKeyedHost, type KeyedHost } from '../../helpers/keyed-host.ts';

let host: KeyedHost;
const root = (): string => join(host.dataDir, 's3');

/** A host without keys: what is not signed gets as far as it may. */
beforeAll(async () => {
  host = await startKeyedHost({ keyless: true });
  mkdirSync(join(root(), 'photos', 'folder'), { recursive: true });
  mkdirSync(join(root(), 'other'));
  writeFileSync(join(root(), 'other', 'secret'), 'secret');
  writeFileSync(join(host.dataDir, 'secret'), 'secret');
  writeFileSync(join(root(), 'photos', 'folder', 'file'), 'file');
});
afterAll(() => host.close());

/** Every file of the data folder's objects, temporary ones included. */
const files = (): string[] =>
  readdirSync(root(), { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory() && !entry.parentPath.includes('.records'))
    .map(({ name }) => name)
    .sort();

async function open(): Promise<Socket> {
  const socket = connect(Number(new URL(host.url).port), '127.0.0.1');
  await new Promise((resolve) => socket.once('connect', resolve));
  return socket;
}

/** What the host answers to these bytes, on a connection of their own. */
async function raw(
  line: string,
  headers: readonly string[] = [],
  body: string | Buffer = '',
): Promise<string> {
  const socket = await open();
  const length = headers.some((each) => /^(content-length|transfer-encoding)/i.test(each));
  const head = [
    `${line} HTTP/1.1`,
    `Host: ${new URL(host.url).host}`,
    'Connection: close',
    ...headers,
    ...(length ? [] : [`Content-Length: ${Buffer.byteLength(body)}`]),
  ];
  socket.write(Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), Buffer.from(body)]));
  return text(socket);
}
const codeOf = (answer: string): string =>
  /<Code>(\w+)<\/Code>/.exec(answer)?.[1] ?? /^HTTP\/1.1 (\d+)/.exec(answer)?.[1] ?? answer;

describe('a key that leads elsewhere', () => {
  test.each([
    ['/photos/../other/secret', 'InvalidArgument'],
    ['/photos/%2e%2e/other/secret', 'InvalidArgument'],
    ['/photos/%2E%2E%2Fother%2Fsecret', 'InvalidArgument'],
    ['/photos/%2e%2e/%2e%2e/secret', 'InvalidArgument'],
    ['/photos/folder/../../other/secret', 'InvalidArgument'],
    ['/photos/./folder/file', 'InvalidArgument'],
    ['/photos//folder/file', 'InvalidArgument'],
    ['/photos/%00', 'InvalidArgument'],
    ['/photos/folder%00/file', 'InvalidArgument'],
    ['/photos/..%5cother%5csecret', 'InvalidArgument'],
    ['/photos/a%0d%0aSet-Cookie:x', 'InvalidArgument'],
    ['/photos/%ff%fe', 'InvalidURI'],
    ['/photos/%zz', 'InvalidURI'],
    [`/photos/${'x'.repeat(256)}`, 'InvalidArgument'],
    [`/photos/${'x/'.repeat(512)}y`, 'KeyTooLongError'],
    [`/photos/${'%C3%A4'.repeat(513)}`, 'KeyTooLongError'],
  ])('%s is refused, and writes nothing', async (path, code) => {
    const before = files();
    for (const method of ['GET', 'HEAD', 'PUT'])
      expect([method, codeOf(await raw(`${method} ${path}`, [], method === 'PUT' ? 'x' : ''))]).toEqual([
        method,
        method === 'HEAD' ? '400' : code,
      ]);
    expect(files()).toEqual(before);
  });

  test('is refused over a link that leads out, and a link is not listed', async () => {
    symlinkSync(host.dataDir, join(root(), 'photos', 'out'));
    symlinkSync(join(host.dataDir, 'secret'), join(root(), 'photos', 'link'));
    expect(codeOf(await raw('GET /photos/out/secret'))).toBe('InvalidArgument');
    expect(codeOf(await raw('PUT /photos/out/new', [], 'x'))).toBe('InvalidArgument');
    expect(codeOf(await raw('DELETE /photos/out/secret'))).toBe('204');
    expect(readFileSync(join(host.dataDir, 'secret'), 'utf8')).toBe('secret');
    expect(codeOf(await raw('GET /photos/link'))).toBe('InvalidArgument');
    const listed = await raw('GET /photos');
    expect(listed).toContain('<Key>folder/file</Key>');
    expect(listed).not.toMatch(/out|link/);
  });

  test('is refused where it is a folder of other keys, or below one that is an object', async () => {
    expect(codeOf(await raw('PUT /photos/folder', [], 'x'))).toBe('InvalidRequest');
    expect(codeOf(await raw('PUT /photos/folder/file/below', [], 'x'))).toBe('InvalidRequest');
    expect(codeOf(await raw('GET /photos/folder'))).toBe('NoSuchKey');
    expect(codeOf(await raw('GET /photos/folder/file/below'))).toBe('NoSuchKey');
    expect(readFileSync(join(root(), 'photos', 'folder', 'file'), 'utf8')).toBe('file');
  });

  test('does not reach what the host keeps beside the buckets', async () => {
    await raw('PUT /photos/recorded', [], 'x');
    for (const bucket of ['.records', '.partial', '..', '%2e%2e', '.', 'table.db'])
      expect(await raw(`GET /${bucket}/x`, signedScope)).toMatch(/InvalidBucketName|NoSuchBucket/);
    expect(await raw('GET /', signedScope)).not.toMatch(/records|partial/);
  });
});

/** A host without keys takes a request for S3 that says so, whatever the signature. */
const signedScope = [
  `Authorization: AWS4-HMAC-SHA256 Credential=A/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=${'0'.repeat(64)}`,
];

describe('a body that is not what it says', () => {
  const chunked = [
    'x-amz-content-sha256: STREAMING-UNSIGNED-PAYLOAD-TRAILER',
    'Content-Encoding: aws-chunked',
  ];
  const crc = 'x-amz-trailer: x-amz-checksum-crc32';
  const md5 = (body: string): string => createHash('md5').update(body).digest('base64');

  test.each<[string, string[], string, string]>([
    ['another MD5', [`Content-MD5: ${md5('other')}`], 'body', 'BadDigest'],
    ['no MD5', ['Content-MD5: x'], 'body', 'InvalidDigest'],
    ['another SHA-256', [`x-amz-content-sha256: ${'0'.repeat(64)}`], 'body', 'XAmzContentSHA256Mismatch'],
    ['an unknown coding', ['x-amz-content-sha256: STREAMING-ELSE'], 'body', 'InvalidArgument'],
    ['another checksum', ['x-amz-checksum-crc32: AAAAAA=='], 'body', 'BadDigest'],
    [
      'two checksums',
      ['x-amz-checksum-crc32: AAAAAA==', 'x-amz-checksum-sha1: AA=='],
      'body',
      'InvalidRequest',
    ],
    ['no length of its own', chunked, '0\r\n\r\n', 'InvalidArgument'],
    [
      'another length',
      [...chunked, 'x-amz-decoded-content-length: 5'],
      '4\r\nbody\r\n0\r\n\r\n',
      'IncompleteBody',
    ],
    [
      'more than its length',
      [...chunked, 'x-amz-decoded-content-length: 3'],
      '4\r\nbody\r\n0\r\n\r\n',
      'IncompleteBody',
    ],
    [
      'a chunk too short',
      [...chunked, 'x-amz-decoded-content-length: 4'],
      '5\r\nbody\r\n0\r\n\r\n',
      'IncompleteBody',
    ],
    ['no last chunk', [...chunked, 'x-amz-decoded-content-length: 4'], '4\r\nbody\r\n', 'IncompleteBody'],
    [
      'bytes behind the last chunk',
      [...chunked, 'x-amz-decoded-content-length: 4'],
      '4\r\nbody\r\n0\r\n\r\nGET',
      'IncompleteBody',
    ],
    [
      'a chunk of terabytes',
      [...chunked, 'x-amz-decoded-content-length: 4'],
      'ffffffffffff\r\nbody\r\n0\r\n\r\n',
      'IncompleteBody',
    ],
    [
      'no trailer where one is announced',
      [...chunked, crc, 'x-amz-decoded-content-length: 4'],
      '4\r\nbody\r\n0\r\n\r\n',
      'IncompleteBody',
    ],
    [
      'a trailer that is wrong',
      [...chunked, crc, 'x-amz-decoded-content-length: 4'],
      '4\r\nbody\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n',
      'BadDigest',
    ],
    [
      'trailers without end',
      [...chunked, 'x-amz-decoded-content-length: 4'],
      `4\r\nbody\r\n0\r\n${'a:b\r\n'.repeat(500)}`,
      'IncompleteBody',
    ],
    ['six terabytes', ['Content-Length: 6597069766656'], '', 'EntityTooLarge'],
    ['metadata of kilobytes', [`x-amz-meta-a: ${'x'.repeat(3000)}`], 'body', 'MetadataTooLarge'],
    ['attributes that a folder has not', ['x-amz-tagging: a=b'], 'body', 'NotImplemented'],
    ['headers of many kilobytes', [`x-amz-meta-a: ${'x'.repeat(40_000)}`], 'body', '431'],
  ])('with %s is refused, and leaves nothing', async (_, headers, body, code) => {
    const before = files();
    expect(codeOf(await raw('PUT /photos/bad', headers, body))).toBe(code);
    expect(files()).toEqual(before);
  });

  test('that ends halfway leaves nothing, and the object before it', async () => {
    await raw('PUT /photos/half', [], 'before');
    const before = files();
    const socket = await open();
    socket.write(`PUT /photos/half HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\nhalf of it`);
    await sleep(200);
    expect(files()).not.toEqual(before); // it is being written
    socket.destroy();
    for (let tries = 0; tries < 50 && files().length > before.length; tries += 1) await sleep(20);
    expect(files()).toEqual(before);
    expect(await raw('GET /photos/half')).toMatch(/before$/);
  });

  test.each([
    ['<Delete><Object><Key>x</Key></Object>', 'MalformedXML'],
    ['<Delete><Object><Key>x</Object></Key></Delete>', 'MalformedXML'],
    ['<!DOCTYPE a [<!ENTITY b "c">]><Delete><Object><Key>&b;</Key></Object></Delete>', 'MalformedXML'],
    ['<Delete><Object><Key>&b;</Key></Object></Delete>', 'MalformedXML'],
    ['<Delete><Object><Key>&#0;</Key></Object></Delete>', 'MalformedXML'],
    ['<a>'.repeat(100_000), 'MalformedXML'],
    ['<Delete/>', 'MalformedXML'],
    ['', 'MalformedXML'],
    [`<Delete>${'<Object><Key>x</Key></Object>'.repeat(1001)}</Delete>`, 'MalformedXML'],
    ['x'.repeat(5 * 1024 * 1024), 'EntityTooLarge'],
  ])('of a document: %#', async (body, code) => {
    expect(codeOf(await raw('POST /photos?delete', [], body))).toBe(code);
  });

  test('of a document that names keys in characters that XML escapes', async () => {
    await raw('PUT /photos/a%26b', [], 'x');
    const document =
      '<?xml version="1.0"?><Delete xmlns="x"><Object><Key>a&#38;&#x62;</Key></Object></Delete>';
    expect(await raw('POST /photos?delete', [], document)).toContain('<Deleted><Key>a&amp;b</Key></Deleted>');
    expect(existsSync(join(root(), 'photos', 'a&b'))).toBe(false);
  });
});

describe('one port', () => {
  test('tells S3 from the API by path and by what a request is signed for', async () => {
    mkdirSync(join(root(), '2020-11-20'), { recursive: true });
    mkdirSync(join(root(), 'health'), { recursive: true });
    const api = '"Projects":[]';
    expect(await raw('GET /2020-11-20/projects')).toContain(api);
    expect(await raw('GET /health')).toContain('"status":"ok"');
    expect(await raw('GET /health', signedScope)).toContain('<ListBucketResult');
    expect(await raw('GET /2020-11-20/projects', signedScope)).toContain('<Code>NoSuchKey</Code>');
    const other = signedScope.map((each) => each.replace('/s3/', '/lookoutvision/'));
    expect(await raw('GET /photos/folder/file', other)).toContain('UnknownOperationException');
    expect(await raw('GET /none-such/x')).toContain('UnknownOperationException');
    expect(await raw('GET /photos/folder/file')).toMatch(/file$/);
    expect(await raw('POST /photos/folder/file')).toContain('<Code>MethodNotAllowed</Code>');
  });

  test('keeps web pages out, in the words of S3, and does not run what was uploaded', async () => {
    const page = await raw('GET /photos/folder/file', ['Origin: https://evil.example']);
    expect(page).toMatch(/^HTTP\/1.1 403[^]*<Code>AccessDenied<\/Code>/);
    const socket = await open();
    socket.write('GET /photos/folder/file HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n');
    expect(await text(socket)).toContain('<Code>AccessDenied</Code>');
    await raw(
      'PUT /photos/page.html',
      ['Content-Type: text/html'],
      '<script>fetch("/2020-11-20/projects")</script>',
    );
    const shown = await raw('GET /photos/page.html');
    expect(shown).toMatch(/content-security-policy: sandbox; default-src 'none'/i);
    expect(shown).toMatch(/x-content-type-options: nosniff/i);
    expect(shown).toMatch(/cross-origin-resource-policy: same-origin/i);
    expect(codeOf(await raw('GET /photos/page.html?response-content-type=a%0d%0aSet-Cookie:b'))).toBe(
      'InvalidArgument',
    );
  });

  test('answers a hundred writers of one key, and one of them is what stays', async () => {
    const bodies = Array.from({ length: 100 }, (_, index) => String(index).repeat(20_000));
    const answers = await Promise.all(bodies.map((body) => raw('PUT /photos/many', [], body)));
    expect(new Set(answers.map(codeOf))).toEqual(new Set(['200']));
    const kept = readFileSync(join(root(), 'photos', 'many'), 'utf8');
    expect(bodies).toContain(kept);
    const told = await raw('HEAD /photos/many');
    expect(told).toContain(createHash('md5').update(kept).digest('hex'));
    expect(readdirSync(join(root(), '.partial'))).toEqual([]);
  });

  test('writes and deletes in one folder at the same time', async () => {
    const rounds = Array.from({ length: 60 }, async (_, index) => {
      const path = `/photos/busy/deep/${index % 6}`;
      return codeOf(
        await raw(`${index % 2 === 0 ? 'PUT' : 'DELETE'} ${path}`, [], index % 2 === 0 ? 'x' : ''),
      );
    });
    expect((await Promise.all(rounds)).filter((code) => code !== '200' && code !== '204')).toEqual([]);
  });
});

describe('a key of the host', () => {
  let keyed: LocalHost;
  const secrets = { reader: 'READER', line: 'LINE', none: 'NONE' } as const;
  const clientOf = (name: keyof typeof secrets): S3Client =>
    new S3Client({
      endpoint: keyed.url,
      region: 'us-east-1',
      credentials: { accessKeyId: secrets[name], secretAccessKey: `${name} secret` },
      maxAttempts: 1,
    });
  const keyOf = (name: keyof typeof secrets, more: object): object => ({
    accessKeyId: secrets[name],
    secretAccessKey: `${name} secret`,
    name,
    ...more,
  });
  beforeAll(async () => {
    const keys = [
      keyOf('reader', { actions: ['Describe*', 's3:Get*', 's3:List*'], buckets: ['console-*'] }),
      keyOf('line', { buckets: ['line-*'] }),
      keyOf('none', { actions: ['List*', 'Describe*'], buckets: ['*'] }),
    ];
    keyed = await openLocalHost({ variables: { CROWSNEST_KEYS: JSON.stringify(keys) } });
    await keyed.put('a', 'a');
  });
  afterAll(() => keyed.close());

  const denied = { name: 'AccessDenied', $metadata: { httpStatusCode: 403 } };
  const Bucket = 'console-data';

  test('may do with its buckets what its actions say', async () => {
    const [reader, line, none] = [clientOf('reader'), clientOf('line'), clientOf('none')];
    expect((await reader.send(new ListObjectsV2Command({ Bucket }))).KeyCount).toBe(1);
    await reader
      .send(new GetObjectCommand({ Bucket, Key: 'a' }))
      .then(({ Body }) => Body?.transformToString());
    await expect(reader.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'b' }))).rejects.toMatchObject(
      denied,
    );
    await expect(reader.send(new DeleteObjectCommand({ Bucket, Key: 'a' }))).rejects.toMatchObject(denied);
    await expect(reader.send(new ListObjectsV2Command({ Bucket: 'line-4' }))).rejects.toMatchObject(denied);

    await line.send(new CreateBucketCommand({ Bucket: 'line-4' }));
    await line.send(new PutObjectCommand({ Bucket: 'line-4', Key: 'x', Body: 'x' }));
    await expect(line.send(new CreateBucketCommand({ Bucket: 'lab' }))).rejects.toMatchObject(denied);
    const copied = new PutObjectCommand({ Bucket: 'line-4', Key: 'x', Body: Buffer.alloc(0) });
    copied.middlewareStack.add(
      (next) => (args) => {
        (args.request as { headers: Record<string, string> }).headers['x-amz-copy-source'] = `${Bucket}/a`;
        return next(args);
      },
      { step: 'build' },
    );
    await expect(line.send(copied)).rejects.toMatchObject(denied);
    const { Buckets } = await line.send(new ListBucketsCommand({}));
    expect(Buckets?.map(({ Name }) => Name)).toEqual(['line-4']);

    // Rights that were given for the API's operations are none for buckets.
    await expect(none.send(new ListObjectsV2Command({ Bucket }))).rejects.toMatchObject(denied);
    await expect(none.send(new ListBucketsCommand({}))).rejects.toMatchObject(denied);
    for (const client of [reader, line, none]) client.destroy();
  });

  test('must sign: what is unsigned does not even learn which buckets there are', async () => {
    const answers = await Promise.all(
      [`${keyed.url}/${Bucket}/a`, `${keyed.url}/none-such/a`].map(async (url) => {
        const answer = await fetch(url);
        return [answer.status, await answer.text()];
      }),
    );
    expect(answers[0]).toEqual(answers[1]);
    expect(answers[0]?.[1]).toContain('UnknownOperationException');
  });
});
