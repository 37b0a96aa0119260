import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { identity } from '../../lambdas/contract/derive/identity.ts';

/** What was written, so that exactly that can be taken away again. */
export interface InstallRecord {
  readonly v: 1;
  readonly endpoint?: string;
  readonly signingName: string;
  /**
   * Hashes of what the files may hold, by their path below the folder: this version, and earlier ones, should
   * an installation have been interrupted.
   */
  readonly files: Readonly<Record<string, readonly string[]>>;
  /** Absolute paths of the folders that were made, the outermost first. */
  readonly made: readonly string[];
}

/** Beside the descriptions; botocore looks for names that it knows and minds no others. */
export const recordIn = (folder: string): string =>
  join(folder, identity.endpointPrefix, identity.apiVersion, '.crowsnest-install.json');

/** @returns undefined if nothing was installed there */
export async function readRecord(folder: string): Promise<InstallRecord | undefined> {
  const text = await readIfThere(recordIn(folder));
  return text === undefined ? undefined : (JSON.parse(text) as InstallRecord);
}

export const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');

export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
