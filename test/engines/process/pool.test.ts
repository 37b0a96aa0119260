import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { EngineBusy, NotHosted, type DeploymentSpec } from '../../../lambdas/engines/engine.ts';
import { PictureRefused } from '../../../lambdas/domain/verdict.ts';
import { float32, Graph, int64 } from '../../../lambdas/vision/onnx/graph.ts';
import { colourGraph, hangingGraph, manifest, picture, start } from '../../helpers/artifacts.ts';
import { openBench, until, type Bench } from '../../helpers/engine.ts';

let bench: Bench;
afterEach(() => bench.end());

const white = await picture('#fff').png().toBuffer();
const grey = await picture('#333').png().toBuffer();
const judge = (spec: DeploymentSpec, bytes: Uint8Array) => bench.engine.detect(spec, bytes, 'image/png');
const unitsOf = async (spec: DeploymentSpec): Promise<number> => {
  const seen = await bench.engine.observe(spec);
  return seen.state === 'ready' ? (seen.unitsInService ?? 0) : 0;
};
const host = async (graph: Uint8Array, units: { min: number; max?: number }): Promise<DeploymentSpec> => {
  const spec = bench.deployment('d1', graph, manifest, units);
  await bench.engine.create(spec);
  await bench.ready(spec);
  return spec;
};
const refusalOf = (judging: Promise<unknown>): Promise<unknown> =>
  judging.then(
    () => 'a verdict',
    (error: unknown) => error,
  );
const firstPid = (): number => [...bench.pids][0] ?? 0;

/** As the usual one, but a white picture asks for 1.5 GB of ones, over and over. */
function greedyGraph(): Uint8Array {
  const graph = new Graph('greedy');
  const mean = graph.node('ReduceMean', [start(graph)], { keepdims: 0 });
  const above = graph.node('Relu', [graph.node('Sub', [mean, graph.constant('bound', float32([1], [0.9]))])]);
  const many = graph.node('Cast', [graph.node('Mul', [above, graph.constant('many', float32([1], [4e9]))])], {
    to: 7,
  });
  const size = graph.node('Add', [many, graph.constant('some', int64([9]))]);
  const filled = graph.node('ConstantOfShape', [size], { value: float32([1], [0.25]) });
  graph.node(
    'Reshape',
    [
      graph.node('ReduceMean', [graph.node('Sin', [filled])], { keepdims: 0 }),
      graph.constant('one', int64([1])),
    ],
    {},
    'score',
  );
  graph.output('score', 'float32', [1]);
  return graph.encode();
}

test('a unit that dies at work is replaced, and its picture is judged by the next', async () => {
  bench = await openBench({ backoff: 10 });
  const spec = await host(colourGraph(), { min: 1 });
  const pid = firstPid();
  process.kill(pid, 'SIGSTOP');
  const underWay = judge(spec, white);
  const waiting = judge(spec, grey);
  process.kill(pid, 'SIGKILL');
  await until(async () => (await unitsOf(spec)) === 0);
  expect(await bench.engine.observe(spec)).toEqual({
    state: 'ready',
    unitsInService: 0,
    note: '0 of 1 inference units are in service.',
  });
  // Whoever was under way, waits, or asks meanwhile, gets the new unit.
  expect(await Promise.all([underWay, waiting, judge(spec, white)])).toMatchObject([
    { isAnomalous: true },
    { isAnomalous: false },
    { isAnomalous: true },
  ]);
  expect(firstPid()).not.toBe(pid);
  expect(await unitsOf(spec)).toBe(1);
  // What came through is no suspect any more: it would be refused after one more loss.
  const second = firstPid();
  process.kill(second, 'SIGSTOP');
  const again = judge(spec, white);
  process.kill(second, 'SIGKILL');
  expect(await again).toMatchObject({ isAnomalous: true });
});

/** Makes what units load from unloadable. */
async function spoil(): Promise<void> {
  for (const name of await bench.leftovers())
    await writeFile(join(bench.folder, name, 'model.onnx'), 'spoilt');
}

