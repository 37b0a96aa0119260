import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { isCrash, startChild, type Child } from '../../lambdas/engines/child.ts';
import { clock } from '../helpers/engine.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'crowsnest-child-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const living = new Set<number>();
const children = {
  register: (pid: number) => void living.add(pid),
  unregister: (pid: number) => void living.delete(pid),
};
let written = 0;
async function run(
  program: string,
  hear: (message: unknown) => void = () => undefined,
  node?: string,
): Promise<Child> {
  const path = join(folder, `${(written += 1)}.mjs`);
  await writeFile(path, program);
  const options = { program: pathToFileURL(path), argv: ['test'], children };
  return startChild({ ...options, ...(node !== undefined && { node }) }, hear);
}

test('messages go both ways, nothing of the environment does, and the end is told', async () => {
  const heard: unknown[] = [];
  const child = await run(
    `process.on('message', (bytes) => { process.send({ bytes, env: { ...process.env } }); process.disconnect(); })`,
    (message) => heard.push(message),
  );
  expect([...living]).toEqual([child.pid]);
  await child.send(Uint8Array.of(1, 2));
  expect(await child.ended).toEqual({
    how: 'ended',
    code: 0,
    signal: null,
    reason: 'its process ended (exit code 0)',
  });
  expect(heard).toEqual([{ bytes: Uint8Array.of(1, 2), env: {} }]);
  expect(living.size).toBe(0);
  await expect(child.send('too late')).rejects.toThrow('its channel is closed');
});

test('its last words are told, without the paths of this machine', async () => {
  const child = await run(`await import('/opt/some where/else/missing.js')`);
  const { reason } = await child.ended;
  expect(reason).toMatch(/^its process ended \(exit code 1\): .*Error.*missing\.js/);
  expect(reason).not.toMatch(/opt|tmp|else/);
});

test('what crashes natively is told from what somebody ended', async () => {
  const crashed = await run(`process.kill(process.pid, 'SIGSEGV'); setInterval(() => 0, 1000)`);
  expect(isCrash(await crashed.ended)).toBe(true);
  const ended = await run(`setInterval(() => 0, 1000)`);
  process.kill(ended.pid, 'SIGKILL');
  expect(isCrash(await ended.ended)).toBe(false);
});

test('limits of time and of memory are kept, also by a process that never answers', async () => {
  const slow = await run(`for (;;);`);
  slow.limit({ time: 300, memory: Infinity, look: 20, clock });
  expect(await slow.ended).toEqual({ how: 'killed', over: 'time', reason: 'it took longer than 0 s' });
  const greedy = await run(
    `const all = []; setInterval(() => all.push(Buffer.alloc(20_000_000, 1)), 5); process.on('message', () => 0)`,
  );
  greedy.limit({ time: 60_000, memory: 300 * 1024 * 1024, look: 20, clock });
  expect(await greedy.ended).toEqual({
    how: 'killed',
    over: 'memory',
    reason: 'it used more than 300 MB of memory',
  });
  const free = await run(`setTimeout(() => process.exit(7), 300)`);
  free.limit({ time: 20, memory: Infinity, look: 100, clock })();
  expect(await free.ended).toMatchObject({ how: 'ended', code: 7 });
});

test('a process that cannot be started has ended, and nothing is thrown', async () => {
  const child = await run('', undefined, join(folder, 'no-such-node'));
  expect(child.pid).toBe(0);
  expect(await child.ended).toEqual({
    how: 'not started',
    reason: 'its process could not be started (ENOENT)',
  });
  await expect(child.send('x')).rejects.toThrow('its channel is closed');
});
