import { documentAnswer, emptyAnswer, type S3Answer, type S3Call } from './call.ts';
import { S3Error } from './errors.ts';
import { list, type Listed } from './listing.ts';
import { quoted, removeOne } from './object-calls.ts';
import type { S3Request } from './request.ts';
import { encodedPath } from '../../domain/uri-encoding.ts';
import { parseXml, textOf, type XmlElements } from './xml.ts';

/** Keys of a page, and of a DeleteObjects. */
const mostKeys = 1000;

/** Objects whose facts are read at once. */
const atOnce = 32;

const owner = { ID: 'crowsnest', DisplayName: 'crowsnest' };

export async function listBuckets({ objects, authorize, reaches }: S3Call): Promise<S3Answer> {
  authorize('s3:ListAllMyBuckets');
  const buckets = (await objects.buckets()).filter(({ name }) => reaches(name));
  return documentAnswer('ListAllMyBucketsResult', {
    Owner: owner,
    Buckets: {
      Bucket: buckets.map(({ name, created }) => ({ Name: name, CreationDate: created.toISOString() })),
    },
  });
}

export async function createBucket({
  request,
  objects,
  authorize,
  document,
  region,
}: S3Call): Promise<S3Answer> {
  authorize('s3:CreateBucket');
  const text = await document();
  if (text !== '') parseXml(text); // where a bucket is to be is of no account here: there is one place
  try {
    await objects.createBucket(request.bucket);
  } catch (error) {
    // In us-east-1, and only there, making one's own bucket again is success.
    const again = error instanceof S3Error && error.code === 'BucketAlreadyOwnedByYou';
    if (!again || region !== 'us-east-1') throw error;
  }
  return emptyAnswer(200, { Location: `/${request.bucket}` });
}

export async function headBucket({ request, objects, authorize, region }: S3Call): Promise<S3Answer> {
  authorize('s3:ListBucket');
  await objects.requireBucket(request.bucket);
  return emptyAnswer(200, { 'x-amz-bucket-region': region });
}

export async function deleteBucket({ request, objects, authorize }: S3Call): Promise<S3Answer> {
  authorize('s3:DeleteBucket');
  await objects.removeBucket(request.bucket);
  return emptyAnswer(204);
}

export async function getLocation({ request, objects, authorize, region }: S3Call): Promise<S3Answer> {
  authorize('s3:GetBucketLocation');
  await objects.requireBucket(request.bucket);
  const answer = documentAnswer('LocationConstraint', {});
  const body = answer.body?.replace('></', `>${region === 'us-east-1' ? '' : region}</`) ?? '';
  return { ...answer, body };
}

export async function getVersioning({ request, objects, authorize }: S3Call): Promise<S3Answer> {
  authorize('s3:GetBucketVersioning');
  await objects.requireBucket(request.bucket);
  return documentAnswer('VersioningConfiguration', {});
}

/** @throws S3Error InvalidArgument */
export function numberOf({ query }: S3Request, name: string, otherwise: number): number {
  const text = query.get(name);
  if (text === undefined || text === '') return otherwise;
  if (!/^\d{1,10}$/.test(text) || Number(text) > 2 ** 31 - 1)
    throw new S3Error('InvalidArgument', `${name} must be a whole number from 0 to 2147483647.`, {
      ArgumentName: name,
    });
  return Number(text);
}

/** @returns how keys are written into an answer */
export function encoderOf({ query }: S3Request): (key: string) => string {
  const type = query.get('encoding-type');
  if (type !== undefined && type !== 'url')
    throw new S3Error('InvalidArgument', 'Invalid Encoding Method specified in Request: it may be url.', {
      ArgumentName: 'encoding-type',
    });
  return type === 'url' ? encodedPath : (key) => key;
}

/** The last key or prefix of a page, so that a client need not take care of it. */
const tokenOf = (key: string): string => Buffer.from(key).toString('base64url');

function keyOfToken(token: string): string {
  const key = Buffer.from(token, 'base64url').toString();
  if (key === '' || tokenOf(key) !== token)
    throw new S3Error('InvalidArgument', 'The continuation token provided is incorrect.', {
      ArgumentName: 'continuation-token',
    });
  return key;
}

