import { mkdir, open, readdir, realpath, rename, rm, rmdir, stat, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ObjectLocation } from '../../domain/ports.ts';
import {
  bucketPath,
  checkInside,
  isCode,
  nearestReal,
  pathOf,
  syncFolder,
  temporaryPath,
  unlessMissing,
} from '../folder-paths.ts';
import { S3Error } from './errors.ts';
import { Locks } from './locks.ts';
import { factsOf, removeRecord, writeRecord, type ObjectFacts } from './records.ts';

/** Bytes of a key in UTF-8. */
const longestKey = 1024;

/** What was written, and has no name yet. */
export interface Written<T> {
  readonly path: string;
  readonly mtimeMs: number;
  readonly size: number;
  readonly result: T;
}

const nameOfLock = ({ bucket, key }: ObjectLocation): string => `${bucket}/${key}`;

/**
 * The buckets of a data folder, as S3 needs them: the same files that the service reads and writes as
 * `s3://bucket/key` (folder-objects.ts). Locations that cannot be files throw LocationRefused.
 */
export class BucketFolder {
  readonly root: string;
  readonly #locks = new Locks();

  constructor(root: string) {
    this.root = root;
  }

  /** In the order of their names. */
  async buckets(): Promise<{ readonly name: string; readonly created: Date }[]> {
    const entries = (await unlessMissing(readdir(this.root, { withFileTypes: true }))) ?? [];
    const names = entries
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
      .map(({ name }) => name)
      .sort();
    return Promise.all(
      names.map(async (name) => ({ name, created: (await stat(join(this.root, name))).birthtime })),
    );
  }

  /** @throws S3Error NoSuchBucket, InvalidBucketName */
  async requireBucket(bucket: string): Promise<string> {
    const path = this.#bucketPath(bucket);
    if ((await unlessMissing(stat(path)))?.isDirectory() !== true)
      throw new S3Error('NoSuchBucket', 'The specified bucket does not exist.', { BucketName: bucket });
    return path;
  }

  /** @throws S3Error BucketAlreadyOwnedByYou */
  async createBucket(bucket: string): Promise<void> {
    const path = this.#bucketPath(bucket);
    await mkdir(this.root, { recursive: true });
    try {
      await mkdir(path);
    } catch (error) {
      if (!isCode(error, 'EEXIST')) throw error;
      throw new S3Error('BucketAlreadyOwnedByYou', 'The bucket that you want to create exists already.', {
        BucketName: bucket,
      });
    }
    await syncFolder(this.root);
  }

  /** @throws S3Error BucketNotEmpty */
  async removeBucket(bucket: string): Promise<void> {
    const path = await this.requireBucket(bucket);
    try {
      await rmdir(path);
    } catch (error) {
      if (!isCode(error, 'ENOTEMPTY', 'EEXIST', 'ENOTDIR')) throw error;
      throw new S3Error('BucketNotEmpty', 'The bucket that you tried to delete is not empty.', {
        BucketName: bucket,
      });
    }
  }

