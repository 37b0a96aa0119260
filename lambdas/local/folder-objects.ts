import { randomUUID } from 'node:crypto';
import type { Stats } from 'node:fs';
import { mkdir, open, readdir, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, sep } from 'node:path';
import { LocationRefused, type ObjectLocation, type ObjectStore } from '../domain/ports.ts';

/** What a stream gives at once, in bytes. */
const pieceSize = 64 * 1024;

/** Where files are written before they get their names. No bucket can be called so. */
const partial = '.partial';

/**
 * An object store in a folder: `s3://bucket/key` is the file `<root>/bucket/key`. Names come from callers, so
 * none may lead out of the root, neither by its letters nor over a symbolic link. A file is whole or not
 * there, and on the disk when `write` returns.
 * @param root made if it is not there
 */
export function createFolderObjects(root: string): ObjectStore {
  return {
    async read(location) {
      const path = pathOf(root, location);
      const real = await unlessMissing(realpath(path));
      if (real === undefined) return undefined;
      await checkInside(root, real, location);
      // A pipe or a device would be waited for, for ever.
      return (await unlessMissing(stat(real)))?.isFile() === true ? unlessMissing(readFile(real)) : undefined;
    },

    async stream(location, from = 0) {
      if (location.versionId !== undefined && location.versionId !== 'null')
        throw new LocationRefused(location, 'a folder keeps no versions; leave VersionId out');
      const real = await unlessMissing(realpath(pathOf(root, location)));
      if (real === undefined) return undefined;
      await checkInside(root, real, location);
      const facts = await unlessMissing(stat(real));
      return facts?.isFile() === true
        ? { tag: tagOf(facts), bytes: contents(real, from, tagOf(facts)) }
        : undefined;
    },

    async write(location, bytes) {
      const path = pathOf(root, location);
      await mkdir(join(root, partial), { recursive: true });
      const folder = dirname(path);
      // The folders that are there are judged before any is made, because making them would already follow a
      // link.
      await checkInside(root, await nearestReal(folder), location);
      await mkdir(folder, { recursive: true }).catch((error: unknown) => {
        if (isCode(error, 'EEXIST', 'ENOTDIR'))
          throw new LocationRefused(location, 'a part of the key is an object already; a file is no folder');
        throw error;
      });
      const temporary = join(root, partial, `${process.pid}.${randomUUID()}`); // see leftovers.ts
      try {
        await writeThrough(temporary, bytes);
        await rename(temporary, path);
      } catch (error) {
        await rm(temporary, { force: true });
        if (isCode(error, 'EISDIR', 'ENOTEMPTY', 'EEXIST'))
          throw new LocationRefused(location, 'other objects are below this key; a folder is no file');
        throw error;
      }
      await syncFolder(folder);
    },

    async removeAll(bucket, prefix) {
      const location = { bucket, key: prefix };
      const cut = prefix.lastIndexOf('/') + 1;
      const folder =
        cut === 0 ? bucketPath(root, location) : pathOf(root, { bucket, key: prefix.slice(0, cut - 1) });
      const real = await unlessMissing(realpath(folder));
      if (real === undefined) return;
      await checkInside(root, real, location);
      const names = (await unlessMissing(readdir(real))) ?? [];
      for (const name of names.filter((entry) => entry.startsWith(prefix.slice(cut)))) {
        await rm(join(real, name), { recursive: true, force: true });
      }
      if (cut === prefix.length && cut > 0) await rm(real, { recursive: true, force: true });
    },

    async hasBucket(bucket) {
      const found = await unlessMissing(stat(bucketPath(root, { bucket, key: '' })));
      return found?.isDirectory() === true;
    },

    // Without the path of the machine: callers need not be its users.
    placeOf: ({ bucket, key }) => `the file ${basename(root)}/${bucket}/${key} in the data folder`,
  };
}

const tagOf = ({ ino, size, mtimeMs }: Stats): string => `${ino}-${size}-${mtimeMs}`;

/** Open only while somebody reads. */
async function* contents(path: string, from: number, tag: string): AsyncGenerator<Uint8Array> {
  const file = await open(path, 'r');
  try {
    if (tagOf(await file.stat()) !== tag) throw new Error(`${path} was replaced just now`);
    for (let position = from; ;) {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(pieceSize), 0, pieceSize, position);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
      position += bytesRead;
    }
  } finally {
    await file.close();
  }
}

function bucketPath(root: string, location: ObjectLocation): string {
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(location.bucket)) {
    throw new LocationRefused(location, "a bucket's name has 3 to 63 characters of a-z, 0-9, dot and hyphen");
  }
  return join(root, location.bucket);
}

function pathOf(root: string, location: ObjectLocation): string {
  const bucket = bucketPath(root, location);
  const parts = location.key.split('/');
  for (const part of parts) {
    if (part === '' || part === '.' || part === '..')
      throw new LocationRefused(location, 'no part of a key may be empty, "." or ".."');
    if (/[\u0000-\u001f\\]/.test(part))
      throw new LocationRefused(location, 'a key may hold neither backslashes nor control characters');
    if (Buffer.byteLength(part) > 255)
      throw new LocationRefused(location, 'no part of a key may have more than 255 bytes');
  }
  return join(bucket, ...parts);
}

async function checkInside(root: string, real: string, location: ObjectLocation): Promise<void> {
  const realRoot = await realpath(root);
  if (real !== realRoot && !real.startsWith(realRoot + sep))
    throw new LocationRefused(location, 'a symbolic link leads out of the data folder');
}

async function nearestReal(path: string): Promise<string> {
  return (await unlessMissing(realpath(path))) ?? nearestReal(dirname(path));
}

async function writeThrough(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A new name is on the disk only when its folder is. Windows cannot open folders, and needs not. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch((error: unknown) => {
    if (isCode(error, 'EPERM', 'EISDIR', 'EACCES')) return undefined;
    throw error;
  });
  try {
    await folder?.sync();
  } finally {
    await folder?.close();
  }
}

/**
 * Nothing there, or a folder where an object should be, or an object where a folder should be: no such
 * object.
 */
async function unlessMissing<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found;
  } catch (error) {
    if (isCode(error, 'ENOENT', 'ENOTDIR', 'EISDIR')) return undefined;
    throw error;
  }
}

const isCode = (error: unknown, ...codes: readonly string[]): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && codes.some((code) => code === error.code);
