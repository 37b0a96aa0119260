import { fork } from 'node:child_process';
import { once } from 'node:events';
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
  const host = fork(fileURLToPath(new URL('../../helpers/doomed-host.ts', import.meta.url)), { execArgv: ['--disable-warning=ExperimentalWarning'] });
  const [pids] = await once(host, 'message') as [number[]];
  expect(pids.map(lives)).toEqual([true, true]);
  host.kill('SIGKILL');
  await until(() => !pids.some(lives));
});
