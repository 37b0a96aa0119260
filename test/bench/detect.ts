import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { readFileSync } from 'node:fs';
import { StartModelCommand, StopModelCommand } from '@aws-sdk/client-lookoutvision';
import { pictureLimits } from '../../lambdas/vision/pictures/limits.ts';
import { startUnit } from '../../lambdas/engines/process/unit-process.ts';
import { Caller } from './caller.ts';
import { HostProcess, sampleFolder } from '../helpers/host-process.ts';
import { compare, resultOf, type Result } from './measure.ts';

/** Milliseconds of one turn of pictures. */
const turn = 3000;

/**
 * What a host adds to the bare thing: to judging, as pictures in a second, and to getting ready, as
 * milliseconds.
 */
export async function hostBenchmarks(): Promise<Result[]> {
  const samples = await sampleFolder();
  const host = await HostProcess.start(samples.folder);
  try {
    const model = await host.trained(samples.samples.model);
    const stored = join(samples.folder, 's3', samples.samples.bucket);
    const files = [...samples.samples.test.normal, ...samples.samples.test.anomaly].map((key) =>
      join(stored, key),
    );
    const pictures = files.map((file) => readFileSync(file));
    const url = new URL(
      `${host.url}/2020-11-20/projects/${model.ProjectName}/models/${model.ModelVersion}/detect`,
    );
    const results: Result[] = [];
    for (const units of [1, 2]) {
      await host.client.send(new StartModelCommand({ ...model, MinInferenceUnits: units }));
      await host.until(model.ModelVersion, 'STARTING_HOSTING');
      await sleep(1000); // the second unit may come a moment later
      const loops = await Promise.all(Array.from({ length: units }, () => bareLoop(join(stored, 'model'))));
      results.push(
        await compare(
          {
            name: `detect-${units}`,
            unit: 'pictures/s',
            goal: '>= 0.9',
            meets: (ratio) => ratio >= 0.9,
            note: "the caller, the server and the units share this machine's processors, the bare loops have them alone",
          },
          4,
          () => throughHttp(url, pictures, units),
          async () => {
            const counts = await Promise.all(
              loops.map(async (loop) => {
                loop.send({ files, milliseconds: turn });
                return ((await once(loop, 'message')) as [{ judged: number }])[0].judged;
              }),
            );
            return counts.reduce((sum, count) => sum + count, 0) / (turn / 1000);
          },
        ),
      );
      for (const loop of loops) loop.disconnect();
      await host.client.send(new StopModelCommand(model));
      await host.until(model.ModelVersion, 'STOPPING_HOSTING');
    }
    results.push(await hosted(host, model, join(stored, 'model')));
    return results;
  } finally {
    await host.end();
    samples.remove();
  }
}

async function bareLoop(folder: string): Promise<ChildProcess> {
  const loop = fork(fileURLToPath(new URL('./judging.ts', import.meta.url)), [folder], {
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  await once(loop, 'message');
  return loop;
}

/**
 * @returns pictures in a second, with three callers for each unit: one picture is judged, one is with the
 * unit, and one is on its way, so that no unit waits for a caller
 */
async function throughHttp(url: URL, pictures: readonly Uint8Array[], units: number): Promise<number> {
  const callers = await Promise.all(Array.from({ length: units * 3 }, () => Caller.open(url)));
  const until = performance.now() + turn;
  let judged = 0;
  await Promise.all(
    callers.map(async (caller) => {
      for (let next = judged; performance.now() < until; next += 1) {
        const status = await caller.post(pictures[next % pictures.length] as Uint8Array);
        if (status !== 200) throw new Error(`DetectAnomalies was answered ${status}`);
        judged += 1;
      }
      caller.close();
    }),
  );
  return judged / (turn / 1000);
}

/** From the answer of StartModel to HOSTED as a caller sees it, against the start of one unit by itself. */
async function hosted(
  host: HostProcess,
  model: { readonly ProjectName: string; readonly ModelVersion: string },
  folder: string,
): Promise<Result> {
  const figures: { ours: number; against: number }[] = [];
  for (let round = 0; round < 6; round += 1) {
    const from = performance.now();
    const unit = startUnit({ folder, limits: pictureLimits, threads: 1 }, 'bench', {
      register: () => undefined,
      unregister: () => undefined,
    });
    await unit.loaded;
    const against = performance.now() - from;
    unit.kill('measured');
    await unit.ended;
    await host.client.send(new StartModelCommand({ ...model, MinInferenceUnits: 1 }));
    const answered = performance.now();
    const { Status } = await host.until(model.ModelVersion, 'STARTING_HOSTING');
    const ours = performance.now() - answered;
    if (Status !== 'HOSTED') throw new Error(`the model is ${Status ?? 'nowhere'}`);
    await host.client.send(new StopModelCommand(model));
    await host.until(model.ModelVersion, 'STOPPING_HOSTING');
    if (round > 0) figures.push({ ours, against });
  }
  return resultOf(
    {
      name: 'hosted',
      unit: 'ms',
      goal: '+ <= 150 ms',
      meets: (_ratio, ours, against) => ours.median - against.median <= 150,
      note: 'seen by a caller who asks every 20 ms; the workflow looks when the engine has news',
    },
    figures,
  );
}
