import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import sharp from 'sharp';
import { defectColours } from '../../../lambdas/local/samples/part.ts';
import { writeDataset } from '../../../lambdas/local/samples/dataset.ts';
import { writeSamples, type SampleSet } from '../../../lambdas/local/samples/write-samples.ts';
import type { DeploymentSpec } from '../../../lambdas/engines/engine.ts';
import type { Verdict } from '../../../lambdas/domain/verdict.ts';
import { parseEntry } from '../../../lambdas/domain/manifest.ts';
import { MemoryObjects } from '../../helpers/artifacts.ts';
import { openBench, type Bench } from '../../helpers/engine.ts';

let bench: Bench;
let samples: SampleSet;
let spec: DeploymentSpec;
beforeAll(async () => {
  bench = await openBench();
  samples = await writeSamples(bench.objects, { now: () => Date.UTC(2026, 0, 31, 12) });
  const { bucket, prefix } = samples.model;
  const admission = await bench.engine.admit({
    v: 1,
    project: 'samples',
    version: '1',
    createdAt: 0,
    status: 'TRAINING',
    statusMessage: '',
    source: { S3: { Bucket: bucket, Prefix: prefix } },
    operation: { id: 'op1', attempt: 1, kind: 'import', actor: 'me', at: 0, deadline: 0 },
  });
  if (admission.admitted !== true) throw new Error(JSON.stringify(admission));
  expect(admission.evaluation).toEqual({ ...samples.figures, evaluatedAt: Date.UTC(2026, 0, 31, 12) });
  spec = {
    id: 'd1',
    model: { project: 'samples', version: '1' },
    units: { min: 1 },
    source: {},
    artifact: admission.artifact,
  };
  await bench.engine.create(spec);
  await bench.ready(spec);
});
afterAll(() => bench.end());

const jpeg = async (key: string): Promise<Uint8Array> =>
  (await bench.objects.read({ bucket: 'crowsnest-samples', key })) ?? new Uint8Array();
const judge = async (key: string): Promise<Verdict> =>
  bench.engine.detect(spec, await jpeg(key), 'image/jpeg');

describe('the samples', () => {
  test('are three sets of different pictures, labelled by their paths', async () => {
    expect(samples.train.normal).toHaveLength(16);
    expect(samples.test.normal).toHaveLength(6);
    expect(samples.test.anomaly).toHaveLength(8);
    expect(samples.train.normal[0]).toBe('parts/train/normal/01.jpg');
    expect(samples.test.anomaly[2]).toBe('parts/test/anomaly/03-stain.jpg');
    const keys = [samples.train, samples.evaluation, samples.test].flatMap(({ normal, anomaly }) => [
      ...normal,
      ...anomaly,
    ]);
    const hashes = await Promise.all(
      keys.map(async (key) =>
        createHash('sha256')
          .update(await jpeg(key))
          .digest('hex'),
      ),
    );
    expect(new Set(hashes).size).toBe(48);
    expect(await sharp(await jpeg(samples.test.normal[0] ?? '')).metadata()).toMatchObject({
      width: 256,
      height: 256,
      format: 'jpeg',
      channels: 3,
    });
  });

  test('come with a model that finds the good parts of the test set good, and clean', async () => {
    for (const key of samples.test.normal) {
      const verdict = await judge(key);
      expect({ key, ...verdict }).toMatchObject({
        key,
        isAnomalous: false,
        anomalies: [{ name: 'background', area: 1 }],
      });
      expect(verdict.confidence).toBeGreaterThan(0.8);
    }
  });

  test('and the defective ones defective, and shows where', async () => {
    for (const key of samples.test.anomaly) {
      const verdict = await judge(key);
      expect({ key, ...verdict }).toMatchObject({
        key,
        isAnomalous: true,
        anomalies: [{ name: 'background' }, { name: 'defect', color: '#D13212' }],
      });
      expect(verdict.confidence).toBeGreaterThan(0.6);
    }
    // The stains lie below the middle, between the lower holes.
    const { mask } = await judge('parts/test/anomaly/03-stain.jpg');
    const pixels = await sharp(mask).raw().toBuffer();
    const rows = Array.from({ length: 256 }, (_, y) => y).filter((y) =>
      pixels.subarray(y * 768, (y + 1) * 768).includes(0x32),
    );
    expect(Math.min(...rows)).toBeGreaterThan(170);
    expect(Math.max(...rows)).toBeLessThan(222);
  });
});

describe('the dataset', () => {
  test('has twenty pictures of good parts and of each kind of defect, and masks that show the defect and nothing else', async () => {
    const objects = new MemoryObjects();
    const { bucket, manifest, images, unseen } = await writeDataset(objects);
    expect(images).toEqual({ normal: 20, anomaly: 40 });
    const text = Buffer.from((await objects.read({ bucket, key: manifest })) ?? '').toString();
    const entries = text
      .trim()
      .split('\n')
      .map((line) => parseEntry(line));
    const kinds = entries.map(
      (entry) => entry?.mask?.classes.map(({ name }) => name).join() ?? entry?.label ?? 'unlabelled',
    );
    expect(kinds).toEqual([
      ...Array<string>(20).fill('normal'),
      ...Array<string>(20).fill('scratch'),
      ...Array<string>(20).fill('stain'),
    ]);
    for (const entry of entries) {
      expect(
        await sharp(objects.objects.get(entry?.sourceRef.slice('s3://'.length) ?? '')).metadata(),
      ).toMatchObject({ width: 256, height: 256, format: 'jpeg' });
      if (entry?.mask === undefined) continue;
      const mask = objects.objects.get(entry.mask.ref.slice('s3://'.length));
      const { data, info } = await sharp(mask).raw().toBuffer({ resolveWithObject: true });
      const colours: Record<string, number> = {};
      for (let at = 0; at < data.length; at += 3) {
        const colour = `#${data
          .subarray(at, at + 3)
          .toString('hex')
          .toUpperCase()}`;
        colours[colour] = (colours[colour] ?? 0) + 1;
      }
      const [{ name, color }] = entry.mask.classes as [{ name: 'scratch' | 'stain'; color: string }];
      expect(color).toBe(defectColours[name]);
      expect({ width: info.width, height: info.height, colours: Object.keys(colours).sort() }).toEqual({
        width: 256,
        height: 256,
        colours: [color, '#FFFFFF'].sort(),
      });
      expect((colours[color] ?? 0) / 65_536).toBeGreaterThan(0.001);
      expect((colours[color] ?? 0) / 65_536).toBeLessThan(0.03);
    }
    for (const key of Object.values(unseen)) expect(text).not.toContain(key);
    expect([...objects.objects.keys()].filter((path) => path.includes('/unseen/'))).toHaveLength(3);
  });

  test('is the same every time', async () => {
    const [first, second] = [new MemoryObjects(), new MemoryObjects()];
    expect(await writeDataset(first)).toEqual(await writeDataset(second));
    expect([...first.objects.keys()]).toEqual([...second.objects.keys()]);
    for (const [path, bytes] of first.objects)
      expect(Buffer.compare(bytes, second.objects.get(path) ?? new Uint8Array())).toBe(0);
  });
});
