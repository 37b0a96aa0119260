import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { crowsnest, type Ran } from '../helpers/run.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const credentials = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' };

let folder: string;
/** Nobody listens there. */
let nobody: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'crowsnest-cli-'));
  await writeFile(join(folder, 'broken.json'), '{ "stages": ');
  await writeFile(join(folder, 'a-file'), 'no folder');
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  nobody = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** What a person reads who made a mistake: a few lines that say which, and never a trace of ours. */
function isTold({ code, errors }: Ran, told: RegExp): void {
  expect(errors).toMatch(told);
  expect(errors).not.toMatch(/^\s+at /m);
  expect(errors).not.toContain(root);
  expect(errors.trim().split('\n').length).toBeLessThan(6);
  expect(code).toBe(1);
}

test.each<[string, string[], RegExp]>([
  ['an unknown command', ['fly'], /unknown command 'fly'/],
  ['an unknown option', ['migrate', '.', '--fly'], /unknown option '--fly'/],
  [
    'a choice that there is not',
    ['conformance', '--endpoint', 'http://x', '--signing-name', 'me'],
    /Allowed choices/,
  ],
  ['no folder', ['migrate'], /missing required argument 'folder'/],
  ['a folder that is not there', ['migrate', '/nowhere/at/all'], /\/nowhere\/at\/all/],
  ['a side that is no number', ['migrate', '.', '--shrink', 'small'], /shrink/],
  ['a side that is too long', ['migrate', '.', '--shrink', '5000'], /from 64 to 4096/],
  [
    'a time that is no number',
    ['conformance', '--endpoint', 'http://x', '--timeout', 'soon'],
    /of minutes above 0/,
  ],
  ['no time', ['conformance', '--endpoint', 'http://x', '--timeout', '0'], /of minutes above 0/],
  ['an endpoint with a query', ['conformance', '--endpoint', 'http://x?y=1'], /the URL of a deployment/],
  ['a stage that is not told', ['preflight'], /--context/],
  ['a stage that there is not', ['preflight', '-c', 'stage=moon'], /stage=dev\|staging\|prod/],
  ['no endpoint', ['conformance'], /endpoint/i],
  ['an endpoint that is no URL', ['conformance', '--endpoint', 'not a url'], /endpoint|URL/i],
])(
  '%s is told in a sentence',
  async (_, words, told) => {
    isTold(await crowsnest(words, credentials), told);
  },
  60_000,
);

describe('what only trying shows', () => {
  test('a file where a folder should be', async () => {
    isTold(await crowsnest(['migrate', join(folder, 'a-file')], {}), /a-file/);
  }, 60_000);

  test('a configuration that is no JSON', async () => {
    const config = join(folder, 'broken.json');
    isTold(await crowsnest(['preflight', '-c', 'stage=dev', '-c', `config=${config}`], {}), /broken\.json/);
  }, 60_000);

  test('an endpoint where nobody listens', async () => {
    isTold(
      await crowsnest(['conformance', '--endpoint', nobody], { ...credentials, AWS_MAX_ATTEMPTS: '1' }),
      /ECONNREFUSED/,
    );
  }, 120_000);
});

test('the version is that of package.json', async () => {
  const { code, out, errors } = await crowsnest(['--version'], {});
  expect([code, errors]).toEqual([0, '']);
  expect(out).toMatch(/^\d+\.\d+\.\d+\n$/);
});

test.each(['conformance', 'migrate', 'preflight', 'client', 'client install', 'client remove'])(
  'crowsnest %s says what it takes, and does nothing',
  async (command) => {
    const { code, out, errors } = await crowsnest([...command.split(' '), '--help'], {});
    expect([code, errors]).toEqual([0, '']);
    expect(out).toMatch(new RegExp(`^Usage: crowsnest ${command} `));
  },
);
