import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { until } from '../../helpers/engine.ts';

const lives = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

test('units end by themselves when their host is killed, the one too that hangs in native code', async () => {
  // It cannot clear up after itself, so what it writes goes where the test can.
  const folder = await mkdtemp(join(tmpdir(), 'crowsnest-doomed-'));
  const host = fork(fileURLToPath(new URL('../../helpers/doomed-host.ts', import.meta.url)), {
    execArgv: ['--disable-warning=ExperimentalWarning'],
    env: { TMPDIR: folder },
  });
  const [pids] = (await once(host, 'message')) as [number[]];
  expect(pids.map(lives)).toEqual([true, true]);
  host.kill('SIGKILL');
  await until(() => !pids.some(lives));
  await rm(folder, { recursive: true, force: true });
});
