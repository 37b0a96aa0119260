import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { unlessMissing } from '../folder-paths.ts';

export interface ListOptions {
  readonly prefix: string;
  readonly delimiter: string;
  /** Keys and prefixes up to this one were listed already. */
  readonly after: string;
  /**
   * Whether that is what a page ended with: who goes on behind a common prefix has seen all that it stands
   * for.
   */
  readonly resumes: boolean;
  /** Keys and common prefixes at most. */
  readonly most: number;
}

export interface Listed {
  readonly keys: readonly string[];
  readonly prefixes: readonly string[];
  /** The last key or prefix of the page, if there are more. */
  readonly next?: string;
}

/** The order of S3: by the bytes of UTF-8, which is that of code points. */
export function compareKeys(one: string, other: string): number {
  const length = Math.min(one.length, other.length);
  for (let index = 0; index < length; index += 1) {
    const [a, b] = [one.charCodeAt(index), other.charCodeAt(index)];
    if (a !== b) return rank(a) - rank(b);
  }
  return one.length - other.length;
}

/** Halves of pairs stand for code points above all others. */
const rank = (unit: number): number =>
  unit >= 0xe000 ? unit - 0x800 : unit >= 0xd800 ? unit + 0x2000 : unit;

interface Entry {
  /** The key of a file, or what keys below a folder begin with. */
  readonly name: string;
  readonly isFolder: boolean;
}

/** Reads each folder once for a page, and none that cannot hold a key of it. */
class Walk {
  readonly #bucket: string;
  readonly #read = new Map<string, Promise<Entry[]>>();

  constructor(bucket: string) {
    this.#bucket = bucket;
  }

  /** Keys in order. @param skip a common prefix: keys that begin with it are passed over */
  async *keys(prefix: string, after: string, skip: string | undefined, below = ''): AsyncGenerator<string> {
    for (const { name, isFolder } of await this.#entries(below)) {
      if (skip !== undefined && name.startsWith(skip)) continue;
      if (isFolder) {
        if (!name.startsWith(prefix) && !prefix.startsWith(name)) continue;
        if (compareKeys(name, after) < 0 && !after.startsWith(name)) continue;
        yield* this.keys(prefix, after, skip, name);
      } else if (name.startsWith(prefix) && compareKeys(name, after) > 0) yield name;
    }
  }

  #entries(below: string): Promise<Entry[]> {
    const read =
      this.#read.get(below) ??
      unlessMissing(readdir(join(this.#bucket, below), { withFileTypes: true })).then((found) =>
        (found ?? [])
          .filter(isObject)
          .map((entry) => ({
            name: `${below}${entry.name}${entry.isDirectory() ? '/' : ''}`,
            isFolder: entry.isDirectory(),
          }))
          .sort((one, other) => compareKeys(one.name, other.name)),
      );
    this.#read.set(below, read);
    return read;
  }
}

/** What could be read by its key. A link to a folder is not followed: it could lead round in a circle. */
const isObject = (entry: Dirent): boolean =>
  (entry.isFile() || entry.isDirectory() || entry.isSymbolicLink()) &&
  !/[\u0000-\u001f\\\ufffd]/.test(entry.name);

/**
 * A page of a bucket, as ListObjects means it.
 * @param bucket the folder
 */
export async function list(
  bucket: string,
  { prefix, delimiter, after, resumes, most }: ListOptions,
): Promise<Listed> {
  const groupOf = (key: string): string | undefined => {
    const mark = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
    return mark < 0 ? undefined : key.slice(0, mark + delimiter.length);
  };
  const walk = new Walk(bucket);
  const [keys, prefixes]: [string[], string[]] = [[], []];
  let last = after;
  let skip = resumes && after.startsWith(prefix) && groupOf(after) === after ? after : undefined;
  if (most === 0) return { keys, prefixes };
  for (;;) {
    let group: string | undefined;
    for await (const key of walk.keys(prefix, last, skip)) {
      if (keys.length + prefixes.length === most) return { keys, prefixes, next: last };
      group = groupOf(key);
      last = group ?? key;
      if (group !== undefined) break;
      keys.push(key);
    }
    if (group === undefined) return { keys, prefixes };
    prefixes.push(group);
    skip = group;
  }
}
