import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Deployment } from '../../lambdas/contract/derive/identity.ts';
import type { InstallPlan } from './plan.ts';
import { hashOf, recordIn, type InstallRecord } from './record.ts';

/**
 * Carries a plan out. The record comes first: what is written without being recorded could not be removed.
 */
export async function install(
  { folder, files, missing, before }: InstallPlan,
  deployment: Required<Pick<Deployment, 'signingName'>> & Deployment,
): Promise<void> {
  const record: InstallRecord = {
    v: 1,
    ...deployment,
    made: [...(before?.made ?? []), ...missing],
    files: {
      ...before?.files,
      ...Object.fromEntries(
        files.map(({ path, text }) => [path, [...new Set([hashOf(text), ...(before?.files[path] ?? [])])]]),
      ),
    },
  };
  await mkdir(dirname(recordIn(folder)), { recursive: true });
  await writeWhole(recordIn(folder), `${JSON.stringify(record, undefined, 1)}\n`);
  for (const { action, path, text } of files)
    if (action !== 'keep') await writeWhole(join(folder, path), text);
}

/** A client that starts in this moment finds the old file or the new one. */
async function writeWhole(path: string, text: string): Promise<void> {
  const partial = `${path}.${process.pid}.partial`;
  await writeFile(partial, text);
  await rename(partial, path);
}
