import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** How old a file must be that does not say whose it is, in milliseconds. */
const old = 3600_000;

/**
 * Removes what a host that was killed, or that had no room left, was writing: begun objects and local copies
 * of artifacts. Goes while this host has the folder and writes nothing yet. What another process writes just
 * now, as `npm run samples` may, stays.
 * @returns how many were removed
 */
export function removeLeftovers(dataDir: string): number {
  const partial = join(dataDir, 's3', '.partial');
  const begun = entries(partial).filter((name) => isLeft(join(partial, name), name));
  const cache = join(dataDir, 'cache');
  const copies = entries(cache).filter((name) => /^[0-9a-f]{64}(\.|$)/.test(name));
  const paths = [...begun.map((name) => join(partial, name)), ...copies.map((name) => join(cache, name))];
  for (const path of paths) rmSync(path, { recursive: true, force: true });
  return paths.length;
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // nothing was ever written there
  }
}

/** The name begins with the number of the process that writes it. */
function isLeft(path: string, name: string): boolean {
  const [, pid] = /^(\d+)\.[0-9a-f-]{36}$/.exec(name) ?? [];
  if (pid !== undefined) return Number(pid) === process.pid || !lives(Number(pid));
  const found = statSync(path, { throwIfNoEntry: false });
  return /^[0-9a-f-]{36}$/.test(name) && found !== undefined && found.mtimeMs < Date.now() - old;
}

function lives(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
