import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { run, type Ran } from '../helpers/run.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The scripts of package.json that are programs of this project, by the names that users type. */
const scripts = new Map(
  Object.entries(
    (JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> })
      .scripts,
  ).flatMap(([name, command]) => {
    const program = /^node .*?((?:bin|cli|test)\/\S+\.ts)$/.exec(command)?.[1];
    return program === undefined || command.includes('--watch') ? [] : [[name, program] as const];
  }),
);

const npmRun = (name: string, words: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  run(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', join(root, scripts.get(name) ?? ''), ...words],
    env,
  );
const called = (name: string): string => (name === 'start' ? 'npm start' : `npm run ${name}`);

test('these are all of them', () => {
  expect([...scripts.keys()].sort()).toEqual(
    ['start', 'backup', 'samples', 'demo', 'derive', 'bundle', 'chaos', 'load', 'bench']
      .concat('bench:verdicts', 'lint:templates', 'test:docs', 'test:deploy')
      .sort(),
  );
});

const tells = async (name: string, word: string): Promise<void> => {
  const { code, out, errors } = await npmRun(name, [word]);
  expect([code, errors]).toEqual([0, '']);
  expect(out.startsWith(called(name))).toBe(true);
};
const refuses = async (name: string, words: readonly string[], told: string): Promise<void> => {
  const { code, out, errors } = await npmRun(name, words);
  expect([code, out]).toEqual([2, '']);
  expect(errors).toContain(told);
  expect(errors).toContain(called(name));
  expect(errors).not.toMatch(/^\s+at /m);
};

describe.each([...scripts.keys()])('npm run %s', (name) => {
  test('says with --help what it does, and does nothing', () => tells(name, '--help'));
  test('takes no three words, and says what it takes', () =>
    refuses(name, ['one', 'two', 'three'], 'Unexpected argument'));
});

// One reader of words serves them all: these two it need not show for each.
test('-h is --help', () => tells('bundle', '-h'));
test('an option that there is not is named', () => refuses('bundle', ['--fly'], "'--fly'"));

describe('what a user did wrong is told in a sentence, without a trace', () => {
  let folder: string;
  let taken: string;
  const listener = createServer();
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'crowsnest-scripts-'));
    await writeFile(join(folder, 'a-file'), 'no folder');
    await once(listener.listen(0, '127.0.0.1'), 'listening');
    const address = listener.address();
    taken = String(typeof address === 'object' ? address?.port : '');
  });
  afterAll(async () => {
    listener.close();
    await rm(folder, { recursive: true, force: true });
  });

  function isTold({ code, errors }: Ran, told: RegExp): void {
    expect(errors).toMatch(told);
    expect(errors).not.toMatch(/^\s+at /m);
    expect(errors).not.toContain(root);
    expect(code === 1 || code === 2).toBe(true);
  }

  test.each<[string, string, (folder: string) => readonly string[], Record<string, string>, RegExp]>([
    ['a port that is none', 'start', () => [], { PORT: 'x' }, /PORT must be a whole number/],
    ['keys that are no JSON', 'start', () => [], { CROWSNEST_KEYS: '[' }, /CROWSNEST_KEYS must be JSON/],
    ['a region that is none', 'start', () => [], { AWS_REGION: 'Mars!' }, /AWS_REGION must be/],
    ['an unknown quota', 'start', () => [], { QUOTAS: '{"x":1}' }, /QUOTAS knows/],
    [
      'nobody at DYNAMODB_ENDPOINT',
      'start',
      () => [],
      { DYNAMODB_ENDPOINT: 'http://127.0.0.1:9' },
      /DYNAMODB_ENDPOINT is/,
    ],
    ['a backup to nowhere', 'backup', () => [], {}, /npm run backup -- FOLDER/],
    [
      'a backup of nothing',
      'backup',
      (at) => [join(at, 'copy')],
      { DATA_DIR: '/nowhere/at/all' },
      /\/nowhere\/at\/all/,
    ],
    ['samples into a file', 'samples', (at) => [join(at, 'a-file')], {}, /a-file/],
    ['a port for the demo', 'demo', () => [], { PORT: 'x' }, /PORT must be/],
    ['a group that there is not', 'bench', () => ['--only', 'fly'], {}, /--only is one of/],
    ['a proof that there is not', 'chaos', () => ['--only', 'fly'], {}, /--only one of/],
  ])(
    '%s',
    async (_, name, words, env, told) => {
      isTold(await npmRun(name, words(folder), { DATA_DIR: join(folder, `data-${name}`), ...env }), told);
    },
    60_000,
  );

  test('a port that is taken', async () => {
    isTold(
      await npmRun('start', [], { PORT: taken, DATA_DIR: join(folder, 'data') }),
      new RegExp(`${taken}.*(in use|taken)|(in use|taken).*${taken}`, 'i'),
    );
  }, 60_000);

  test('a data folder that is a file', async () => {
    isTold(await npmRun('start', [], { PORT: '0', DATA_DIR: join(folder, 'a-file') }), /a-file/);
  }, 60_000);
});
