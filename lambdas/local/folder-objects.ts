import type { Stats } from 'node:fs';
import { mkdir, open, readdir, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { LocationRefused, type ObjectStore } from '../domain/ports.ts';
import {
  bucketPath,
  checkInside,
  isCode,
  nearestReal,
  pathOf,
  syncFolder,
  temporaryPath,
  unlessMissing,
} from './folder-paths.ts';
import { list } from './s3/listing.ts';

/** What a stream gives at once, in bytes. */
const pieceSize = 64 * 1024;

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
      const temporary = await temporaryPath(root); // makes the root, too
      const folder = dirname(path);
      // The folders that are there are judged before any is made, because making them would already follow a
      // link.
      await checkInside(root, await nearestReal(folder), location);
      await mkdir(folder, { recursive: true }).catch((error: unknown) => {
        if (isCode(error, 'EEXIST', 'ENOTDIR'))
          throw new LocationRefused(location, 'a part of the key is an object already; a file is no folder');
        throw error;
      });
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

    async *list(bucket, prefix) {
      const folder = bucketPath(root, { bucket, key: prefix });
      for (let after = ''; ;) {
        const page = await list(folder, { prefix, delimiter: '', after, resumes: false, most: 1000 });
        yield* page.keys;
        if (page.next === undefined) return;
        after = page.next;
      }
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

async function writeThrough(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}
