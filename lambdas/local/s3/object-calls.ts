import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { LocationRefused, type ObjectLocation } from '../../domain/ports.ts';
import { emptyAnswer, documentAnswer, type S3Answer, type S3Call } from './call.ts';
import { checkRead, checkWrite, rangeOf, type Range } from './conditions.ts';
import { S3Error } from './errors.ts';
import { copyPieces } from './pieces.ts';
import type { Checksum, ObjectFacts } from './records.ts';
import { decoded, type S3Request } from './request.ts';

/** Headers that are kept with an object and told again. */
const kept = [
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'expires',
];

/** Bytes of all names and values that a user gives: as in S3. */
const mostMetadata = 2048;

/** Attributes that would be lost without a word. */
const refused = [
  'x-amz-server-side-encryption-customer-algorithm',
  'x-amz-tagging',
  'x-amz-object-lock-mode',
  'x-amz-object-lock-legal-hold',
  'x-amz-website-redirect-location',
  'x-amz-write-offset-bytes',
];

/**
 * What is uploaded is shown by browsers on this host's own origin: it must not run there, and no page of
 * another origin may have it.
 */
const defences = {
  'Content-Security-Policy': "sandbox; default-src 'none'; img-src 'self'; style-src 'unsafe-inline'",
  'Cross-Origin-Resource-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
};

const missing = ({ key }: ObjectLocation): S3Error =>
  new S3Error('NoSuchKey', 'The specified key does not exist.', { Key: key });

export const quoted = (etag: string): string => `"${etag}"`;

export const checksumHeaders = (checksum: Checksum | undefined): Record<string, string> =>
  checksum === undefined
    ? {}
    : {
        [`x-amz-checksum-${checksum.name}`]: checksum.value,
        'x-amz-checksum-type': checksum.value.includes('-') ? 'COMPOSITE' : 'FULL_OBJECT',
      };

/** @throws S3Error for what this host would have to forget */
export function headersToKeep({ headers }: S3Request): Record<string, string> {
  const unkept = refused.find((name) => headers[name] !== undefined);
  if (unkept !== undefined)
    throw new S3Error('NotImplemented', `This host keeps nothing of the header ${unkept}.`);
  const facts: Record<string, string> = {};
  let metadata = 0;
  for (const [name, value = ''] of Object.entries(headers)) {
    if (name.startsWith('x-amz-meta-')) metadata += name.length - 'x-amz-meta-'.length + value.length;
    else if (!kept.includes(name)) continue;
    facts[name] = value;
  }
  if (metadata > mostMetadata)
    throw new S3Error('MetadataTooLarge', `Your metadata headers exceed ${mostMetadata} bytes.`);
  const codings = (facts['content-encoding'] ?? '').split(',').map((each) => each.trim());
  const encoding = codings.filter((each) => each !== '' && each !== 'aws-chunked').join(', ');
  delete facts['content-encoding'];
  if (encoding !== '') facts['content-encoding'] = encoding;
  facts['content-type'] ??= 'binary/octet-stream';
  return facts;
}

/** @throws S3Error NoSuchVersion: a folder keeps no versions */
function refuseVersions({ query }: S3Request): void {
  if ((query.get('versionId') ?? 'null') !== 'null')
    throw new S3Error('NoSuchVersion', 'The specified version does not exist: a folder keeps no versions.');
}

/** GET and HEAD. */
export async function getObject({ request, objects, authorize }: S3Call): Promise<S3Answer> {
  authorize('s3:GetObject');
  refuseVersions(request);
  if (request.query.has('partNumber'))
    throw new S3Error('NotImplemented', 'Parts are not kept. Ask for a range of bytes.');
  await objects.requireBucket(request.bucket);
  if (request.key.endsWith('/')) return getFolder(request, await objects.hasFolder(request));
  const opened = await objects.open(request);
  if (opened === undefined) throw missing(request);
  const { file, facts } = opened;
  try {
    checkRead(request.headers, facts);
    const range = rangeOf(wantedRange(request, facts), facts.size);
    const answer = { status: range === undefined ? 200 : 206, headers: headersOf(request, facts, range) };
    if (request.method === 'GET' && facts.size > 0)
      return { ...answer, file: { handle: file, ...(range !== undefined && { range }) } };
    await file.close();
    return { ...answer, body: '' };
  } catch (error) {
    await file.close();
    throw error;
  }
}

function getFolder(request: S3Request, isThere: boolean): S3Answer {
  if (!isThere) throw missing(request);
  return emptyAnswer(200, {
    ...defences,
    ETag: quoted(createHash('md5').digest('hex')),
    'Content-Length': '0',
    'Content-Type': 'application/x-directory',
  });
}

/** A range holds for the object that `If-Range` names, if it names one. */
function wantedRange({ headers }: S3Request, { etag }: ObjectFacts): string | undefined {
  const held = headers['if-range'];
  return held === undefined || held === quoted(etag) ? headers['range'] : undefined;
}

