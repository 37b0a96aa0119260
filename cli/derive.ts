/** Writes what is derived from the contract, `clients/`, anew: `npm run derive`. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { derivedFiles } from '../lambdas/contract/derive/files.ts';
import { usage } from './usage.ts';

usage(
  'npm run derive: writes clients/, the service description and the OpenAPI ' +
    'document, anew from the contract.',
);

const root = join(import.meta.dirname, '..');
for (const { path, text } of derivedFiles()) {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), text);
  console.log(path);
}
