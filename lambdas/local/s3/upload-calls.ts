import { documentAnswer, emptyAnswer, type S3Answer, type S3Call } from './call.ts';
import { checksumNames } from './checksums.ts';
import { checkWrite, rangeOf } from './conditions.ts';
import { S3Error } from './errors.ts';
import { encoderOf, numberOf } from './bucket-calls.ts';
import { checksumHeaders, copyBytes, headersToKeep, quoted, sourceOf } from './object-calls.ts';
import type { Checksum } from './records.ts';
import type { S3Request } from './request.ts';
import type { NamedPart } from './uploads.ts';
import { parseXml, textOf, type XmlNode } from './xml.ts';

const mostParts = 10_000;

const idOf = ({ query }: S3Request): string => query.get('uploadId') ?? '';

export async function createUpload({ request, objects, uploads, authorize }: S3Call): Promise<S3Answer> {
  authorize('s3:PutObject');
  const headers = headersToKeep(request);
  await objects.requireBucket(request.bucket);
  await objects.facts(request); // refuses what can be no file
  if (request.key.endsWith('/'))
    throw new S3Error('InvalidRequest', 'A key of parts may not end with a slash.');
  const asked = (request.headers['x-amz-checksum-algorithm'] ?? '').toLowerCase();
  const { bucket, key } = request;
  const algorithm = checksumNames.find((name) => name === asked);
  const id = await uploads.begin({ bucket, key }, headers);
  const answer = documentAnswer('InitiateMultipartUploadResult', { Bucket: bucket, Key: key, UploadId: id });
  const type = request.headers['x-amz-checksum-type'];
  return {
    ...answer,
    headers: {
      ...answer.headers,
      ...(algorithm !== undefined && { 'x-amz-checksum-algorithm': algorithm.toUpperCase() }),
      ...(type !== undefined && { 'x-amz-checksum-type': type }),
    },
  };
}

function partNumber(request: S3Request): number {
  const number = numberOf(request, 'partNumber', 0);
  if (number < 1 || number > mostParts)
    throw new S3Error('InvalidArgument', `Part number must be an integer between 1 and ${mostParts}.`);
  return number;
}

export async function uploadPart({ request, uploads, body, authorize }: S3Call): Promise<S3Answer> {
  authorize('s3:PutObject');
  const number = partNumber(request);
  const part = await uploads.receive(request, idOf(request), number, (file) => body.into(file));
  return emptyAnswer(200, { ETag: quoted(part.md5), ...checksumHeaders(part.checksum) });
}

export async function copyPart(call: S3Call, header: string): Promise<S3Answer> {
  const { request, uploads, authorize } = call;
  authorize('s3:PutObject');
  const number = partNumber(request);
  const { file, facts } = await sourceOf(call, header);
  try {
    const asked = request.headers['x-amz-copy-source-range'];
    const range = rangeOf(asked, facts.size) ?? { from: 0, to: facts.size - 1 };
    const size = range.to - range.from + 1;
    const part = await uploads.receive(request, idOf(request), number, async (target) => ({
      md5: await copyBytes(file, target, range),
      size,
    }));
    return documentAnswer('CopyPartResult', {
      LastModified: part.modified.toISOString(),
      ETag: quoted(part.md5),
    });
  } finally {
    await file.close();
  }
}

export async function completeUpload(call: S3Call): Promise<S3Answer> {
  const { request, uploads, authorize, document } = call;
  authorize('s3:PutObject');
  uploads.find(request, idOf(request));
  const root = parseXml(await document());
  const parts = root.children.filter(({ name }) => name === 'Part').map(namedPart);
  if (root.name !== 'CompleteMultipartUpload' || parts.length === 0 || parts.length > mostParts)
    throw new S3Error('MalformedXML', `The document must name 1 to ${mostParts} parts.`);
  const { etag, checksum } = await uploads.complete(
    request,
    idOf(request),
    parts,
    statedChecksum(request),
    checkWrite(request.headers),
  );
  return documentAnswer('CompleteMultipartUploadResult', {
    Location: `http://${request.headers['host'] ?? ''}${request.path}`,
    Bucket: request.bucket,
    Key: request.key,
    ETag: quoted(etag),
    ...(checksum !== undefined && {
      [`Checksum${checksum.name.toUpperCase()}`]: checksum.value,
      ChecksumType: checksum.value.includes('-') ? 'COMPOSITE' : 'FULL_OBJECT',
    }),
  });
}

