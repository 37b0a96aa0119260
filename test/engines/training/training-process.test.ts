import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import {
  MixedSizes,
  TooFewPictures,
  TrainingFailed,
  TrainingStopped,
} from '../../../lambdas/vision/fitting/failures.ts';
import { TrainingBroke, trainInProcess } from '../../../lambdas/engines/training/training-process.ts';
import type { TrainingInput } from '../../../lambdas/vision/fitting/train.ts';
import { plates } from '../../vision/pictures-made.ts';

const few = {
  single: { normals: 4, anomalies: 0 },
  train: { normals: 4, anomalies: 0 },
  test: { normals: 1, anomalies: 0 },
};
const input: TrainingInput = {
  pictures: plates(6, 4, 0, 1, { side: 64 }),
  test: plates(3, 3, 0, 2, { side: 64 }),
  seed: 1,
  features: 'auto',
  minimums: few,
  now: () => 5,
};

/** A registrar that lets the test see, and end, the process. */
function watched() {
  const started: number[] = [];
  const ended: number[] = [];
  return {
    started,
    ended,
    register: (pid: number) => void started.push(pid),
    unregister: (pid: number) => void ended.push(pid),
  };
}
const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};
async function gone(pid: number | undefined): Promise<boolean> {
  for (let tries = 0; tries < 100 && pid !== undefined && isAlive(pid); tries++) await sleep(50);
  return pid !== undefined && !isAlive(pid);
}

describe('training in a process of its own', () => {
  test('gives model, figures and results, tells how far it is, and leaves no process', async () => {
    const stages = new Set<string>();
    const children = watched();
    const training = await trainInProcess(input, (stage) => void stages.add(stage), undefined, { children });
    expect(training).toMatchObject({
      kind: 'segmentation',
      evaluation: { evaluatedAt: 5 },
      pictures: { train: 10, learnt: 10, test: 6 },
    });
    expect(training.results.map(({ id }) => id)).toEqual(
      (input.test as { id: string }[]).map(({ id }) => id),
    );
    expect(training.files['model.onnx']?.length).toBeGreaterThan(100_000);
    expect([...stages]).toEqual(['reading', 'looking', 'learning', 'evaluating']);
    expect(await gone(children.started[0])).toBe(true);
    expect(children.ended).toEqual(children.started);
  }, 600_000);

  test('hands on what a user can put right, with its kind', async () => {
    const mixed = [...plates(6, 0, 0, 1, { side: 64 }), ...plates(1, 0, 0, 2, { side: 96 })];
    await expect(trainInProcess({ ...input, pictures: mixed })).rejects.toBeInstanceOf(MixedSizes);
    await expect(
      trainInProcess({ ...input, pictures: plates(2, 0, 0, 1, { side: 64 }) }),
    ).rejects.toBeInstanceOf(TooFewPictures);
  }, 300_000);

  test('says why when a picture cannot be fetched', async () => {
    const unread = {
      id: 'x',
      type: 'image/png' as const,
      label: 'normal' as const,
      load: () => Promise.reject(new Error('the bucket is closed')),
    };
    await expect(
      trainInProcess({ ...input, pictures: [...plates(6, 0, 0, 1, { side: 64 }), unread] }),
    ).rejects.toEqual(new TrainingBroke('the bucket is closed'));
  }, 300_000);

  test('ends the process when it is told to stop', async () => {
    const stop = new AbortController();
    const children = watched();
    await expect(trainInProcess(input, () => stop.abort(), stop.signal, { children })).rejects.toBeInstanceOf(
      TrainingStopped,
    );
    expect(await gone(children.started[0])).toBe(true);
  }, 300_000);

  test('tells of a process that was killed, and of one that takes too much memory or time', async () => {
    const children = {
      ...watched(),
      register: (pid: number) => void setTimeout(() => process.kill(pid, 'SIGKILL'), 300),
    };
    await expect(trainInProcess(input, undefined, undefined, { children })).rejects.toThrow(
      /has no result: its process ended \(signal SIGKILL\)/,
    );
    const small = trainInProcess(input, undefined, undefined, { memory: 64 * 1024 ** 2 });
    await expect(small).rejects.toThrow(/^Training cannot go on: it used more than 64 MB of memory/);
    await expect(small).rejects.toBeInstanceOf(TrainingFailed);
    await expect(trainInProcess(input, undefined, undefined, { limit: 200 })).rejects.toThrow(/took longer/);
  }, 300_000);
});
