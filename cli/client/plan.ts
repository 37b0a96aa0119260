import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { DerivedFile } from '../../lambdas/contract/derive/botocore.ts';
import { CommandFailed } from '../failed.ts';
import { hashOf, readIfThere, readRecord, recordIn, type InstallRecord } from './record.ts';

interface PlannedFile extends DerivedFile {
  readonly action: 'write' | 'replace' | 'keep';
  readonly bytes: number;
}

export interface InstallPlan {
  readonly folder: string;
  readonly files: readonly PlannedFile[];
  /** Folders to make, the outermost first. */
  readonly missing: readonly string[];
  readonly before: InstallRecord | undefined;
}

/**
 * What an installation will do. Only what an earlier one wrote is ever replaced.
 * @throws CommandFailed if somebody else's file, or an edited one, is in the way
 */
export async function planInstall(folder: string, files: readonly DerivedFile[]): Promise<InstallPlan> {
  const before = await readRecord(folder);
  const planned: PlannedFile[] = [];
  for (const file of files) {
    const path = join(folder, file.path);
    const present = await readIfThere(path);
    if (
      present !== undefined &&
      present !== file.text &&
      before?.files[file.path]?.includes(hashOf(present)) !== true
    ) {
      throw new CommandFailed(
        `${path} is there, and ` +
          `${before === undefined ? 'was not written by this command' : 'has been edited since'}. Move it ` +
          'away, or install elsewhere with --folder.',
      );
    }
    planned.push({
      ...file,
      action: present === undefined ? 'write' : present === file.text ? 'keep' : 'replace',
      bytes: Buffer.byteLength(file.text),
    });
  }
  return { folder, files: planned, missing: missingAbove(dirname(recordIn(folder))), before };
}

function missingAbove(folder: string): string[] {
  const missing: string[] = [];
  for (let path = folder; !existsSync(path); path = dirname(path)) missing.unshift(path);
  return missing;
}
