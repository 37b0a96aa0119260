import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import { backup as copyDatabase, DatabaseSync } from 'node:sqlite';
import { makeDataFolder } from './data-folder.ts';

/** Everything that a data folder holds and a host cannot make anew. */
const table = 'table.db';
const objects = 's3';

/**
 * Copies a data folder, whether a host is running on it or not, so that a host can be started on the copy.
 * The table is copied as it is at one moment. The objects are copied before it, and what came meanwhile
 * after it: so every object that a row of the copy names is in the copy, unless it was deleted meanwhile.
 * @param target a folder that is empty or not there
 * @throws Error that says what is wrong with one of the folders
 */
export async function backUp(dataDir: string, target: string): Promise<void> {
  const [from, to] = [resolve(dataDir), resolve(target)];
  if (!existsSync(join(from, table)))
    throw new Error(`${from} is no data folder: it has no ${table}. Name the one that the host uses.`);
  const inside = relative(from, to);
  if (inside.split(sep)[0] !== '..' && !isAbsolute(inside))
    throw new Error(`${to} is inside the data folder. Name a folder elsewhere.`);
  if (existsSync(to) && readdirSync(to).length > 0)
    throw new Error(`${to} is not empty. Name a folder that is, or that is not there yet.`);
  makeDataFolder(to);
  chmodSync(to, 0o700);
  copyObjects(join(from, objects), join(to, objects));
  const source = new DatabaseSync(join(from, table));
  try {
    source.exec('PRAGMA busy_timeout = 10000');
    await copyDatabase(source, join(to, table), { rate: 2 ** 30 }); // in one step: of one moment
  } finally {
    source.close();
  }
  chmodSync(join(to, table), 0o600);
  copyObjects(join(from, objects), join(to, objects));
}

/** What is there already, as large and as old, is not copied again. */
function copyObjects(from: string, to: string): void {
  if (!existsSync(from)) return;
  mkdirSync(to, { recursive: true, mode: 0o700 });
  cpSync(from, to, {
    recursive: true,
    preserveTimestamps: true,
    filter: (source, target) => {
      if (relative(from, source).split(sep)[0] === '.partial') return false;
      const [one, other] = [source, target].map((path) => statSync(path, { throwIfNoEntry: false }));
      if (one === undefined) return false; // it was deleted just now
      return one.isDirectory() || one.size !== other?.size || one.mtimeMs !== other.mtimeMs;
    },
  });
}
