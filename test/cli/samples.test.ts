import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { run } from '../helpers/run.ts';

const program = fileURLToPath(new URL('../../cli/samples.ts', import.meta.url));

test('the samples go where the host looks for them', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'crowsnest-samples-'));
  const { code, out } = await run(process.execPath, [program], { DATA_DIR: folder });
  expect([code, out.includes(folder)]).toEqual([0, true]);
  expect(existsSync(join(folder, 's3/crowsnest-samples/model/model.onnx'))).toBe(true);
  await rm(folder, { recursive: true });
});
