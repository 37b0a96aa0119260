import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import sharp from 'sharp';
import { writeSamples, type SampleSet } from '../../../lambdas/local/samples/write-samples.ts';
import type { DeploymentSpec, Verdict } from '../../../lambdas/hosting/engine.ts';
import { openBench, type Bench } from '../../helpers/engine.ts';

let bench: Bench;
let samples: SampleSet;
let spec: DeploymentSpec;
beforeAll(async () => {
  bench = await openBench();
  samples = await writeSamples(bench.objects, { now: () => Date.UTC(2026, 0, 31, 12) });
  const { bucket, prefix } = samples.model;
  const admission = await bench.engine.admit({
    v: 1, project: 'samples', version: '1', createdAt: 0, status: 'TRAINING', statusMessage: '', source: { S3: { Bucket: bucket, Prefix: prefix } },
    operation: { id: 'op1', attempt: 1, kind: 'import', actor: 'me', at: 0, deadline: 0 },
  });
  if (admission.admitted !== true) throw new Error(JSON.stringify(admission));
  expect(admission.evaluation).toEqual({ ...samples.figures, evaluatedAt: Date.UTC(2026, 0, 31, 12) });
  spec = { id: 'd1', model: { project: 'samples', version: '1' }, units: { min: 1 }, source: {}, artifact: admission.artifact };
  await bench.engine.create(spec);
  await bench.ready(spec);
});
afterAll(() => bench.end());

const jpeg = async (key: string): Promise<Uint8Array> => await bench.objects.read({ bucket: 'crowsnest-samples', key }) ?? new Uint8Array();
const judge = async (key: string): Promise<Verdict> => bench.engine.detect(spec, await jpeg(key), 'image/jpeg');

describe('the samples', () => {
  test('are three sets of different pictures, labelled by their paths', async () => {
    expect(samples.train.normal).toHaveLength(16);
    expect(samples.test.normal).toHaveLength(6);
    expect(samples.test.anomaly).toHaveLength(8);
    expect(samples.train.normal[0]).toBe('parts/train/normal/01.jpg');
    expect(samples.test.anomaly[2]).toBe('parts/test/anomaly/03-stain.jpg');
    const keys = [samples.train, samples.evaluation, samples.test].flatMap(({ normal, anomaly }) => [...normal, ...anomaly]);
    const hashes = await Promise.all(keys.map(async (key) => createHash('sha256').update(await jpeg(key)).digest('hex')));
    expect(new Set(hashes).size).toBe(48);
    expect(await sharp(await jpeg(samples.test.normal[0] ?? '')).metadata()).toMatchObject({ width: 256, height: 256, format: 'jpeg', channels: 3 });
  });

  test('come with a model that finds the good parts of the test set good, and clean', async () => {
    for (const key of samples.test.normal) {
      const verdict = await judge(key);
      expect({ key, ...verdict }).toMatchObject({ key, isAnomalous: false, anomalies: [{ name: 'background', area: 1 }] });
      expect(verdict.confidence).toBeGreaterThan(0.8);
    }
  });

  test('and the defective ones defective, and shows where', async () => {
    for (const key of samples.test.anomaly) {
      const verdict = await judge(key);
      expect({ key, ...verdict }).toMatchObject({ key, isAnomalous: true, anomalies: [{ name: 'background' }, { name: 'defect', color: '#D13212' }] });
      expect(verdict.confidence).toBeGreaterThan(0.6);
    }
    // The stains lie below the middle, between the lower holes.
    const { mask } = await judge('parts/test/anomaly/03-stain.jpg');
    const pixels = await sharp(mask).raw().toBuffer();
    const rows = Array.from({ length: 256 }, (_, y) => y).filter((y) => pixels.subarray(y * 768, (y + 1) * 768).includes(0x32));
    expect(Math.min(...rows)).toBeGreaterThan(170);
    expect(Math.max(...rows)).toBeLessThan(222);
  });
});
