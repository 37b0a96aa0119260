import { expect, test } from '@jest/globals';
import { learn, seedOf } from '../../../lambdas/engines/training/learn.ts';
import { MemoryObjects } from '../../helpers/artifacts.ts';
import { plates } from '../../vision/pictures-made.ts';

const dataset = (folder: string, names: readonly string[], anomalies = 1) =>
  names.map((name, at) => ({
    source: `${folder}${name}`,
    label: at < anomalies ? ('anomaly' as const) : ('normal' as const),
  }));
const names = ['1.png', '2.png', '3.png'];

test('a dataset that was copied elsewhere gives the same seed; other pictures or labels give another', () => {
  const seed = seedOf(dataset('s3://first/line-a/', names));
  expect(seedOf(dataset('s3://second/copies/of/line-a/', names))).toBe(seed);
  expect(seedOf(dataset('s3://first/line-a/', ['1.png', '2.png', '4.png']))).not.toBe(seed);
  expect(seedOf(dataset('s3://first/line-a/', names, 2))).not.toBe(seed);
});

/** Trains on pictures that lie below `prefix` in `bucket`. @returns the bytes of the graph */
async function modelOf(bucket: string, prefix: string): Promise<Uint8Array | undefined> {
  const objects = new MemoryObjects();
  const put = async (count: readonly [number, number], seed: number, key: string) => {
    const lines: string[] = [];
    for (const picture of plates(count[0], count[1], 0, seed, { side: 64 })) {
      await objects.write({ bucket, key: `${prefix}${picture.id}` }, await picture.load());
      const source = `s3://${bucket}/${prefix}${picture.id}`;
      lines.push(JSON.stringify({ source, label: picture.label, line: {} }));
    }
    await objects.write({ bucket: 'work', key }, Buffer.from(lines.join('\n')));
    return { bucket: 'work', key };
  };
  await learn(
    {
      id: 'op-1',
      model: { project: 'plates', version: '1', createdAt: 1 },
      examples: { train: await put([6, 4], 1, 'train.jsonl'), test: await put([3, 3], 2, 'test.jsonl') },
      workspace: { bucket: 'work', prefix: 'out/' },
      segmentation: false,
    },
    {
      objects,
      clock: { now: () => 5 },
      runner: {},
      progress: () => undefined,
      signal: new AbortController().signal,
    },
  );
  return objects.read({ bucket: 'work', key: 'out/model.onnx' });
}

test('the same pictures in another bucket and folder give the same model, byte by byte', async () => {
  const here = await modelOf('first', 'line-a/');
  const there = await modelOf('second', 'copies/of/line-a/');
  expect(here?.length).toBeGreaterThan(10_000);
  expect(Buffer.from(there ?? []).equals(Buffer.from(here ?? []))).toBe(true);
}, 120_000);
