/** @jest-environment ./test/helpers/native-arrays.cjs */
import { describe, expect, test } from '@jest/globals';
import * as ort from 'onnxruntime-node';
import { areAligned } from '../../lambdas/vision/fitting/alignment.ts';
import { createRandom } from '../../lambdas/vision/fitting/random.ts';
import { appendMaps, appendNovelty, appendStack } from '../../lambdas/vision/heads/heads.ts';
import { fitBank, fitPlaces, sumPlaces, type Novelty } from '../../lambdas/vision/heads/novelty.ts';
import { appendDequantised } from '../../lambdas/vision/heads/patch-step.ts';
import { noveltyAlone, stackScore } from '../../lambdas/vision/heads/stack.ts';
import { float32, Graph } from '../../lambdas/vision/onnx/graph.ts';

const grid = { rows: 10, columns: 12 };
const patches = grid.rows * grid.columns;
const channels = 6;

/** Features of a picture: `value` says what is where, and there is noise. */
function features(seed: number, value: (patch: number, channel: number) => number): Uint8Array {
  const random = createRandom(seed);
  return Uint8Array.from(
    { length: patches * channels },
    (_, at) => 128 + 40 * value(Math.floor(at / channels), at % channels) + 3 * random.normal(),
  );
}
/** Every place has something of its own, always the same. */
const aligned = Array.from({ length: 16 }, (_, at) =>
  features(at, (patch, channel) => Math.sin(patch * (1.3 + channel))),
);
/** Ten things in a row, which begins elsewhere in each picture. */
const loose = Array.from({ length: 16 }, (_, at) =>
  features(at, (patch, channel) => Math.sin(((patch + 3 * at) % 10) * (1.3 + channel))),
);

async function scoreOf(head: Novelty, picture: Uint8Array): Promise<number> {
  const graph = new Graph('test');
  const rows = appendDequantised(graph, graph.input('features', 'uint8', [patches, channels]));
  const score = appendNovelty(graph, appendMaps(graph, rows, channels, grid), head, channels, grid);
  graph.output(score, 'float32', [1]);
  const session = await ort.InferenceSession.create(graph.encode());
  const result = await session.run({ features: new ort.Tensor('uint8', picture, [patches, channels]) });
  return (result[score]?.data as Float32Array)[0] ?? Number.NaN;
}

const bankOf = (pictures: readonly Uint8Array[]) => fitBank(pictures, channels, grid, createRandom(1));
const placesOf = (pictures: readonly Uint8Array[]) =>
  fitPlaces([sumPlaces(pictures, channels, grid)], channels);

describe('the novelty head', () => {
  test('by places knows a normal patch in the wrong place, and the bank does not', async () => {
    const [fit, other] = [aligned.slice(0, 12), aligned[13] ?? new Uint8Array()];
    const swapped = Uint8Array.from(other);
    // Four rows of patches come from elsewhere in the same picture: every one of them is a normal patch.
    swapped.copyWithin(0, 4 * grid.columns * channels, 8 * grid.columns * channels);
    const places = placesOf(fit);
    const ratio = async (head: Novelty): Promise<number> =>
      (await scoreOf(head, swapped)) / (await scoreOf(head, other));
    const byPlaces = await ratio(places);
    expect(byPlaces).toBeGreaterThan(3);
    // It sees the seams alone.
    expect(await ratio(bankOf(fit))).toBeLessThan(byPlaces / 2);
  });

  test('sums of parts are the sums of all', () => {
    const all = placesOf(aligned);
    const parts = fitPlaces(
      [sumPlaces(aligned.slice(0, 5), channels, grid), sumPlaces(aligned.slice(5), channels, grid)],
      channels,
    );
    // Sums are rounded, and so are bytes.
    for (const name of ['mean', 'scale'] as const)
      expect(
        Math.max(...Array.from(parts[name], (byte, at) => Math.abs(byte - (all[name][at] ?? 0)))),
      ).toBeLessThan(2);
  });

  test('is measured in deviations: a normal picture is about one of them from normal', async () => {
    const score = await scoreOf(placesOf(aligned.slice(0, 12)), aligned[14] ?? new Uint8Array());
    expect(score).toBeGreaterThan(0.5);
    expect(score).toBeLessThan(3);
  });
});

test('places are trusted where parts lie alike, and not where they lie anyhow; no label is asked', async () => {
  const halvesOf = (pictures: readonly Uint8Array[]) =>
    [0, 1].map((half) => {
      const learnt = pictures.filter((_, at) => at % 2 === half);
      return {
        bank: bankOf(learnt),
        places: placesOf(learnt),
        held: pictures.filter((_, at) => at % 2 !== half),
      };
    });
  expect(await areAligned(halvesOf(aligned), channels, grid, createRandom(2))).toBe(true);
  expect(await areAligned(halvesOf(loose), channels, grid, createRandom(2))).toBe(false);
});

test('a picture that is farther from normal than any normal one is an anomaly, whatever others say', async () => {
  const alone = noveltyAlone([1, 1.2, 1.4, 1.6, 1.1, 1.3, 1.5, 1.2, 1.4, 1.3]);
  expect(alone.threshold).toBeGreaterThan(1.6);
  expect(
    noveltyAlone(new Array<number>(100).fill(0).map((_, at) => 1 + (at % 7) / 10)).threshold,
  ).toBeLessThan(1.63);
  const stack = { weights: [1, 1], bias: -2, alone };
  const graph = new Graph('stack');
  const score = appendStack(graph, graph.input('scores', 'float32', [2]), stack);
  graph.output(score, 'float32', [1]);
  const session = await ort.InferenceSession.create(graph.encode());
  for (const [scores, isAnomalous] of [
    [[3, -100], true],
    [[1.5, -100], false],
    [[1.5, 2], true],
  ] as const) {
    const result = await session.run({ scores: new ort.Tensor('float32', float32([2], scores).data, [2]) });
    const given = (result[score]?.data as Float32Array)[0] ?? Number.NaN;
    expect(given).toBeCloseTo(stackScore(stack, scores), 5);
    expect(given >= 0.5).toBe(isAnomalous);
  }
});
