import { createHash } from 'node:crypto';
import type { Stats } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import type { ObjectLocation } from '../../domain/ports.ts';
import { temporaryPath, unlessMissing } from '../folder-paths.ts';
import type { ChecksumName } from './checksums.ts';

/** What S3 tells of an object beside its bytes. */
export interface ObjectFacts {
  /** Bytes. */
  readonly size: number;
  readonly modified: Date;
  /** Without quotes. */
  readonly etag: string;
  /** `content-type` and the like, and `x-amz-meta-*`, as they were sent. */
  readonly headers: Readonly<Record<string, string>>;
  readonly checksum?: Checksum;
}

export interface Checksum {
  readonly name: ChecksumName;
  /** In base64; `-n` behind it says that it is one over the checksums of n parts. */
  readonly value: string;
}

/** The facts that a file cannot keep itself. They hold while the file is the one that they were taken of. */
type ObjectRecord = Omit<ObjectFacts, 'modified'> & ObjectLocation & { readonly mtimeMs: number };

/** A folder beside the buckets; no bucket can be called so. */
const folder = '.records';

const types: Readonly<Record<string, string>> = {
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.png': 'image/png',
  '.json': 'application/json',
};

/** One file for each object: a key may be longer than a file's name. */
function pathOfRecord(root: string, { bucket, key }: ObjectLocation): string {
  const name = createHash('sha256').update(`${bucket}/${key}`).digest('hex');
  return join(root, folder, name.slice(0, 2), `${name}.json`);
}

/**
 * Nothing is lost that cannot be done without if a record is: a file that was put into the folder by other
 * means never has one. Its ETag is made of its size and time, so that listing pictures does not read them;
 * the `-1` says to clients that it is no MD5.
 */
export async function factsOf(root: string, location: ObjectLocation, stats: Stats): Promise<ObjectFacts> {
  const { size, mtimeMs, ino } = stats;
  const record = await readRecord(pathOfRecord(root, location));
  const modified = new Date(mtimeMs);
  if (record?.size === size && record.mtimeMs === mtimeMs)
    return {
      size,
      modified,
      etag: record.etag,
      headers: record.headers,
      ...(record.checksum !== undefined && { checksum: record.checksum }),
    };
  return {
    size,
    modified,
    etag: `${createHash('md5').update(`${ino}-${size}-${mtimeMs}`).digest('hex')}-1`,
    headers: { 'content-type': types[extname(location.key).toLowerCase()] ?? 'binary/octet-stream' },
  };
}

async function readRecord(path: string): Promise<ObjectRecord | undefined> {
  const text = await unlessMissing(readFile(path, 'utf8'));
  try {
    return text === undefined ? undefined : (JSON.parse(text) as ObjectRecord);
  } catch {
    return undefined; // the machine went down while it was written
  }
}

export async function writeRecord(
  root: string,
  location: ObjectLocation,
  facts: Omit<ObjectFacts, 'modified'>,
  mtimeMs: number,
): Promise<void> {
  const path = pathOfRecord(root, location);
  const temporary = await temporaryPath(root);
  await writeFile(temporary, JSON.stringify({ ...location, ...facts, mtimeMs } satisfies ObjectRecord));
  await mkdir(dirname(path), { recursive: true });
  await rename(temporary, path);
}

export const removeRecord = (root: string, location: ObjectLocation): Promise<void> =>
  rm(pathOfRecord(root, location), { force: true });
