import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateProjectCommand,
  DetectAnomaliesCommand,
  ListProjectsCommand,
  LookoutVisionServiceException,
  StartModelCommand,
} from '@aws-sdk/client-lookoutvision';
import { afterAll, afterEach, beforeAll, expect, jest, test } from '@jest/globals';
import { picture } from '../helpers/artifacts.ts';
import { until } from '../helpers/engine.ts';
import { HostProcess, lives, processesOf, smallFolder } from '../helpers/host-process.ts';

jest.setTimeout(120_000); // whole processes, on a machine that may have other things to do

const root = new URL('../..', import.meta.url).pathname;
const asRoot = process.getuid?.() === 0;
const running: HostProcess[] = [];
let base: string;
let small: Awaited<ReturnType<typeof smallFolder>>;

beforeAll(async () => {
  base = mkdtempSync(join(tmpdir(), 'crowsnest-upkeep-'));
  small = await smallFolder();
});
afterEach(async () => {
  for (const host of running.splice(0)) await host.destroy();
});
afterAll(() => {
  small.remove();
  rmSync(base, { recursive: true, force: true });
});

function folder(name: string): string {
  const path = join(base, name);
  cpSync(small.folder, path, { recursive: true });
  return path;
}

async function started(dataDir: string, variables: Record<string, string> = {}): Promise<HostProcess> {
  const host = await HostProcess.start(dataDir, variables);
  running.push(host);
  return host;
}

async function hosting(dataDir: string): Promise<HostProcess> {
  const host = await started(dataDir);
  const model = await host.trained(small.model);
  await host.client.send(new StartModelCommand({ ...model, MinInferenceUnits: 1 }));
  expect((await host.until('1', 'STARTING_HOSTING')).Status).toBe('HOSTED');
  return host;
}

async function judges(host: HostProcess): Promise<void> {
  const Body = await picture('#fff').png().toBuffer();
  const { DetectAnomalyResult } = await host.client.send(
    new DetectAnomaliesCommand({ ProjectName: 'parts', ModelVersion: '1', ContentType: 'image/png', Body }),
  );
  expect(DetectAnomalyResult?.IsAnomalous).toBe(true);
}

const failure = (asked: Promise<unknown>): Promise<unknown> =>
  asked.then(
    () => 'a success',
    (error: unknown) => error,
  );

test('a copy of the folder of a running host starts beside it, and both live', async () => {
  const original = await hosting(folder('original'));
  const children = original.children().map(({ pid }) => pid);
  expect(children).toHaveLength(2);

  const copy = join(base, 'copy');
  cpSync(original.dataDir, copy, { recursive: true });
  expect(readdirSync(join(copy, 'children')).length).toBe(2); // the notes came along
  const backup = join(base, 'backup');
  execFileSync(process.execPath, ['--disable-warning=ExperimentalWarning', 'bin/backup.ts', backup], {
    cwd: root,
    env: { DATA_DIR: original.dataDir },
  });
  expect(existsSync(join(backup, 'children'))).toBe(false);

  for (const other of [await started(copy), await started(backup)]) {
    expect((await other.describe('1')).Status).toBe('HOSTED');
    await judges(other);
  }
  expect(children.filter((pid) => !lives(pid))).toEqual([]);
  await judges(original);
  expect(original.errors).not.toMatch(/"level":"error"/);
});

test('a backup that is made while rows are written holds each of them whole, up to one moment', async () => {
  const host = await started(folder('busy'));
  let made = 0;
  const written = new AbortController();
  const writer = (async () => {
    while (!written.signal.aborted && made < 90)
      await host.client.send(new CreateProjectCommand({ ProjectName: `p-${made++}` }));
  })();
  await until(() => made > 5);
  const backup = join(base, 'busy-backup');
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', join(root, 'bin/backup.ts'), backup],
    { env: { DATA_DIR: host.dataDir }, stdio: 'ignore' },
  );
  const [code] = (await once(child, 'exit')) as [number];
  const after = made;
  written.abort();
  await writer;
  expect(code).toBe(0);
  const restored = await started(backup);
  const names: string[] = [];
  let NextToken: string | undefined;
  do {
    const page = await restored.client.send(new ListProjectsCommand({ NextToken }));
    names.push(...(page.Projects ?? []).map(({ ProjectName = '' }) => ProjectName));
    NextToken = page.NextToken;
  } while (NextToken !== undefined);
  const numbers = names.map((name) => Number(name.slice(2))).sort((a, b) => a - b);
  expect(numbers).toEqual(numbers.map((_, index) => index)); // none is missing before one that is there
  expect(numbers.length).toBeGreaterThan(5);
  expect(numbers.length).toBeLessThanOrEqual(after);
});

