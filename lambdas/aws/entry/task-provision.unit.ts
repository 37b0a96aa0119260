import { fileURLToPath } from 'node:url';
import { decodeEnvironment } from '../../contract/environments.ts';
import { artifactFolder } from '../../engines/lambda/unit-package.ts';
import { serveUnit } from '../../engines/lambda/unit.ts';

// No function of the stack: what the task that makes units packs into each of them, beside a model.
export const { ready, handler } = serveUnit({
  folder: fileURLToPath(new URL(artifactFolder, import.meta.url)),
  threads: decodeEnvironment('unit', process.env).UNIT_THREADS,
});