test('a local copy that is damaged is fetched again when a unit is replaced', async () => {
  bench = await openBench({ backoff: 10, backoffLimit: 10 });
  const spec = await host(colourGraph(), { min: 1 });
  await spoil();
  const pid = firstPid();
  process.kill(pid, 'SIGKILL');
  await until(() => firstPid() !== pid && bench.pids.size === 1);
  await bench.ready(spec);
  expect(await judge(spec, white)).toMatchObject({ isAnomalous: true });
});

test('a model whose units cannot load again, whatever is fetched, has failed with the reason', async () => {
  bench = await openBench({ backoff: 10, backoffLimit: 10 });
  const spec = await host(colourGraph(), { min: 1 });
  await spoil();
  bench.objects.objects.set('kept/d1/model.onnx', Buffer.from('spoilt too'));
  process.kill(firstPid(), 'SIGKILL');
  await until(async () => (await bench.engine.observe(spec)).state === 'failed');
  const seen = await bench.engine.observe(spec);
  expect(seen.state === 'failed' ? seen.reason : '').toMatch(
    /^The model's inference units were lost, and no new one can load the model: model\.onnx does not load: .*import it as a new version\.$/,
  );
  await expect(judge(spec, white)).rejects.toThrow(NotHosted);
  await until(() => bench.pids.size === 0);
});

test('without the artifact in the store a served model whose copy is damaged has failed, and says what is missing', async () => {
  bench = await openBench({ backoff: 10, backoffLimit: 10 });
  const spec = await host(colourGraph(), { min: 1 });
  await spoil();
  bench.objects.objects.delete('kept/d1/model.onnx');
  process.kill(firstPid(), 'SIGKILL');
  await until(async () => (await bench.engine.observe(spec)).state === 'failed');
  expect(await bench.engine.observe(spec)).toEqual({
    state: 'failed',
    reason: "The model's artifact at s3://kept/d1/ is incomplete. Import the model again as a new version.",
  });
});

test('a store that does not answer is asked again, for as long as an outage may take', async () => {
  bench = await openBench({ backoff: 10, backoffLimit: 10, outage: 20_000 });
  const spec = await host(colourGraph(), { min: 1 });
  await spoil();
  const stream = bench.objects.stream.bind(bench.objects);
  bench.objects.stream = () => Promise.reject(new Error('the store does not answer'));
  process.kill(firstPid(), 'SIGKILL');
  await until(async () => {
    const seen = await bench.engine.observe(spec);
    return seen.state === 'ready' && seen.note?.includes('could not load the model') === true;
  });
  bench.objects.stream = stream;
  await bench.ready(spec);

  await bench.end();
  bench = await openBench({ backoff: 10, backoffLimit: 10, outage: 1 });
  const other = await host(colourGraph(), { min: 1 });
  await spoil();
  bench.objects.stream = () => Promise.reject(new Error('the store does not answer'));
  process.kill(firstPid(), 'SIGKILL');
  await until(async () => (await bench.engine.observe(other)).state === 'failed');
}, 60_000);

test('pictures given to units in the instant of their death are judged, each once', async () => {
  bench = await openBench({ backoff: 1, backoffLimit: 1, queuePerUnit: 100 });
  const spec = await host(colourGraph(), { min: 2 });
  for (let round = 0; round < 5; round += 1) {
    await until(async () => (await unitsOf(spec)) === 2);
    const pid = firstPid();
    const verdicts = Promise.all(
      Array.from({ length: 20 }, (_, index) => judge(spec, index % 3 === 0 ? white : grey)),
    );
    // Before the pool is told: of the death nobody knows when these are given out.
    process.kill(pid, 'SIGKILL');
    expect((await verdicts).map(({ isAnomalous }) => isAnomalous)).toEqual(
      Array.from({ length: 20 }, (_, index) => index % 3 === 0),
    );
  }
});

