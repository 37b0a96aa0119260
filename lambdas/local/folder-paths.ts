import { randomUUID } from 'node:crypto';
import { mkdir, open, realpath } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { LocationRefused, type ObjectLocation } from '../domain/ports.ts';

/** Where files are written before they get their names. No bucket can be called so. */
const partial = '.partial';

/** A name for what this process is writing, as leftovers.ts knows it. Its folder is made. */
export async function temporaryPath(root: string): Promise<string> {
  await mkdir(join(root, partial), { recursive: true });
  return join(root, partial, `${process.pid}.${randomUUID()}`);
}

/** @throws LocationRefused */
export function bucketPath(root: string, location: ObjectLocation): string {
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(location.bucket)) {
    throw new LocationRefused(location, "a bucket's name has 3 to 63 characters of a-z, 0-9, dot and hyphen");
  }
  return join(root, location.bucket);
}

/**
 * The file that an object is.
 * @throws LocationRefused for a key that is no path, or leads out of its bucket
 */
export function pathOf(root: string, location: ObjectLocation): string {
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

/** @throws LocationRefused if a path without symbolic links is not below the root */
export async function checkInside(root: string, real: string, location: ObjectLocation): Promise<void> {
  const realRoot = await realpath(root);
  if (real !== realRoot && !real.startsWith(realRoot + sep))
    throw new LocationRefused(location, 'a symbolic link leads out of the data folder');
}

/** The nearest folder above a path, or the path, that is there, without symbolic links. */
export async function nearestReal(path: string): Promise<string> {
  return (await unlessMissing(realpath(path))) ?? nearestReal(dirname(path));
}

/** A new name is on the disk only when its folder is. Windows cannot open folders, and needs not. */
export async function syncFolder(path: string): Promise<void> {
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
export async function unlessMissing<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found;
  } catch (error) {
    if (isCode(error, 'ENOENT', 'ENOTDIR', 'EISDIR')) return undefined;
    throw error;
  }
}

/** Whether an error is one of the system's, with one of these codes. */
export const isCode = (error: unknown, ...codes: readonly string[]): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && codes.some((code) => code === error.code);
