import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** SQLITE_BUSY. */
const busy = 5;

export interface Lock {
  release(): void;
}

/**
 * Makes this host the only one on the data folder. SQLite's exclusive lock serves as the lock, because the
 * system itself releases it when the process ends, however it ends, on every platform.
 * @throws Error if another host has it, or the folder does not let anybody write
 */
export function lockFolder(folder: string): Lock {
  let file: DatabaseSync | undefined;
  try {
    file = new DatabaseSync(join(folder, 'host.lock'));
    file.exec('PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE');
    const held = file;
    return { release: () => held.close() };
  } catch (error) {
    file?.close();
    const { errcode, message } = error as Error & { readonly errcode?: number };
    throw new Error(
      errcode === busy
        ? `Another host is running on ${folder}. Stop it, or set DATA_DIR to another folder.`
        : `The data folder ${folder} cannot be locked: ${message}. Make it writable, or set DATA_DIR to ` +
            'another folder.',
      { cause: error },
    );
  }
}
