import { createHash, randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import {
  AbortMultipartUploadCommand,
  ChecksumAlgorithm,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketLocationCommand,
  GetBucketTaggingCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListMultipartUploadsCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  paginateListObjectsV2,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createFolderObjects } from '../../../lambdas/local/folder-objects.ts';
import { startKeyedHost, type KeyedHost } from '../../helpers/keyed-host.ts';

let host: KeyedHost;
let client: S3Client;
const Bucket = 'photos';

beforeAll(async () => {
  host = await startKeyedHost();
  client = new S3Client({
    endpoint: host.url,
    region: 'us-east-1',
    credentials: {
      accessKeyId: host.variables['AWS_ACCESS_KEY_ID'] ?? '',
      secretAccessKey: host.variables['AWS_SECRET_ACCESS_KEY'] ?? '',
    },
    maxAttempts: 1,
  });
  await client.send(new CreateBucketCommand({ Bucket }));
});
afterAll(async () => {
  client.destroy();
  await host.close();
});

const objects = () => createFolderObjects(join(host.dataDir, 's3'));
const put = (Key: string, Body: string | Uint8Array, bucket = Bucket) =>
  client.send(new PutObjectCommand({ Bucket: bucket, Key, Body: Buffer.from(Body) }));
const get = async (Key: string, more: Record<string, unknown> = {}) => {
  const answer = await client.send(new GetObjectCommand({ Bucket, Key, ...more }));
  return { ...answer, bytes: await buffer(answer.Body as Readable) };
};
const partial = (): string[] => readdirSync(join(host.dataDir, 's3', '.partial'));

describe('an object', () => {
  test('is the file that the service reads, with the MD5 as ETag and what was said of it', async () => {
    const { ETag } = await client.send(
      new PutObjectCommand({
        Bucket,
        Key: 'line 1/a=b/ä+ü (1).png',
        Body: 'picture',
        ContentType: 'image/png',
        CacheControl: 'max-age=5',
        Metadata: { camera: 'left' },
      }),
    );
    expect(ETag).toBe(`"${createHash('md5').update('picture').digest('hex')}"`);
    const location = { bucket: Bucket, key: 'line 1/a=b/ä+ü (1).png' };
    expect(Buffer.from((await objects().read(location)) ?? []).toString()).toBe('picture');
    const told = await get('line 1/a=b/ä+ü (1).png', { ChecksumMode: 'ENABLED' });
    expect(told).toMatchObject({
      ETag,
      ContentLength: 7,
      ContentType: 'image/png',
      CacheControl: 'max-age=5',
      Metadata: { camera: 'left' },
      ChecksumCRC32: expect.any(String),
      bytes: Buffer.from('picture'),
    });
    expect(await client.send(new HeadObjectCommand({ Bucket, Key: 'line 1/a=b/ä+ü (1).png' }))).toMatchObject(
      { ETag, ContentLength: 7, Metadata: { camera: 'left' } },
    );
  });

  test('that the service wrote can be read, and loses what was said of the one before', async () => {
    await client.send(new PutObjectCommand({ Bucket, Key: 'twice.jpg', Body: 'abc', ContentType: 'text/x' }));
    await objects().write({ bucket: Bucket, key: 'twice.jpg' }, Buffer.from('xyz'));
    const told = await get('twice.jpg');
    expect(told.bytes.toString()).toBe('xyz');
    expect(told.ContentType).toBe('image/jpeg');
    expect(told.ETag).toMatch(/^"[0-9a-f]{32}-1"$/);
    expect((await get('twice.jpg')).ETag).toBe(told.ETag);
  });

  test('of many MB comes and goes in pieces', async () => {
    const bytes = randomBytes(30 * 1024 * 1024);
    await client.send(
      new PutObjectCommand({
        Bucket,
        Key: 'large',
        Body: Readable.from([bytes]),
        ContentLength: bytes.length,
      }),
    );
    expect((await get('large', { ChecksumMode: 'ENABLED' })).bytes.equals(bytes)).toBe(true);
    expect(partial()).toEqual([]);
  });

  test('may be empty', async () => {
    await put('empty', '');
    expect(await get('empty')).toMatchObject({ ContentLength: 0, bytes: Buffer.alloc(0) });
  });

  test.each(Object.values(ChecksumAlgorithm).filter((name) => !/MD5|SHA512|XXH/.test(name)))(
    'is checked by %s',
    async (algorithm) => {
      const Key = `sum-${algorithm}`;
      const body = randomBytes(100_000);
      await client.send(new PutObjectCommand({ Bucket, Key, Body: body, ChecksumAlgorithm: algorithm }));
      const told = await get(Key, { ChecksumMode: 'ENABLED' });
      expect(told).toHaveProperty(`Checksum${algorithm}`, expect.any(String));
      expect(told.bytes.equals(body)).toBe(true);
      await expect(
        client.send(
          new PutObjectCommand({
            Bucket,
            Key,
            Body: 'other',
            [`Checksum${algorithm}`]: String((told as Record<string, unknown>)[`Checksum${algorithm}`]),
          }),
        ),
      ).rejects.toMatchObject({ name: 'BadDigest' });
      expect((await get(Key)).bytes.equals(body)).toBe(true);
    },
  );

  test('gives its ranges', async () => {
    await put('digits', '0123456789');
    for (const [Range, text, ContentRange] of [
      ['bytes=2-4', '234', 'bytes 2-4/10'],
      ['bytes=7-', '789', 'bytes 7-9/10'],
      ['bytes=-2', '89', 'bytes 8-9/10'],
      ['bytes=0-99', '0123456789', 'bytes 0-9/10'],
      ['bytes=-99', '0123456789', 'bytes 0-9/10'],
      ['bytes=5-2', '0123456789', undefined],
      ['pages=1-2', '0123456789', undefined],
      ['bytes=1-2,4-5', '0123456789', undefined],
    ]) {
      const told = await get('digits', { Range });
      expect([told.bytes.toString(), told.ContentRange]).toEqual([text, ContentRange]);
    }
    for (const Range of ['bytes=10-', 'bytes=10-20', 'bytes=-0'])
      await expect(get('digits', { Range })).rejects.toMatchObject({ name: 'InvalidRange' });
  });

  test('keeps to conditions', async () => {
    const { ETag = '' } = await put('held', 'one');
    const now = new Date();
    const [before, after] = [new Date(now.getTime() - 60_000), new Date(now.getTime() + 60_000)];
    const notModified = { $metadata: { httpStatusCode: 304 } };
    const failed = { name: 'PreconditionFailed' };
    await expect(get('held', { IfNoneMatch: ETag })).rejects.toMatchObject(notModified);
    await expect(get('held', { IfModifiedSince: after })).rejects.toMatchObject(notModified);
    await expect(get('held', { IfMatch: '"other"' })).rejects.toMatchObject(failed);
    await expect(get('held', { IfUnmodifiedSince: before })).rejects.toMatchObject(failed);
    expect((await get('held', { IfMatch: ETag, IfUnmodifiedSince: before })).bytes.toString()).toBe('one');
    expect((await get('held', { IfNoneMatch: '"other"', IfModifiedSince: after })).bytes.toString()).toBe(
      'one',
    );
    const write = (more: object) =>
      client.send(new PutObjectCommand({ Bucket, Key: 'held', Body: 'two', ...more }));
    await expect(write({ IfNoneMatch: '*' })).rejects.toMatchObject(failed);
    await expect(write({ IfMatch: '"other"' })).rejects.toMatchObject(failed);
    expect((await get('held')).bytes.toString()).toBe('one');
    await write({ IfMatch: ETag });
    expect((await get('held')).bytes.toString()).toBe('two');
  });

  test('that must not be there yet is made by one of many', async () => {
    const all = await Promise.allSettled(
      Array.from({ length: 12 }, (_, index) =>
        client.send(new PutObjectCommand({ Bucket, Key: 'race', Body: String(index), IfNoneMatch: '*' })),
      ),
    );
    expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(partial()).toEqual([]);
  });

  test('is copied, with what was said of it or with something new', async () => {
    await client.send(
      new PutObjectCommand({
        Bucket,
        Key: 'from ä',
        Body: 'x',
        ContentType: 'image/png',
        Metadata: { a: '1' },
      }),
    );
    const CopySource = `${Bucket}/${encodeURIComponent('from ä')}`;
    await client.send(new CopyObjectCommand({ Bucket, Key: 'to/there', CopySource }));
    expect(await get('to/there')).toMatchObject({ ContentType: 'image/png', Metadata: { a: '1' } });
    const replaced = { MetadataDirective: 'REPLACE', ContentType: 'text/plain' } as const;
    await client.send(new CopyObjectCommand({ Bucket, Key: 'from ä', CopySource, ...replaced }));
    expect(await get('from ä')).toMatchObject({ ContentType: 'text/plain', Metadata: {} });
    for (const [more, name] of [
      [{ Key: 'from ä', CopySource }, 'InvalidRequest'],
      [{ Key: 'to', CopySource: `${Bucket}/none` }, 'NoSuchKey'],
      [{ Key: 'to', CopySource: 'none-such/x' }, 'NoSuchBucket'],
      [{ Key: 'new', CopySource, CopySourceIfMatch: '"other"' }, 'PreconditionFailed'],
      [{ Key: 'new', CopySource: `${Bucket}/../secret` }, 'InvalidArgument'],
    ] as const)
      await expect(client.send(new CopyObjectCommand({ Bucket, ...more }))).rejects.toMatchObject({ name });
  });

  test('is deleted, also where there is none, with the folders that become empty', async () => {
    await put('deep/er/still', 'x');
    await client.send(new DeleteObjectCommand({ Bucket, Key: 'deep/er/still' }));
    await client.send(new DeleteObjectCommand({ Bucket, Key: 'deep/er/still' }));
    await expect(get('deep/er/still')).rejects.toMatchObject({ name: 'NoSuchKey' });
    await put('deep', 'a file where a folder was');
    expect((await get('deep')).bytes.toString()).toBe('a file where a folder was');
  });

  test('whose key ends with a slash is a folder', async () => {
    await put('made/', '');
    expect(await client.send(new HeadObjectCommand({ Bucket, Key: 'made/' }))).toMatchObject({
      ContentLength: 0,
    });
    await expect(put('made/', 'bytes')).rejects.toMatchObject({ name: 'InvalidRequest' });
    await client.send(new DeleteObjectCommand({ Bucket, Key: 'made/' }));
    await expect(client.send(new HeadObjectCommand({ Bucket, Key: 'made/' }))).rejects.toMatchObject({
      name: 'NotFound',
    });
  });
});

describe('a bucket', () => {
  test('is made, found, listed and removed when it is empty', async () => {
    const made = { Bucket: 'made-here' };
    await expect(client.send(new HeadBucketCommand(made))).rejects.toMatchObject({ name: 'NotFound' });
    await client.send(new CreateBucketCommand(made));
    await client.send(new CreateBucketCommand(made)); // as in us-east-1
    await client.send(new HeadBucketCommand(made));
    expect((await client.send(new GetBucketLocationCommand(made))).LocationConstraint).toBeUndefined();
    expect((await client.send(new GetBucketVersioningCommand(made))).Status).toBeUndefined();
    const names = async () =>
      (await client.send(new ListBucketsCommand({}))).Buckets?.map(({ Name }) => Name);
    expect(await names()).toEqual(['made-here', Bucket]);
    await put('x', 'x', 'made-here');
    await expect(client.send(new DeleteBucketCommand(made))).rejects.toMatchObject({
      name: 'BucketNotEmpty',
    });
    await client.send(new DeleteObjectCommand({ ...made, Key: 'x' }));
    await client.send(new DeleteBucketCommand(made));
    expect(await names()).toEqual([Bucket]);
  });

  test('has errors with their names', async () => {
    await expect(put('x', 'x', 'none-such')).rejects.toMatchObject({ name: 'NoSuchBucket' });
    await expect(client.send(new ListObjectsV2Command({ Bucket: 'none-such' }))).rejects.toMatchObject({
      name: 'NoSuchBucket',
    });
    await expect(client.send(new CreateBucketCommand({ Bucket: 'Not_A_Bucket' }))).rejects.toMatchObject({
      name: 'InvalidBucketName',
    });
    await expect(client.send(new GetBucketTaggingCommand({ Bucket }))).rejects.toMatchObject({
      name: 'NotImplemented',
    });
  });

  test('is listed in pages, by prefix and delimiter, in the order of the bytes', async () => {
    const list = { Bucket: 'listed' };
    await client.send(new CreateBucketCommand(list));
    const keys = ['a', 'a-b', 'a/1', 'a/2', 'a/b/c', 'a0', 'b/\uff5e', 'b/\u{1f600}', 'z & <z>'];
    // 'a' the file and 'a/' the folder cannot both be
    const given = keys.filter((key) => key !== 'a');
    for (const key of given.toReversed()) await put(key, key, 'listed');
    const all = async (more: Record<string, unknown>) => {
      const [seen, prefixes]: [string[], string[]] = [[], []];
      for await (const page of paginateListObjectsV2({ client, pageSize: 2 }, { ...list, ...more })) {
        expect((page.Contents?.length ?? 0) + (page.CommonPrefixes?.length ?? 0)).toBeLessThanOrEqual(2);
        seen.push(...(page.Contents ?? []).map(({ Key = '' }) => Key));
        prefixes.push(...(page.CommonPrefixes ?? []).map(({ Prefix = '' }) => Prefix));
      }
      return [seen, prefixes];
    };
    expect(await all({})).toEqual([given, []]);
    expect(await all({ Prefix: 'a/' })).toEqual([['a/1', 'a/2', 'a/b/c'], []]);
    expect(await all({ Prefix: 'a' })).toEqual([['a-b', 'a/1', 'a/2', 'a/b/c', 'a0'], []]);
    expect(await all({ Delimiter: '/' })).toEqual([
      ['a-b', 'a0', 'z & <z>'],
      ['a/', 'b/'],
    ]);
    expect(await all({ Delimiter: '/', Prefix: 'a/' })).toEqual([['a/1', 'a/2'], ['a/b/']]);
    expect(await all({ Delimiter: '0' })).toEqual([given.filter((key) => key !== 'a0'), ['a0']]);
    expect(await all({ StartAfter: 'a/1' })).toEqual([given.slice(2), []]);
    expect(await all({ Delimiter: '/', StartAfter: 'a/' })).toEqual([
      ['a0', 'z & <z>'],
      ['a/', 'b/'],
    ]);
    expect(await all({ Prefix: '../' })).toEqual([[], []]);
    expect(await all({ EncodingType: 'url', Prefix: 'z' })).toEqual([['z%20%26%20%3Cz%3E'], []]);

    const first = await client.send(new ListObjectsCommand({ ...list, Delimiter: '/', MaxKeys: 2 }));
    expect(first).toMatchObject({ IsTruncated: true, NextMarker: 'a/' });
    const second = await client.send(
      new ListObjectsCommand({ ...list, Delimiter: '/', Marker: first.NextMarker }),
    );
    expect(second.Contents?.map(({ Key }) => Key)).toEqual(['a0', 'z & <z>']);
    expect(second.CommonPrefixes?.map(({ Prefix }) => Prefix)).toEqual(['b/']);
    expect(await client.send(new ListObjectsV2Command({ ...list, MaxKeys: 0 }))).toMatchObject({
      KeyCount: 0,
      IsTruncated: false,
    });
    await expect(
      client.send(new ListObjectsV2Command({ ...list, ContinuationToken: '!' })),
    ).rejects.toMatchObject({ name: 'InvalidArgument' });
    const { Contents = [] } = await client.send(new ListObjectsV2Command({ ...list, Prefix: 'a/1' }));
    expect(Contents[0]).toMatchObject({
      Size: 3,
      ETag: `"${createHash('md5').update('a/1').digest('hex')}"`,
    });
  });

  test('loses many objects at once, and says which it could not', async () => {
    const keys = ['many/1', 'many/2', 'a & b'];
    for (const key of keys) await put(key, 'x');
    const told = await client.send(
      new DeleteObjectsCommand({
        Bucket,
        Delete: { Objects: [...keys, 'none'].map((Key) => ({ Key })).concat([{ Key: '../x' }]) },
      }),
    );
    expect(told.Deleted?.map(({ Key }) => Key)).toEqual([...keys, 'none', '../x']);
    expect((await client.send(new ListObjectsV2Command({ Bucket, Prefix: 'many/' }))).KeyCount).toBe(0);
    const versioned = { Objects: [{ Key: 'none', VersionId: 'v1' }], Quiet: true };
    const refused = await client.send(new DeleteObjectsCommand({ Bucket, Delete: versioned }));
    expect(refused.Errors).toMatchObject([{ Key: 'none', Code: 'NoSuchVersion' }]);
  });
});

describe('an upload of parts', () => {
  const half = randomBytes(5 * 1024 * 1024);
  const begin = async (Key: string, more: object = {}): Promise<string> =>
    (await client.send(new CreateMultipartUploadCommand({ Bucket, Key, ...more }))).UploadId ?? '';
  const part = (Key: string, UploadId: string, PartNumber: number, Body: Uint8Array) =>
    client.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body }));
  const complete = (Key: string, UploadId: string, Parts: object[]) =>
    client.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } }));

  test('becomes an object when it is complete, its parts having come in any order', async () => {
    const Key = 'parts/large';
    const id = await begin(Key, { ContentType: 'image/tiff', ChecksumAlgorithm: 'CRC32' });
    const tail = Buffer.from('the last part may be small');
    const second = await part(Key, id, 2, tail);
    await part(Key, id, 1, randomBytes(100));
    const first = await part(Key, id, 1, half); // the latest counts
    const { Parts } = await client.send(new ListPartsCommand({ Bucket, Key, UploadId: id }));
    expect(Parts?.map(({ PartNumber, Size }) => [PartNumber, Size])).toEqual([
      [1, half.length],
      [2, tail.length],
    ]);
    const { Uploads } = await client.send(new ListMultipartUploadsCommand({ Bucket }));
    expect(Uploads?.map(({ UploadId }) => UploadId)).toEqual([id]);
    await expect(get(Key)).rejects.toMatchObject({ name: 'NoSuchKey' });
    const done = await complete(Key, id, [
      { PartNumber: 1, ETag: first.ETag, ChecksumCRC32: first.ChecksumCRC32 },
      { PartNumber: 2, ETag: second.ETag, ChecksumCRC32: second.ChecksumCRC32 },
    ]);
    const md5 = (bytes: Uint8Array) => createHash('md5').update(bytes).digest();
    const joined = createHash('md5')
      .update(Buffer.concat([md5(half), md5(tail)]))
      .digest('hex');
    expect(done.ETag).toBe(`"${joined}-2"`);
    const told = await get(Key, { ChecksumMode: 'ENABLED' });
    expect(told.bytes.equals(Buffer.concat([half, tail]))).toBe(true);
    expect(told).toMatchObject({ ETag: done.ETag, ContentType: 'image/tiff' });
    expect(partial()).toEqual([]);
    await expect(part(Key, id, 1, tail)).rejects.toMatchObject({ name: 'NoSuchUpload' });
  });

  test('is refused with what is wrong, and stays open', async () => {
    const Key = 'parts/wrong';
    const id = await begin(Key);
    const [{ ETag: one }, { ETag: two }] = [
      await part(Key, id, 1, Buffer.from('small')),
      await part(Key, id, 2, Buffer.from('more')),
    ];
    const refused = (Parts: object[], name: string) =>
      expect(complete(Key, id, Parts)).rejects.toMatchObject({ name });
    await refused([{ PartNumber: 1, ETag: two }], 'InvalidPart');
    await refused([{ PartNumber: 3, ETag: one }], 'InvalidPart');
    await refused(
      [
        { PartNumber: 2, ETag: two },
        { PartNumber: 1, ETag: one },
      ],
      'InvalidPartOrder',
    );
    await refused(
      [
        { PartNumber: 1, ETag: one },
        { PartNumber: 2, ETag: two },
      ],
      'EntityTooSmall',
    );
    await refused([], 'MalformedXML');
    await expect(part(Key, id, 10_001, half)).rejects.toMatchObject({ name: 'InvalidArgument' });
    await expect(part('other', id, 1, half)).rejects.toMatchObject({ name: 'NoSuchUpload' });
    await complete(Key, id, [{ PartNumber: 1, ETag: one }]);
    expect((await get(Key)).bytes.toString()).toBe('small');
  });

  test('leaves nothing when it is aborted, though a part is on its way', async () => {
    const Key = 'parts/aborted';
    const id = await begin(Key);
    await part(Key, id, 1, half);
    const late = part(Key, id, 2, half).catch((error: unknown) => (error as Error).name);
    await client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId: id }));
    await late;
    await expect(part(Key, id, 3, half)).rejects.toMatchObject({ name: 'NoSuchUpload' });
    expect(partial()).toEqual([]);
  });

  test('takes parts of other objects', async () => {
    await put('parts/source', half);
    const Key = 'parts/copied';
    const UploadId = await begin(Key);
    const copy = (PartNumber: number, CopySourceRange?: string) =>
      client.send(
        new UploadPartCopyCommand({
          Bucket,
          Key,
          UploadId,
          PartNumber,
          CopySource: `${Bucket}/parts/source`,
          CopySourceRange,
        }),
      );
    const [whole, some] = [await copy(1), await copy(2, 'bytes=0-9')];
    await complete(Key, UploadId, [
      { PartNumber: 1, ETag: whole.CopyPartResult?.ETag },
      { PartNumber: 2, ETag: some.CopyPartResult?.ETag },
    ]);
    expect((await get(Key)).bytes.equals(Buffer.concat([half, half.subarray(0, 10)]))).toBe(true);
  });
});