test('what was copied badly is said: no data folder, a folder inside it, one that is not empty', () => {
  const data = folder('badly');
  writeFileSync(join(data, 'table.db'), '');
  const refusal = (from: string, to: string): string =>
    spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', 'bin/backup.ts', to], {
      cwd: root,
      env: { DATA_DIR: from },
      encoding: 'utf8',
    }).stderr.trim();
  expect(refusal(small.folder, join(base, 'x'))).toMatch(/is no data folder: it has no table\.db/);
  expect(refusal(data, join(data, 'x'))).toMatch(/is inside the data folder\. Name a folder elsewhere\.$/);
  expect(refusal(data, small.folder)).toMatch(/is not empty\./);
});

test('without its data folder a host answers 503, says so, and goes on when the folder is back', async () => {
  const host = await started(folder('lost'));
  await host.client.send(new CreateProjectCommand({ ProjectName: 'kept' }));
  renameSync(host.dataDir, `${host.dataDir}-away`);
  const error = await failure(host.client.send(new CreateProjectCommand({ ProjectName: 'into-nothing' })));
  expect(error).toMatchObject({ name: 'InternalServerException', $metadata: { httpStatusCode: 503 } });
  expect(error).toBeInstanceOf(LookoutVisionServiceException);
  expect((error as LookoutVisionServiceException).$response?.headers['retry-after']).toBe('2');
  const health = await fetch(`${host.url}/health`);
  expect([health.status, await health.json()]).toEqual([
    503,
    { status: 'failing', table: 'no answer', dataFolder: 'missing' },
  ]);
  expect(host.errors).toContain('the table is gone; requests are refused until it is back');

  renameSync(`${host.dataDir}-away`, host.dataDir);
  await until(async () => (await fetch(`${host.url}/health`)).ok);
  const { Projects = [] } = await host.client.send(new ListProjectsCommand({}));
  expect(Projects.map(({ ProjectName }) => ProjectName)).toEqual(['kept']);
});

test('a database that hangs is started again, and nobody gets silence for an answer', async () => {
  const host = await started(folder('hung'));
  const hung = host.database();
  process.kill(hung, 'SIGSTOP');
  await host.client.send(new CreateProjectCommand({ ProjectName: 'patient' }));
  expect(lives(hung)).toBe(false);
  expect(host.errors).toContain('was started again');
  expect((await fetch(`${host.url}/health`)).status).toBe(200);
});

(asRoot ? test : test.skip)(
  '(needs root) a full disk is a 503, and no longer when there is room',
  async () => {
    const disk = join(base, 'disk');
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=40m', 'tmpfs', disk]);
    try {
      const host = await started(join(disk, 'data'));
      writeFileSync(join(disk, 'filler'), Buffer.alloc(8 * 2 ** 20));
      spawnSync('dd', ['if=/dev/zero', `of=${join(disk, 'rest')}`, 'bs=4096'], { stdio: 'ignore' });
      let error: unknown;
      for (let index = 0; index < 50 && !(error instanceof Error); index += 1)
        error = await failure(host.client.send(new CreateProjectCommand({ ProjectName: `full-${index}` })));
      expect(error).toMatchObject({ name: 'InternalServerException', $metadata: { httpStatusCode: 503 } });
      expect(await (await fetch(`${host.url}/health`)).json()).toMatchObject({
        status: 'failing',
        disk: 'full',
      });
      rmSync(join(disk, 'rest'));
      rmSync(join(disk, 'filler'));
      await until(async () => (await fetch(`${host.url}/health`)).ok);
      await host.client.send(new CreateProjectCommand({ ProjectName: 'room' }));
      await host.end('SIGTERM');
    } finally {
      for (const host of running.splice(0)) await host.destroy();
      execFileSync('umount', ['-l', disk]);
    }
  },
);

test('a folder that cannot be made is refused at once', async () => {
  for (const dataDir of ['/proc/x', '/proc/x/y/z', '/dev/null/data']) {
    const host = HostProcess.launch(dataDir);
    running.push(host);
    expect(await host.ended).toEqual({ code: 1, signal: null });
    expect(host.errors.trim()).toMatch(/^DATA_DIR must be a folder that can be made and written: /);
  }
});