const overMemory =
  'The picture cannot be judged by this model: two inference units were lost over it, the second because it used more than 400 MB of memory.';

test('a picture that two units are lost over is refused, and when it comes again no unit sees it', async () => {
  bench = await openBench({ memory: 400 * 1024 * 1024, backoff: 10, queuePerUnit: 100, quick: 60_000 });
  const spec = await host(greedyGraph(), { min: 2 });
  const deadly = refusalOf(judge(spec, white));
  const others = Array.from({ length: 40 }, () => judge(spec, grey));
  expect(await deadly).toEqual(new PictureRefused(overMemory));
  for (const verdict of await Promise.all(others)) expect(verdict).toMatchObject({ isAnomalous: false });
  await until(async () => (await unitsOf(spec)) === 2);
  expect(bench.started).toHaveLength(4);
  for (let again = 0; again < 3; again += 1)
    expect(await refusalOf(judge(spec, white))).toEqual(new PictureRefused(overMemory));
  expect(await judge(spec, grey)).toMatchObject({ isAnomalous: false });
  expect(bench.started).toHaveLength(4);
});

test('several such pictures at once are refused, each after two units at most, and nobody else is', async () => {
  bench = await openBench({
    memory: 400 * 1024 * 1024,
    backoff: 1,
    backoffLimit: 1,
    queuePerUnit: 100,
    quick: 60_000,
    wait: 60_000,
  });
  const spec = await host(greedyGraph(), { min: 2 });
  const bright = await Promise.all(
    ['#fff', '#fffffe', '#fffeff'].map((colour) => picture(colour).png().toBuffer()),
  );
  const deadly = bright.map((bytes) => refusalOf(judge(spec, bytes)));
  const others = Array.from({ length: 20 }, () => judge(spec, grey));
  for (const refused of await Promise.all(deadly)) expect(refused).toEqual(new PictureRefused(overMemory));
  for (const verdict of await Promise.all(others)) expect(verdict).toMatchObject({ isAnomalous: false });
  await until(async () => (await unitsOf(spec)) === 2);
  expect(bench.started.length).toBeLessThanOrEqual(2 + 2 * bright.length);
});

test('a graph that hangs is ended at its deadline; its picture may be sent once more, what waited behind it is judged', async () => {
  bench = await openBench({ judge: 1500, backoff: 10, quick: 60_000, growAfter: 60_000 });
  const spec = await host(hangingGraph(), { min: 1 });
  await judge(spec, grey); // quickly, so that the unit is given one picture behind the other
  const pid = firstPid();
  const [late, behind] = [refusalOf(judge(spec, white)), judge(spec, grey)];
  expect(await late).toEqual(
    new EngineBusy(
      'The inference unit that had the picture was lost: it did not answer within 1500 ms. Try again.',
    ),
  );
  expect(await behind).toMatchObject({ isAnomalous: false });
  expect(firstPid()).not.toBe(pid);
  const message =
    'The picture cannot be judged by this model: two inference units were lost over it, the second because it did not answer within 1500 ms.';
  expect(await refusalOf(judge(spec, white))).toEqual(new PictureRefused(message));
  await expect(judge(spec, grey)).resolves.toMatchObject({ isAnomalous: false });
});

test('a picture that was given to a unit in advance goes to another one, if the unit turns out to be slow', async () => {
  bench = await openBench({ judge: 60_000, growAfter: 40, quick: 60_000 });
  const spec = await host(hangingGraph(), { min: 1, max: 2 });
  await judge(spec, grey);
  const stuck = refusalOf(judge(spec, white));
  expect(await judge(spec, grey)).toMatchObject({ isAnomalous: false });
  expect(await unitsOf(spec)).toBe(2);
  await bench.engine.close();
  expect(await stuck).toBeInstanceOf(NotHosted);
});