function namedPart(node: XmlNode): NamedPart {
  const number = textOf(node, 'PartNumber')?.trim() ?? '';
  const etag = textOf(node, 'ETag')?.trim().replace(/^"|"$/g, '') ?? '';
  const checksum = node.children.find(({ name }) => name.startsWith('Checksum'))?.text.trim();
  if (!/^\d{1,5}$/.test(number)) throw new S3Error('MalformedXML', 'A part must have a PartNumber.');
  return { number: Number(number), etag, ...(checksum !== undefined && { checksum }) };
}

/** A checksum of the whole object; one of its parts' is computed here anyway. */
function statedChecksum({ headers }: S3Request): Checksum | undefined {
  const name = checksumNames.find((each) => headers[`x-amz-checksum-${each}`] !== undefined);
  const value = name === undefined ? undefined : headers[`x-amz-checksum-${name}`];
  if (name === undefined || value === undefined || value.includes('-')) return undefined;
  return { name, value };
}

export async function abortUpload({ request, uploads, authorize }: S3Call): Promise<S3Answer> {
  authorize('s3:AbortMultipartUpload');
  await uploads.abort(request, idOf(request));
  return emptyAnswer(204);
}

export function listParts({ request, uploads, authorize }: S3Call): S3Answer {
  authorize('s3:ListMultipartUploadParts');
  const { id, parts, bucket, key } = uploads.find(request, idOf(request));
  const after = numberOf(request, 'part-number-marker', 0);
  const most = Math.min(numberOf(request, 'max-parts', 1000), 1000);
  const left = [...parts.keys()].sort((one, other) => one - other).filter((number) => number > after);
  const page = left.slice(0, most);
  return documentAnswer('ListPartsResult', {
    Bucket: bucket,
    Key: encoderOf(request)(key),
    UploadId: id,
    PartNumberMarker: after,
    NextPartNumberMarker: page.at(-1) ?? 0,
    MaxParts: most,
    IsTruncated: left.length > page.length,
    Part: page.map((number) => {
      const part = parts.get(number);
      return {
        PartNumber: number,
        LastModified: part?.modified.toISOString(),
        ETag: quoted(part?.md5 ?? ''),
        Size: part?.size,
      };
    }),
  });
}

export async function listUploads({ request, objects, uploads, authorize }: S3Call): Promise<S3Answer> {
  authorize('s3:ListBucketMultipartUploads');
  await objects.requireBucket(request.bucket);
  const encode = encoderOf(request);
  const { query, bucket } = request;
  const [prefix, marker, idMarker] = [
    query.get('prefix') ?? '',
    query.get('key-marker') ?? '',
    query.get('upload-id-marker') ?? '',
  ];
  const most = Math.min(numberOf(request, 'max-uploads', 1000), 1000);
  const left = uploads
    .in(bucket, prefix)
    .filter(({ key, id }) => key > marker || (key === marker && id > idMarker && idMarker !== ''));
  const page = left.slice(0, most);
  const isTruncated = left.length > page.length;
  const last = page.at(-1);
  return documentAnswer('ListMultipartUploadsResult', {
    Bucket: bucket,
    Prefix: encode(prefix),
    KeyMarker: encode(marker),
    UploadIdMarker: idMarker,
    MaxUploads: most,
    IsTruncated: isTruncated,
    ...(isTruncated &&
      last !== undefined && { NextKeyMarker: encode(last.key), NextUploadIdMarker: last.id }),
    Upload: page.map(({ key, id, begun }) => ({
      Key: encode(key),
      UploadId: id,
      Initiated: begun.toISOString(),
      StorageClass: 'STANDARD',
    })),
  });
}
