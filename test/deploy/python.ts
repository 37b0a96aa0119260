import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run, type Command } from './processes.ts';

/** The project's own folder, and the cache inside of it that git ignores. */
export const root = join(import.meta.dirname, '../..');
export const cache = join(root, '.cache/deploy');

/** Something that cannot be had on this machine, so that nothing can be tried. */
export class Missing extends Error {
  override readonly name = 'Missing';
}

/**
 * A virtual environment of Python in the cache, with exactly these packages: made where it is not there yet, and
 * anew where the requirements have changed.
 * @param requirements a file that pins every package, those that others need too
 * @returns the environment's Python
 * @throws Missing
 */
export async function pythonWith(name: string, requirements: string, command: Command): Promise<string> {
  const digest = createHash('sha256').update(await readFile(requirements));
  const folder = join(cache, `${name}-${digest.digest('hex').slice(0, 12)}`);
  const python = join(folder, 'bin/python');
  if (existsSync(join(folder, 'complete'))) return python;
  await mkdir(cache, { recursive: true });
  await rm(folder, { recursive: true, force: true });
  await run(await pythonOf(command), ['-m', 'venv', folder], command).catch((error: unknown) => {
    throw new Missing(`Python cannot make a virtual environment (Debian: python3-venv): ${String(error)}`);
  });
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps', '-r'];
  await run(python, [...pip, requirements], command).catch((error: unknown) => {
    throw new Missing(`${name} cannot be installed from PyPI: ${String(error)}`);
  });
  await writeFile(join(folder, 'complete'), '');
  return python;
}

async function pythonOf(command: Command): Promise<string> {
  for (const name of ['python3', 'python3.11', 'python3.12', 'python3.13']) {
    const version = await run(name, ['-c', 'import sys; print(sys.version_info >= (3, 11))'], command).catch(
      () => '',
    );
    if (version.trim() === 'True') return name;
  }
  throw new Missing('There is no Python 3.11 or later.');
}
