import { execFileSync } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { run } from '../helpers/run.ts';

const launcher = fileURLToPath(new URL('../../bin/crowsnest.js', import.meta.url));

/** A Node of the system that is too old, where there is one. */
const old = (process.env['PATH'] ?? '')
  .split(delimiter)
  .map((folder) => join(folder, 'node'))
  .find((path) => {
    try {
      return (
        Number(
          execFileSync(path, ['-p', 'process.versions.node.split(".")[0]'], {
            encoding: 'utf8',
            stdio: ['ignore', 'pipe', 'ignore'],
          }),
        ) < 24
      );
    } catch {
      return false;
    }
  });

(old === undefined ? test.skip : test)(
  'an older Node starts the one that npm installed, and passes its exit code on',
  async () => {
    const help = await run(old ?? '', [launcher, '--help'], { PATH: dirname(old ?? '') });
    expect(help).toMatchObject({
      code: 0,
      errors: '',
      out: expect.stringContaining('conformance') as unknown as string,
    });
    expect((await run(old ?? '', [launcher, 'client', 'remove', '--folder', '/nowhere'], {})).code).toBe(1);
  },
);

(old === undefined ? test.skip : test)('an older Node alone says what to do', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'crowsnest-launcher-'));
  await mkdir(join(folder, 'bin'));
  await copyFile(launcher, join(folder, 'bin/crowsnest.mjs'));
  const { code, errors } = await run(old ?? '', [join(folder, 'bin/crowsnest.mjs')], {});
  expect(code).toBe(1);
  expect(errors).toMatch(
    /^Crowsnest needs Node 24; this is v\d+\.\d+\.\d+, and none is installed in node_modules\. Run "npm install" here, or use Node 24\.\n$/,
  );
  await rm(folder, { recursive: true });
});