test('a graph that fails on a picture costs that picture alone', async () => {
  const graph = new Graph('picky');
  const mean = graph.node('ReduceMean', [start(graph)], { keepdims: 0 });
  // White is outside of what a score may be: 2.
  graph.node(
    'Reshape',
    [
      graph.node('Mul', [mean, graph.constant('two', float32([1], [1.9]))]),
      graph.constant('one', int64([1])),
    ],
    {},
    'score',
  );
  graph.output('score', 'float32', [1]);
  bench = await openBench();
  const spec = await host(graph.encode(), { min: 1 });
  const pid = firstPid();
  const told = await refusalOf(judge(spec, white));
  expect(told).toBeInstanceOf(PictureRefused);
  expect(told).toMatchObject({
    message: 'The model fails on this picture: outputs.score must lie between 0 and 1, and it does not.',
  });
  await expect(judge(spec, grey)).resolves.toMatchObject({ isAnomalous: false });
  expect(firstPid()).toBe(pid);
});

test('a full queue answers busy at once; those that wait too long are told so', async () => {
  bench = await openBench({ queuePerUnit: 2, wait: 300, judge: 60_000 });
  const spec = await host(colourGraph(), { min: 1 });
  process.kill(firstPid(), 'SIGSTOP');
  const underWay = judge(spec, white);
  const waiting = [judge(spec, white), judge(spec, white)];
  const overflow = await judge(spec, white).catch((error: unknown) => error);
  expect(overflow).toBeInstanceOf(EngineBusy);
  expect(overflow).toMatchObject({
    retryAfter: 1,
    message: expect.stringContaining('2 pictures are waiting already'),
  });
  for (const settled of await Promise.allSettled(waiting)) {
    const message: unknown = expect.stringContaining('No inference unit became free in time');
    expect(settled).toMatchObject({ status: 'rejected', reason: { name: 'EngineBusy', message } });
  }
  process.kill(firstPid(), 'SIGCONT');
  expect(await underWay).toMatchObject({ isAnomalous: true });
});

test('units are added while pictures wait, up to the most, and go again when they are not needed', async () => {
  bench = await openBench({ growAfter: 40, shrinkAfter: 400, judge: 60_000, wait: 60_000 });
  const spec = await host(colourGraph(), { min: 1, max: 2 });
  process.kill(firstPid(), 'SIGSTOP');
  const stuck = judge(spec, white);
  // Only a second unit can judge these.
  expect(await Promise.all([judge(spec, grey), judge(spec, white)])).toMatchObject([
    { isAnomalous: false },
    { isAnomalous: true },
  ]);
  expect(await unitsOf(spec)).toBe(2);
  process.kill(firstPid(), 'SIGCONT');
  await stuck;
  await until(async () => (await unitsOf(spec)) === 1 && bench.pids.size === 1);
  expect(await judge(spec, white)).toMatchObject({ isAnomalous: true });

  await bench.engine.scale(spec, { min: 2 });
  await until(async () => (await unitsOf(spec)) === 2);
  await bench.engine.scale(spec, { min: 1 });
  await until(async () => (await unitsOf(spec)) === 1 && bench.pids.size === 1);
});

test('many pictures at once are all judged, each once', async () => {
  bench = await openBench({ queuePerUnit: 100 });
  const spec = await host(colourGraph(), { min: 2 });
  const verdicts = await Promise.all(
    Array.from({ length: 60 }, (_, index) => judge(spec, index % 3 === 0 ? white : grey)),
  );
  expect(verdicts.map(({ isAnomalous }) => isAnomalous)).toEqual(
    Array.from({ length: 60 }, (_, index) => index % 3 === 0),
  );
});

test('closing ends every process, and what was under way is answered with a failure', async () => {
  bench = await openBench();
  const spec = await host(hangingGraph(), { min: 1 });
  const requests = Promise.allSettled([judge(spec, white), judge(spec, white)]);
  await bench.engine.close();
  expect(bench.pids.size).toBe(0);
  expect(await requests).toMatchObject([
    { reason: { name: 'NotHosted' } },
    { reason: { name: 'NotHosted' } },
  ]);
  await expect(judge(spec, white)).rejects.toThrow(NotHosted);
});