  #bucketPath(bucket: string): string {
    try {
      return bucketPath(this.root, { bucket, key: '' });
    } catch (error) {
      throw new S3Error('InvalidBucketName', (error as Error).message, { BucketName: bucket });
    }
  }

  #pathOf(location: ObjectLocation): string {
    if (Buffer.byteLength(location.key) > longestKey)
      throw new S3Error('KeyTooLongError', `A key may have ${longestKey} bytes of UTF-8.`);
    return pathOf(this.root, location);
  }

  /** @returns undefined if there is no such object */
  async facts(location: ObjectLocation): Promise<ObjectFacts | undefined> {
    await this.#locks.idle(nameOfLock(location));
    return this.#factsNow(location);
  }

  async #factsNow(location: ObjectLocation): Promise<ObjectFacts | undefined> {
    const real = await unlessMissing(realpath(this.#pathOf(location)));
    if (real === undefined) return undefined;
    await checkInside(this.root, real, location);
    const stats = await unlessMissing(stat(real));
    return stats?.isFile() === true ? factsOf(this.root, location, stats) : undefined;
  }

  /**
   * An object to read from: its bytes stay as the facts say, though it be replaced meanwhile.
   * @returns undefined if there is no such object; otherwise whoever asked closes the file
   */
  async open(location: ObjectLocation): Promise<{ file: FileHandle; facts: ObjectFacts } | undefined> {
    // A pipe would be waited for, for ever: nothing is opened of which it is not known that it is a file.
    if ((await this.facts(location)) === undefined) return undefined;
    const file = await unlessMissing(open(this.#pathOf(location), 'r'));
    if (file === undefined) return undefined;
    try {
      return { file, facts: await factsOf(this.root, location, await file.stat()) };
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /**
   * Writes a file that has no name yet. What fails leaves nothing.
   * @param path where; a place that is known to be for files of this process, unless told otherwise
   */
  async write<T>(fill: (file: FileHandle) => Promise<T>, path?: string): Promise<Written<T>> {
    const temporary = path ?? (await temporaryPath(this.root));
    const file = await open(temporary, 'wx');
    try {
      const result = await fill(file);
      await file.sync();
      const { size, mtimeMs } = await file.stat();
      return { path: temporary, size, mtimeMs, result };
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    } finally {
      await file.close();
    }
  }

  /**
   * Gives a written file its name. It is not there any more afterwards, whatever happens.
   * @param allow judges what has the name now, and throws if that must stay
   */
  async commit(
    location: ObjectLocation,
    { path: temporary, mtimeMs, size }: Written<unknown>,
    facts: Omit<ObjectFacts, 'modified' | 'size'>,
    allow: (present: ObjectFacts | undefined) => void = () => undefined,
  ): Promise<void> {
    try {
      await this.#locks.run(nameOfLock(location), async () => {
        allow(await this.#factsNow(location));
        const path = this.#pathOf(location);
        await this.requireBucket(location.bucket);
        await checkInside(this.root, await nearestReal(dirname(path)), location);
        await moveTo(path, temporary);
        await writeRecord(this.root, location, { ...facts, size }, mtimeMs);
        await syncFolder(dirname(path));
      });
    } finally {
      await rm(temporary, { force: true });
    }
  }

  /** Removing what is not there is success. Folders that become empty go as well: S3 has none. */
  async remove(location: ObjectLocation): Promise<void> {
    const path = this.#pathOf(location);
    const bucket = await this.requireBucket(location.bucket);
    await this.#locks.run(nameOfLock(location), async () => {
      const real = await unlessMissing(realpath(dirname(path)));
      if (real === undefined) return;
      await checkInside(this.root, real, location);
      const isFile = (await unlessMissing(stat(path)))?.isFile() === true;
      if (isFile) await rm(path, { force: true });
      await removeRecord(this.root, location);
      if (isFile) await removeEmpty(dirname(path), bucket);
    });
  }

  /** An empty object whose key ends with a slash, as consoles make folders: a folder. */
  async makeFolder(location: ObjectLocation): Promise<void> {
    const path = this.#pathOf({ ...location, key: location.key.slice(0, -1) });
    await this.requireBucket(location.bucket);
    await checkInside(this.root, await nearestReal(path), location);
    await mkdir(path, { recursive: true }).catch((error: unknown) => {
      throw isCode(error, 'EEXIST', 'ENOTDIR') ? objectInTheWay() : error;
    });
  }

  async hasFolder(location: ObjectLocation): Promise<boolean> {
    const path = this.#pathOf({ ...location, key: location.key.slice(0, -1) });
    const real = await unlessMissing(realpath(path));
    if (real === undefined) return false;
    await checkInside(this.root, real, location);
    return (await unlessMissing(stat(real)))?.isDirectory() === true;
  }

  async removeFolder(location: ObjectLocation): Promise<void> {
    if (!(await this.hasFolder(location))) return;
    const path = this.#pathOf({ ...location, key: location.key.slice(0, -1) });
    await removeEmpty(path, await this.requireBucket(location.bucket));
  }
}

const objectInTheWay = (): S3Error =>
  new S3Error('InvalidRequest', 'A part of the key is an object already. On this host objects are files.');

/**
 * Folders may be removed, because they are empty, between the moment they are made and the one they are used.
 */
const tries = 10;

async function moveTo(path: string, temporary: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await mkdir(dirname(path), { recursive: true });
      return await rename(temporary, path);
    } catch (error) {
      if (isCode(error, 'ENOENT') && attempt < tries) continue;
      if (isCode(error, 'EISDIR', 'ENOTEMPTY'))
        throw new S3Error(
          'InvalidRequest',
          'There are objects below this key. On this host objects are files, and a folder is none.',
        );
      if (isCode(error, 'ENOTDIR', 'EEXIST')) throw objectInTheWay();
      throw error;
    }
  }
}

async function removeEmpty(from: string, bucket: string): Promise<void> {
  for (let folder = from; folder.length > bucket.length; folder = dirname(folder)) {
    try {
      await rmdir(folder);
    } catch {
      return; // it is in use, or gone
    }
  }
}