test('the data folder is for its owner; one that others could enter is closed to them', async () => {
  const data = folder('open');
  chmodSync(data, 0o755);
  chmodSync(join(data, 's3'), 0o777);
  const secret = join(data, 's3', 'models', 'part', 'model.json');
  chmodSync(secret, 0o644);
  const host = await started(data);
  await host.client.send(new CreateProjectCommand({ ProjectName: 'mine' }));
  expect(host.errors).toContain('other users could enter the data folder; they no longer can');
  const loose = readdirSync(data, { recursive: true, encoding: 'utf8' }).filter(
    (name) => (statSync(join(data, name)).mode & 0o077) !== 0,
  );
  expect([statSync(data).mode & 0o777, loose]).toEqual([0o700, []]);
});

(asRoot ? test : test.skip)('(needs root) another user reads neither rows nor keys', async () => {
  chmodSync(base, 0o755);
  const key = { accessKeyId: 'AK', secretAccessKey: 'hush' };
  const host = await started(folder('foreign'), { CROWSNEST_KEYS: JSON.stringify([key]) });
  const nobody = (...command: string[]): number | null =>
    spawnSync('setpriv', ['--reuid=65534', '--regid=65534', '--clear-groups', ...command]).status;
  expect(nobody('true')).toBe(0);
  expect(nobody('cat', join(host.dataDir, 'table.db'))).not.toBe(0);
  expect(nobody('ls', host.dataDir)).not.toBe(0);
  const seen = spawnSync(
    'setpriv',
    ['--reuid=65534', '--regid=65534', '--clear-groups', 'ps', '-eo', 'args'],
    {
      encoding: 'utf8',
    },
  ).stdout;
  expect(seen).not.toContain('hush');
  for (const { pid } of host.children())
    expect(readFileSync(`/proc/${pid}/environ`, 'utf8')).not.toMatch(/hush|CROWSNEST_KEYS|AWS_/);
});

test('what a killed host was writing is removed at the next start; what others write stays', async () => {
  const data = folder('left');
  const partial = join(data, 's3', '.partial');
  mkdirSync(partial, { recursive: true });
  const id = '00000000-0000-4000-8000-000000000000';
  const gone = spawnSync('true').pid;
  writeFileSync(join(partial, `${gone}.${id}`), 'half');
  writeFileSync(join(partial, `${process.pid}.${id}`), 'under way');
  writeFileSync(join(partial, 'notes.txt'), 'not ours');
  const copy = 'a'.repeat(64);
  mkdirSync(join(data, 'cache', `${copy}.${id}`), { recursive: true });
  mkdirSync(join(data, 'cache', copy));
  await started(data);
  expect(readdirSync(partial).sort()).toEqual([`${process.pid}.${id}`, 'notes.txt'].sort());
  expect(readdirSync(join(data, 'cache'))).toEqual([]);
});

/** `npm start` as a script or service manager starts it. */
function npmStart(dataDir: string): { readonly pid: number } {
  const child = spawn('npm', ['start'], {
    cwd: root,
    env: { PATH: process.env['PATH'], HOME: base, DATA_DIR: dataDir, PORT: '0' },
    stdio: 'ignore',
    detached: true,
  });
  return { pid: child.pid ?? 0 };
}

test.each(['SIGTERM', 'SIGKILL'] as const)('%s for npm start ends the host too', async (signal) => {
  const data = folder(`npm-${signal}`);
  const { pid } = npmStart(data);
  await until(() => existsSync(join(data, 'table.db')) && processesOf(data).length > 0);
  await until(() => readdirSync(join(data, 'children')).length > 0);
  process.kill(pid, signal);
  await until(() => processesOf(data).length === 0);
  const next = await started(data);
  expect(next.url).not.toBe('');
});

test('npm start that was put into the background lives on when its shell has ended', async () => {
  const data = folder('nohup');
  const shell = spawnSync('sh', ['-c', 'nohup npm start >/dev/null 2>&1 & echo $!'], {
    cwd: root,
    env: { PATH: process.env['PATH'], HOME: base, DATA_DIR: data, PORT: '0' },
    encoding: 'utf8',
  });
  const npm = Number(shell.stdout);
  try {
    await until(() => existsSync(join(data, 'children')) && readdirSync(join(data, 'children')).length > 0);
    await new Promise((resolve) => setTimeout(resolve, 2000));
    expect(processesOf(data).length).toBeGreaterThan(0);
  } finally {
    process.kill(npm, 'SIGTERM');
  }
  await until(() => processesOf(data).length === 0);
});
