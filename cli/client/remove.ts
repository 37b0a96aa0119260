import { readdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CommandFailed } from '../failed.ts';
import { hashOf, readIfThere, readRecord, recordIn } from './record.ts';

export interface Removal {
  readonly action: 'remove' | 'leave' | 'gone';
  readonly path: string;
}

/**
 * Takes away what an installation wrote: files that are as it left them, and folders that it made and that
 * are empty now.
 * @throws CommandFailed if there was no installation in the folder
 */
export async function remove(folder: string, { dryRun }: { readonly dryRun: boolean }): Promise<Removal[]> {
  const record = await readRecord(folder);
  if (record === undefined)
    throw new CommandFailed(`Nothing is installed in ${folder}: there is no ${recordIn(folder)}.`);
  const removals: Removal[] = [];
  for (const [name, hashes] of Object.entries(record.files)) {
    const path = join(folder, name);
    const present = await readIfThere(path);
    const action = present === undefined ? 'gone' : hashes.includes(hashOf(present)) ? 'remove' : 'leave';
    removals.push({ action, path: action === 'leave' ? `${path} (edited since)` : path });
    if (action === 'remove' && !dryRun) await rm(path);
  }
  removals.push({ action: 'remove', path: recordIn(folder) });
  if (dryRun) return removals;
  await rm(recordIn(folder));
  for (const made of [...record.made].reverse()) {
    const names = await readdir(made).catch(() => undefined);
    if (names?.length !== 0) continue;
    await rmdir(made);
    removals.push({ action: 'remove', path: made });
  }
  return removals;
}
