import { execFileSync } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { run } from '../helpers/run.ts';
import { where } from '../helpers/where.ts';

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

where(old !== undefined, 'a Node older than 24 on PATH').test(
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

where(old !== undefined, 'a Node older than 24 on PATH').test(
  'an older Node alone says what to do',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'crowsnest-launcher-'));
    await mkdir(join(folder, 'bin'));
    for (const file of ['crowsnest.js', 'launch.js'])
      await copyFile(join(dirname(launcher), file), join(folder, 'bin', file));
    await writeFile(join(folder, 'package.json'), '{"type":"module"}');
    const { code, errors } = await run(old ?? '', [join(folder, 'bin/crowsnest.js')], {});
    expect(code).toBe(1);
    expect(errors).toMatch(
      /^Crowsnest needs Node 24; this is v\d+\.\d+\.\d+, and none is installed in node_modules\. Run "npm install" here, or use Node 24\.\n$/,
    );
    await rm(folder, { recursive: true });
  },
);

const root = fileURLToPath(new URL('../..', import.meta.url));
const json = async (name: string): Promise<Record<string, unknown>> =>
  JSON.parse(await readFile(join(root, name), 'utf8')) as Record<string, unknown>;

test("the CDK's program and every script run with the user's own Node, whatever the platform", async () => {
  const { app } = await json('cdk.json');
  const { scripts } = (await json('package.json')) as { scripts: Record<string, string> };
  const commands = [String(app), ...Object.values(scripts)];
  // A path into .bin is another file on each platform; a shell's assignments are unknown to Windows.
  expect(commands.filter((command) => /\.bin\b|node-linux|^\w+=|\$\{?\w/.test(command))).toEqual([]);
  for (const [command = '', ...words] of commands.map((each) => each.split(' ')))
    expect([command, words.join(' ').includes('.ts') && command !== 'node']).toEqual([command, false]);
});

test('what cdk.json starts makes the template with nothing of the platform installed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'crowsnest-app-'));
  const { app } = await json('cdk.json');
  const [command, ...words] = String(app).split(' ');
  expect(command).toBe('node');
  // Only this very Node is on the path: no folder of npm's, no binary of one platform.
  const { code, errors } = await run(process.execPath, words, {
    PATH: dirname(process.execPath),
    CDK_OUTDIR: folder,
    CDK_CONTEXT_JSON: JSON.stringify({ ...((await json('cdk.json'))['context'] as object), stage: 'dev' }),
  });
  expect([code, errors.replaceAll(/^.*(ExperimentalWarning|trace-warnings).*$\n?/gm, '')]).toEqual([0, '']);
  expect(JSON.parse(await readFile(join(folder, 'Crowsnest-dev.template.json'), 'utf8'))).toHaveProperty(
    'Resources',
  );
  await rm(folder, { recursive: true });
}, 60_000);
