import { expect, test } from '@jest/globals';
import sharp from 'sharp';
import { classify, segment } from '../../lambdas/vision/inference/verdict.ts';

test('a confidence belongs to the class stated: half at the threshold, whole at the ends, straight between', () => {
  expect(classify(0.8, 0.8)).toEqual({ isAnomalous: true, confidence: 0.5 });
  expect(classify(1, 0.8)).toEqual({ isAnomalous: true, confidence: 1 });
  expect(classify(0, 0.8)).toEqual({ isAnomalous: false, confidence: 1 });
  expect(classify(0.2, 0.8)).toEqual({ isAnomalous: false, confidence: 0.875 });
  expect(classify(0.9, 0.8).confidence).toBeCloseTo(0.75);
});

const classes = [
  { name: 'scratch', color: '#Ff0000' },
  { name: 'dent', color: '#0000ff' },
  { name: 'stain', color: '#00ff00' },
];

test('areas are fractions, the background first, classes not found left out, the greater value winning; the mask shows the same', async () => {
  // Two by two: scratch alone; scratch below the threshold; dent over scratch; nothing.
  const values = Float32Array.of(0.7, 0.4, 0.6, 0, /* dent */ 0.1, 0, 0.9, 0, /* stain */ 0, 0, 0, 0.49);
  const { anomalies, mask } = await segment({ width: 2, height: 2, values }, classes, 0.5, {
    width: 2,
    height: 2,
  });
  expect(anomalies).toEqual([
    { name: 'background', area: 0.5, color: '#FFFFFF' },
    { name: 'scratch', area: 0.25, color: '#Ff0000' },
    { name: 'dent', area: 0.25, color: '#0000ff' },
  ]);
  expect([...(await sharp(mask).raw().toBuffer())]).toEqual([
    255, 0, 0, 255, 255, 255, 0, 0, 255, 255, 255, 255,
  ]);
  // PNG header: 2 x 2, 8 bits, colour type 2.
  expect([...mask.subarray(16, 26)]).toEqual([0, 0, 0, 2, 0, 0, 0, 2, 8, 2]);
});

test('a map is stretched to the picture, with edges between its samples', async () => {
  const { anomalies, mask } = await segment(
    { width: 2, height: 1, values: Float32Array.of(1, 0) },
    classes.slice(0, 1),
    0.5,
    { width: 8, height: 4 },
  );
  expect(anomalies.map(({ area }) => area)).toEqual([0.5, 0.5]);
  const row = [...(await sharp(mask).raw().toBuffer()).subarray(0, 24)];
  expect(row).toEqual([255, 0, 0, 255, 0, 0, 255, 0, 0, 255, 0, 0, ...new Array<number>(12).fill(255)]);
});

test('a map that shows nothing is all background, on a white mask', async () => {
  const { anomalies, mask } = await segment(
    { width: 1, height: 1, values: Float32Array.of(0.4) },
    classes.slice(0, 1),
    0.5,
    { width: 70, height: 65 },
  );
  expect(anomalies).toEqual([{ name: 'background', area: 1, color: '#FFFFFF' }]);
  const { data, info } = await sharp(mask).raw().toBuffer({ resolveWithObject: true });
  expect([info.width, info.height, info.channels, data.every((byte) => byte === 255)]).toEqual([
    70,
    65,
    3,
    true,
  ]);
});
