import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, ObjectLocation } from '../../domain/ports.ts';
import { isCode, temporaryPath } from '../folder-paths.ts';
import type { Received } from './body.ts';
import type { BucketFolder, Written } from './bucket-folder.ts';
import { runningChecksum } from './checksums.ts';
import { S3Error } from './errors.ts';
import { Locks } from './locks.ts';
import { compareKeys } from './listing.ts';
import { copyPieces } from './pieces.ts';
import type { Checksum, ObjectFacts } from './records.ts';

export interface Part extends Received {
  readonly path: string;
  readonly modified: Date;
}

export interface Upload extends ObjectLocation {
  readonly id: string;
  readonly folder: string;
  readonly headers: ObjectFacts['headers'];
  readonly begun: Date;
  readonly parts: Map<number, Part>;
  used: number;
}

/** A part as CompleteMultipartUpload names it. */
export interface NamedPart {
  readonly number: number;
  readonly etag: string;
  readonly checksum?: string;
}

/** Uploads that are open at once. */
const mostUploads = 1000;

/** Milliseconds without a part after which an upload is given up. */
const longestPause = 24 * 3600_000;

/** Bytes of every part but the last. */
const smallestPart = 5 * 1024 ** 2;

/**
 * Uploads of several parts. They live as long as this host does: what a host leaves that is killed the next
 * one removes (leftovers.ts), and a client begins again.
 */
export class Uploads {
  readonly #objects: BucketFolder;
  readonly #clock: Clock;
  readonly #open = new Map<string, Upload>();
  readonly #locks = new Locks();

  constructor(objects: BucketFolder, clock: Clock) {
    this.#objects = objects;
    this.#clock = clock;
  }

  /** @throws S3Error SlowDown if too many are open */
  async begin(location: ObjectLocation, headers: ObjectFacts['headers']): Promise<string> {
    const now = this.#clock.now();
    for (const upload of this.#open.values()) if (upload.used + longestPause < now) await this.#drop(upload);
    if (this.#open.size >= mostUploads)
      throw new S3Error('SlowDown', `${mostUploads} multipart uploads are open. Complete or abort some.`);
    const id = randomUUID().replaceAll('-', '');
    const begun = new Date(now);
    const folder = await temporaryPath(this.#objects.root);
    this.#open.set(id, {
      ...location,
      id,
      folder,
      headers,
      begun,
      parts: new Map(),
      used: now,
    });
    await mkdir(folder);
    return id;
  }

  /** @throws S3Error NoSuchUpload */
  find({ bucket, key }: ObjectLocation, id: string): Upload {
    const upload = this.#open.get(id);
    if (upload?.bucket !== bucket || upload.key !== key)
      throw new S3Error(
        'NoSuchUpload',
        'The specified multipart upload does not exist. It may have been aborted or completed.',
      );
    return upload;
  }

  /** In the order of their keys. */
  in(bucket: string, prefix: string): Upload[] {
    return [...this.#open.values()]
      .filter((upload) => upload.bucket === bucket && upload.key.startsWith(prefix))
      .sort((one, other) => compareKeys(one.key, other.key) || compareKeys(one.id, other.id));
  }

  /** The latest part of a number is the one that counts. */
  async receive(
    location: ObjectLocation,
    id: string,
    number: number,
    fill: (file: FileHandle) => Promise<Received>,
  ): Promise<Part> {
    const upload = this.find(location, id);
    upload.used = this.#clock.now();
    const written = await this.#objects
      .write(fill, join(upload.folder, `${number}.${randomUUID()}`))
      .catch((error: unknown) => {
        if (isCode(error, 'ENOENT')) this.find(location, id); // it was aborted meanwhile
        throw error;
      });
    const { path, mtimeMs, result } = written;
    const part = { ...result, path, modified: new Date(mtimeMs) };
    return this.#locks.run(id, async () => {
      try {
        this.find(location, id);
      } catch (error) {
        await rm(path, { force: true });
        throw error;
      }
      const before = upload.parts.get(number);
      upload.parts.set(number, part);
      upload.used = this.#clock.now();
      if (before !== undefined) await rm(before.path, { force: true });
      return part;
    });
  }