function headersOf(
  { headers, query }: S3Request,
  { size, modified, etag, headers: told, checksum }: ObjectFacts,
  range: Range | undefined,
): Record<string, string> {
  const overridden = Object.fromEntries(
    kept.flatMap((name) => {
      const value = query.get(`response-${name}`);
      if (value !== undefined && !/^[\t\x20-\x7e]*$/.test(value))
        throw new S3Error('InvalidArgument', `response-${name} must be printable ASCII.`);
      return value === undefined ? [] : [[name, value]];
    }),
  );
  return {
    ...told,
    ...overridden,
    ...defences,
    ETag: quoted(etag),
    'Accept-Ranges': 'bytes',
    'Last-Modified': modified.toUTCString(),
    'Content-Length': String(range === undefined ? size : range.to - range.from + 1),
    ...(range !== undefined && { 'Content-Range': `bytes ${range.from}-${range.to}/${size}` }),
    ...(range === undefined &&
      (headers['x-amz-checksum-mode'] ?? '').toUpperCase() === 'ENABLED' &&
      checksumHeaders(checksum)),
  };
}

export async function putObject({ request, objects, body, authorize }: S3Call): Promise<S3Answer> {
  authorize('s3:PutObject');
  const headers = headersToKeep(request);
  await objects.requireBucket(request.bucket);
  if (request.key.endsWith('/')) {
    const { size, md5 } = await body.read(() => {
      throw new S3Error('InvalidRequest', 'A key that ends with a slash is a folder here, and has no bytes.');
    });
    await objects.makeFolder(request);
    return emptyAnswer(size === 0 ? 200 : 400, { ETag: quoted(md5) });
  }
  // A location that can be no file is refused before the bytes come, and so is one that must stay as it is.
  checkWrite(request.headers)(await objects.facts(request));
  const written = await objects.write((file) => body.into(file));
  const { md5, checksum } = written.result;
  const facts = { etag: md5, headers, ...(checksum !== undefined && { checksum }) };
  await objects.commit(request, written, facts, checkWrite(request.headers));
  return emptyAnswer(200, { ETag: quoted(md5), ...checksumHeaders(checksum) });
}

/** The object that a copy is made of, open. */
export async function sourceOf(
  { request, objects, authorize }: S3Call,
  header: string,
): Promise<{ readonly file: FileHandle; readonly facts: ObjectFacts; readonly from: ObjectLocation }> {
  const [raw = '', search = ''] = header.replace(/^\//, '').split('?');
  const path = decoded(raw).replace(/^\//, '');
  const mark = path.indexOf('/');
  const from = { bucket: path.slice(0, mark), key: path.slice(mark + 1) };
  if (mark < 1 || from.key === '')
    throw new S3Error('InvalidArgument', 'x-amz-copy-source must be bucket/key, percent-encoded.');
  if (search !== '' && search !== 'versionId=null')
    throw new S3Error('NoSuchVersion', 'The specified version does not exist: a folder keeps no versions.');
  authorize('s3:GetObject', from.bucket);
  await objects.requireBucket(from.bucket);
  const opened = from.key.endsWith('/') ? undefined : await objects.open(from);
  if (opened === undefined) throw missing(from);
  try {
    checkRead(request.headers, opened.facts, 'x-amz-copy-source-');
  } catch (error) {
    await opened.file.close();
    throw error;
  }
  return { ...opened, from };
}

/** @returns the MD5 of what was copied, in hexadecimal */
export async function copyBytes(source: FileHandle, target: FileHandle, range: Range): Promise<string> {
  const md5 = createHash('md5');
  await copyPieces(source, target, range, (bytes) => md5.update(bytes));
  return md5.digest('hex');
}

export async function copyObject(call: S3Call, header: string): Promise<S3Answer> {
  const { request, objects, authorize } = call;
  authorize('s3:PutObject');
  await objects.requireBucket(request.bucket);
  const { file, facts, from } = await sourceOf(call, header);
  try {
    const directive = request.headers['x-amz-metadata-directive'] ?? 'COPY';
    if (!['COPY', 'REPLACE'].includes(directive))
      throw new S3Error('InvalidArgument', 'x-amz-metadata-directive must be COPY or REPLACE.');
    if (directive === 'COPY' && from.bucket === request.bucket && from.key === request.key)
      throw new S3Error(
        'InvalidRequest',
        'This copy request is illegal because it is trying to copy an object to itself without changing ' +
          "the object's metadata.",
      );
    const headers = directive === 'COPY' ? facts.headers : headersToKeep(request);
    const whole = { from: 0, to: facts.size - 1 };
    const written = await objects.write((target) => copyBytes(file, target, whole));
    const etag = written.result;
    await objects.commit(request, written, { etag, headers }, checkWrite(request.headers));
    return documentAnswer('CopyObjectResult', {
      LastModified: new Date(written.mtimeMs).toISOString(),
      ETag: quoted(etag),
    });
  } finally {
    await file.close();
  }
}

export async function deleteObject({ request, objects, authorize }: S3Call): Promise<S3Answer> {
  authorize('s3:DeleteObject');
  refuseVersions(request);
  await removeOne(objects, request);
  return emptyAnswer(204);
}

/** A key that can be no file names nothing that is there. */
export async function removeOne(objects: S3Call['objects'], location: ObjectLocation): Promise<void> {
  await objects.requireBucket(location.bucket);
  try {
    await (location.key.endsWith('/') ? objects.removeFolder(location) : objects.remove(location));
  } catch (error) {
    if (!(error instanceof LocationRefused)) throw error;
  }
}
