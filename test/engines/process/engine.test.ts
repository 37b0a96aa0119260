import { readdirSync, readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from '@jest/globals';
import sharp from 'sharp';
import { unitTitle } from '../../../lambdas/engines/process/unit-protocol.ts';
import { EngineFailed, NotHosted } from '../../../lambdas/engines/engine.ts';
import { PictureRefused } from '../../../lambdas/domain/verdict.ts';
import { colourGraph, colourManifest, manifest, picture } from '../../helpers/artifacts.ts';
import { openBench, until, type Bench } from '../../helpers/engine.ts';

let bench: Bench;
afterEach(() => bench.end());

describe('a hosted model', () => {
  test('judges pictures: score, confidence, areas and mask', async () => {
    bench = await openBench();
    const spec = bench.deployment('d1', colourGraph(), colourManifest, { min: 1 });
    await bench.engine.create(spec);
    await bench.engine.create(spec);
    await bench.ready(spec);
    expect(bench.pids.size).toBe(1);

    // Grey 51 is a score of 0.2, a confidence of 0.8 that it is normal.
    const grey = await bench.engine.detect(spec, await picture('#333333').png().toBuffer(), 'image/png');
    expect(grey).toMatchObject({
      isAnomalous: false,
      anomalies: [{ name: 'background', area: 1, color: '#FFFFFF' }],
    });
    expect(grey.confidence).toBeCloseTo(0.8);

    // A quarter in red, an eighth in blue, the rest white: (1/4 * 1/3 + 1/8 * 1/3 + 5/8) = 0.75.
    const marked = await picture('#ffffff', { colour: '#ff0000', left: 0, top: 0, width: 32, height: 32 })
      .png()
      .toBuffer();
    const blue = { create: { width: 16, height: 32, channels: 3, background: '#0000ff' } } as const;
    const both = await sharp(marked)
      .composite([{ input: blue, left: 48, top: 32 }])
      .png()
      .toBuffer();
    const verdict = await bench.engine.detect(spec, both, 'image/png');
    expect(verdict.isAnomalous).toBe(true);
    expect(verdict.confidence).toBeCloseTo(0.75);
    expect(verdict.anomalies).toEqual([
      { name: 'background', area: 0.625, color: '#FFFFFF' },
      { name: 'red', area: 0.25, color: '#Ff0000' },
      { name: 'blue', area: 0.125, color: '#0000ff' },
    ]);
    const mask = await sharp(verdict.mask).raw().toBuffer({ resolveWithObject: true });
    expect([mask.info.width, mask.info.height, mask.info.channels]).toEqual([64, 64, 3]);
    expect([...mask.data.subarray(0, 3)]).toEqual([255, 0, 0]);
    expect([...mask.data.subarray(-3)]).toEqual([0, 0, 255]);
  });

  test('says what is wrong with a picture and judges the next one', async () => {
    bench = await openBench();
    const spec = bench.deployment('d1', colourGraph(), manifest, { min: 1 });
    await bench.engine.create(spec);
    await bench.ready(spec);
    const large = await picture('#fff', undefined, 70).jpeg().toBuffer();
    await expect(bench.engine.detect(spec, large, 'image/jpeg')).rejects.toThrow(
      new PictureRefused('The picture is 70 x 70 pixels; this model judges pictures of 64 x 64.'),
    );
    await expect(bench.engine.detect(spec, large, 'image/png')).rejects.toThrow(PictureRefused);
    // No map was declared, so neither areas nor a mask are there, not even empty.
    const white = await bench.engine.detect(spec, await picture('#fff').jpeg().toBuffer(), 'image/jpeg');
    expect(Object.keys(white)).toEqual(['isAnomalous', 'confidence']);
    expect(bench.pids.size).toBe(1);
  });

  test('takes its input in the order and on the scale that it declares', async () => {
    const { Graph } = await import('../../../lambdas/vision/onnx/graph.ts');
    const graph = new Graph('planes');
    graph.input('image', 'float32', [1, 3, 'height', 'width']);
    // The last channel's mean alone: (byte / 255 - 0.2) / 2 of blue.
    const [, , blue] = graph.nodes('Split', ['image'], ['r', 'g', 'b'], { axis: 1 });
    graph.node('ReduceMean', [blue], { keepdims: 0 }, 'score');
    graph.output('score', 'float32', []);
    bench = await openBench();
    const input = {
      name: 'image',
      width: 32,
      height: 16,
      layout: 'NCHW',
      type: 'float32',
      scale: 1 / 255,
      mean: [0, 0, 0.2],
      std: [1, 1, 2],
    };
    const spec = bench.deployment('d1', graph.encode(), { ...manifest, input, threshold: 0.4 }, { min: 1 });
    await bench.engine.create(spec);
    await bench.ready(spec);
    // Blue 102: (0.4 - 0.2) / 2 = 0.1, a quarter of the threshold: 1 - 0.125.
    const verdict = await bench.engine.detect(spec, await picture('#ff0066').png().toBuffer(), 'image/png');
    expect(verdict.isAnomalous).toBe(false);
    expect(verdict.confidence).toBeCloseTo(0.875);
  });

  test("shows its processes under a name, with nothing of the host's environment", async () => {
    bench = await openBench();
    const spec = bench.deployment('d1', colourGraph(), manifest, { min: 1 });
    await bench.engine.create(spec);
    await bench.ready(spec);
    const [pid] = bench.pids;
    if (!readdirSync('/').includes('proc')) return;
    const command = readFileSync(`/proc/${pid ?? 0}/cmdline`, 'utf8').split('\0');
    expect(command).toContain(unitTitle);
    expect(command).toContain('parts/1');
    expect(readFileSync(`/proc/${pid ?? 0}/environ`, 'utf8')).not.toMatch(/PATH=|HOME=|AWS/);
  });
});

describe('news of a deployment', () => {
  test('come when its first unit is ready, and when it has failed', async () => {
    bench = await openBench();
    const good = bench.deployment('d1', colourGraph(), manifest, { min: 1 });
    const bad = bench.deployment(
      'd2',
      colourGraph(),
      { ...manifest, outputs: { score: 'nowhere' } },
      { min: 1 },
    );
    for (const spec of [good, bad]) {
      await bench.engine.create(spec);
      expect(await bench.engine.observe(spec)).toEqual({ state: 'creating' });
    }
    await bench.engine.news(good, 600_000);
    expect(await bench.engine.observe(good)).toMatchObject({ state: 'ready' });
    await bench.engine.news(bad, 600_000);
    expect(await bench.engine.observe(bad)).toMatchObject({ state: 'failed' });
    await bench.engine.news(good, 600_000); // it is not new, and still it is known
  });

  test('are not waited for longer than was said, whether there will be any or not', async () => {
    bench = await openBench();
    const spec = bench.deployment('d1', colourGraph(), manifest, { min: 1 });
    await bench.engine.create(spec);
    await bench.engine.news(spec, 1);
    expect(await bench.engine.observe(spec)).toEqual({ state: 'creating' });
    await bench.engine.news({ ...spec, id: 'unknown' }, 1);
  });
});

describe('removing', () => {
  test('ends the processes, then all is gone, and a create that arrives late brings nothing back', async () => {
    bench = await openBench();
    const spec = bench.deployment('d1', colourGraph(), manifest, { min: 1 });
    await bench.engine.create(spec);
    await bench.ready(spec);
    await bench.engine.remove(spec);
    await bench.engine.remove(spec);
    await expect(
      bench.engine.detect(spec, await picture('#fff').png().toBuffer(), 'image/png'),
    ).rejects.toThrow(NotHosted);
    await until(async () => (await bench.engine.observe(spec)).state === 'gone');
    expect(bench.pids.size).toBe(0);
    await bench.engine.create(spec);
    expect(await bench.engine.observe(spec)).toEqual({ state: 'gone', sealed: true });
    expect(bench.pids.size).toBe(0);
  });

  test('waits for the create before it, and keeps the one after it from doing anything', async () => {
    bench = await openBench();
    const spec = bench.deployment('d1', colourGraph(), manifest, { min: 2 });
    await Promise.all([bench.engine.create(spec), bench.engine.remove(spec), bench.engine.create(spec)]);
    await until(async () => (await bench.engine.observe(spec)).state === 'gone');
    expect(bench.pids.size).toBe(0);
  });

  test('lets the picture under way be judged', async () => {
    bench = await openBench();
    const spec = bench.deployment('d1', colourGraph(), manifest, { min: 1 });
    await bench.engine.create(spec);
    await bench.ready(spec);
    const underWay = bench.engine.detect(spec, await picture('#fff').png().toBuffer(), 'image/png');
    await bench.engine.remove(spec);
    expect(await bench.engine.observe(spec)).toEqual({ state: 'removing' });
    expect(await underWay).toMatchObject({ isAnomalous: true, confidence: 1 });
  });

  test('of what is unknown is success', async () => {
    bench = await openBench();
    const unknown = { id: 'never-made', model: { project: 'parts', version: '1' } };
    expect(await bench.engine.observe(unknown)).toEqual({ state: 'gone', sealed: true });
    await bench.engine.remove(unknown);
    await expect(bench.engine.scale(unknown, { min: 1, max: 2 })).rejects.toThrow(NotHosted);
    await expect(bench.engine.detect(unknown, new Uint8Array(1), 'image/png')).rejects.toThrow(NotHosted);
  });
});

describe('a model that will never serve', () => {
  test('is refused when its artifact is not there', async () => {
    bench = await openBench();
    const spec = {
      ...bench.deployment('d1', colourGraph(), manifest, { min: 1 }),
      artifact: { bucket: 'kept', prefix: 'elsewhere/' },
    };
    await expect(bench.engine.create(spec)).rejects.toThrow(
      new EngineFailed(
        "The model's artifact at s3://kept/elsewhere/ is incomplete. Import the model again as a new version.",
      ),
    );
  });

  test('fails at once when its artifact is not what it says', async () => {
    bench = await openBench();
    const spec = bench.deployment(
      'd1',
      colourGraph(),
      { ...manifest, outputs: { score: 'points' } },
      { min: 1 },
    );
    await bench.engine.create(spec);
    await until(async () => (await bench.engine.observe(spec)).state !== 'creating');
    expect(await bench.engine.observe(spec)).toEqual({
      state: 'failed',
      reason:
        'The model cannot be hosted: outputs.score is "points", but the graph\'s outputs are "score", "map". Export it again and import it as a new version.',
    });
    await bench.engine.remove(spec);
    await until(async () => (await bench.engine.observe(spec)).state === 'gone');
  });

  test('fails after some attempts when its units die before one was ready', async () => {
    bench = await openBench({ memory: 1024 * 1024, attempts: 2, backoff: 10 });
    const spec = bench.deployment('d1', colourGraph(), manifest, { min: 1 });
    await bench.engine.create(spec);
    await until(async () => (await bench.engine.observe(spec)).state !== 'creating');
    expect(await bench.engine.observe(spec)).toEqual({
      state: 'failed',
      reason:
        "The model's inference units ended 2 times before one was ready; " +
        'the last time it used more than 1 MB of memory. Free memory or import a smaller model, then start it again.',
    });
    await expect(
      bench.engine.detect(spec, await picture('#fff').png().toBuffer(), 'image/png'),
    ).rejects.toThrow(NotHosted);
  });
});