  async abort(location: ObjectLocation, id: string): Promise<void> {
    this.find(location, id);
    await this.#locks.run(id, () => this.#drop(this.find(location, id)));
  }

  async #drop({ id, folder }: Upload): Promise<void> {
    this.#open.delete(id);
    await rm(folder, { recursive: true, force: true });
  }

  /**
   * Makes the object of its parts. An upload that cannot be completed so stays open.
   * @param whole the checksum of all bytes that the client states
   * @throws S3Error InvalidPart, InvalidPartOrder, EntityTooSmall, BadDigest
   */
  async complete(
    location: ObjectLocation,
    id: string,
    named: readonly NamedPart[],
    whole: Checksum | undefined,
    allow: (present: ObjectFacts | undefined) => void,
  ): Promise<{ readonly etag: string; readonly checksum?: Checksum }> {
    this.find(location, id);
    return this.#locks.run(id, async () => {
      const upload = this.find(location, id);
      const parts = chosen(upload, named);
      const etag = `${createHash('md5')
        .update(Buffer.concat(parts.map(({ md5 }) => Buffer.from(md5, 'hex'))))
        .digest('hex')}-${parts.length}`;
      const checksum = whole ?? composite(parts);
      const written = await this.#objects.write((file) => joinParts(file, parts, whole));
      await this.#objects.commit(
        location,
        written satisfies Written<void>,
        { etag, headers: upload.headers, ...(checksum !== undefined && { checksum }) },
        allow,
      );
      await this.#drop(upload);
      return { etag, ...(checksum !== undefined && { checksum }) };
    });
  }
}

function chosen(upload: Upload, named: readonly NamedPart[]): Part[] {
  const parts = named.map(({ number, etag, checksum }, index) => {
    if (index > 0 && number <= (named[index - 1]?.number ?? 0))
      throw new S3Error('InvalidPartOrder', 'The list of parts was not in ascending order.');
    const part = upload.parts.get(number);
    if (part?.md5 !== etag || (checksum !== undefined && part.checksum?.value !== checksum))
      throw new S3Error(
        'InvalidPart',
        'One or more of the specified parts could not be found: it was not uploaded, or its ETag or ' +
          'checksum is another.',
        { PartNumber: String(number) },
      );
    return part;
  });
  const small = parts.slice(0, -1).find(({ size }) => size < smallestPart);
  if (small !== undefined)
    throw new S3Error('EntityTooSmall', 'Your proposed upload is smaller than the minimum allowed size.', {
      MinSizeAllowed: String(smallestPart),
      ProposedSize: String(small.size),
    });
  return parts;
}

/** A checksum over those of the parts, where each has one of the same kind. */
function composite(parts: readonly Part[]): Checksum | undefined {
  const name = parts[0]?.checksum?.name;
  if (name === undefined || parts.some(({ checksum }) => checksum?.name !== name)) return undefined;
  const sum = runningChecksum(name);
  for (const { checksum } of parts) sum.update(Buffer.from(checksum?.value ?? '', 'base64'));
  return { name, value: `${sum.digest()}-${parts.length}` };
}

async function joinParts(
  target: FileHandle,
  parts: readonly Part[],
  whole: Checksum | undefined,
): Promise<void> {
  const sum = whole === undefined ? undefined : runningChecksum(whole.name);
  for (const { path, size } of parts) {
    const file = await open(path, 'r');
    try {
      await copyPieces(file, target, { from: 0, to: size - 1 }, (bytes) => sum?.update(bytes));
    } finally {
      await file.close();
    }
  }
  if (sum !== undefined && sum.digest() !== whole?.value)
    throw new S3Error('BadDigest', 'The checksum you specified is not that of the joined parts.');
}