/** ListObjects and ListObjectsV2. */
export async function listObjects(call: S3Call): Promise<S3Answer> {
  const { request, objects, authorize } = call;
  authorize('s3:ListBucket');
  const { query } = request;
  const version = query.get('list-type');
  if (version !== undefined && version !== '2')
    throw new S3Error('InvalidArgument', 'list-type may be 2.', { ArgumentName: 'list-type' });
  const second = version === '2';
  const encode = encoderOf(request);
  const token = query.get('continuation-token');
  const [prefix, delimiter] = [query.get('prefix') ?? '', query.get('delimiter') ?? ''];
  const after =
    second && token !== undefined ? keyOfToken(token) : (query.get(second ? 'start-after' : 'marker') ?? '');
  const most = Math.min(numberOf(request, 'max-keys', mostKeys), mostKeys);
  const bucket = await objects.requireBucket(request.bucket);
  const resumes = !second || token !== undefined;
  const found = await list(bucket, { prefix, delimiter, after, most, resumes });
  const common: XmlElements = {
    Name: request.bucket,
    Prefix: encode(prefix),
    MaxKeys: most,
    ...(delimiter !== '' && { Delimiter: encode(delimiter) }),
    ...(query.has('encoding-type') && { EncodingType: 'url' }),
    IsTruncated: found.next !== undefined,
  };
  const contents = {
    Contents: await contentsOf(call, found, encode, !second || query.get('fetch-owner') === 'true'),
    CommonPrefixes: found.prefixes.map((each) => ({ Prefix: encode(each) })),
  };
  const next = found.next;
  return documentAnswer('ListBucketResult', {
    ...common,
    ...(second
      ? {
          KeyCount: contents.Contents.length + contents.CommonPrefixes.length,
          ContinuationToken: token,
          NextContinuationToken: next === undefined ? undefined : tokenOf(next),
          ...(query.has('start-after') && { StartAfter: encode(query.get('start-after') ?? '') }),
        }
      : { Marker: encode(after), NextMarker: next === undefined ? undefined : encode(next) }),
    ...contents,
  });
}

async function contentsOf(
  { request: { bucket }, objects }: S3Call,
  { keys }: Listed,
  encode: (key: string) => string,
  withOwner: boolean,
): Promise<XmlElements[]> {
  const contents: XmlElements[] = [];
  for (let from = 0; from < keys.length; from += atOnce) {
    const some = keys.slice(from, from + atOnce);
    const facts = await Promise.all(some.map((key) => objects.facts({ bucket, key }).catch(() => undefined)));
    facts.forEach((each, index) => {
      if (each === undefined) return; // it was deleted just now, or is a link that leads nowhere
      contents.push({
        Key: encode(some[index] ?? ''),
        LastModified: each.modified.toISOString(),
        ETag: quoted(each.etag),
        Size: each.size,
        StorageClass: 'STANDARD',
        ...(withOwner && { Owner: owner }),
      });
    });
  }
  return contents;
}

export async function deleteObjects({ request, objects, authorize, document }: S3Call): Promise<S3Answer> {
  authorize('s3:DeleteObject');
  await objects.requireBucket(request.bucket);
  const root = parseXml(await document());
  const wanted = root.children.filter(({ name }) => name === 'Object');
  if (root.name !== 'Delete' || wanted.length === 0 || wanted.length > mostKeys)
    throw new S3Error('MalformedXML', `The document must be a Delete of 1 to ${mostKeys} objects.`);
  const [deleted, failed]: [XmlElements[], XmlElements[]] = [[], []];
  for (const each of wanted) {
    const key = textOf(each, 'Key') ?? '';
    try {
      if ((textOf(each, 'VersionId') ?? 'null') !== 'null')
        throw new S3Error('NoSuchVersion', 'The specified version does not exist.');
      await removeOne(objects, { bucket: request.bucket, key });
      deleted.push({ Key: key });
    } catch (error) {
      if (!(error instanceof S3Error)) throw error;
      failed.push({ Key: key, Code: error.code, Message: error.message });
    }
  }
  const quiet = textOf(root, 'Quiet') === 'true';
  return documentAnswer('DeleteResult', { ...(!quiet && { Deleted: deleted }), Error: failed });
}
