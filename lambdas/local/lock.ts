import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

export interface Lock {
  release(): void;
}

/**
 * Makes this host the only one on the data folder. SQLite's exclusive lock serves as the lock, because the system itself releases it when
 * the process ends, however it ends, on every platform.
 * @throws Error if another host has it
 */
export function lockFolder(folder: string): Lock {
  const file = new DatabaseSync(join(folder, 'host.lock'));
  try {
    file.exec('PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE');
  } catch (error) {
    file.close();
    throw new Error(`Another host is running on ${folder}. Stop it, or set DATA_DIR to another folder.`, { cause: error });
  }
  return { release: () => file.close() };
}
