import { chmodSync, lstatSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, parse } from 'node:path';

/**
 * Makes a folder and those above it, one after the other: `mkdirSync` with `recursive` never returns where
 * a file system refuses with "no such file", as /proc does.
 * @throws Error that names DATA_DIR and the reason
 */
export function makeDataFolder(folder: string): void {
  try {
    makeEach(folder);
  } catch (error) {
    throw new Error(`DATA_DIR must be a folder that can be made and written: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

function makeEach(folder: string): void {
  const found = statSync(folder, { throwIfNoEntry: false });
  if (found?.isDirectory() === true) return;
  if (found === undefined && folder !== parse(folder).root) makeEach(dirname(folder));
  mkdirSync(folder, { mode: 0o700 });
}

/** What others may do with a file: any of these bits is one too many. */
const othersBits = 0o077;

/**
 * Takes a data folder that others can enter away from them: folders 700, files 600. A folder that is closed
 * already is not walked through. Windows keeps rights elsewhere: there the folder has those of its parent.
 * @returns how many entries were tightened
 */
export function closeToOthers(folder: string): number {
  if (process.platform === 'win32') return 0;
  if ((statSync(folder).mode & othersBits) === 0) return 0;
  chmodSync(folder, 0o700); // first: nobody comes in while the rest is done
  return 1 + tighten(folder);
}

function tighten(folder: string): number {
  let count = 0;
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found === undefined || found.isSymbolicLink()) continue;
    if ((found.mode & othersBits) !== 0) {
      chmodSync(path, found.mode & 0o700);
      count += 1;
    }
    if (found.isDirectory()) count += tighten(path);
  }
  return count;
}
