/** @jest-environment ./test/helpers/native-arrays.cjs */
import { describe, expect, test } from '@jest/globals';
import * as ort from 'onnxruntime-node';
import { chooseBoundaries, evaluateMaps, readMap } from '../../lambdas/vision/fitting/boundary.ts';
import type { View } from '../../lambdas/vision/features/extract.ts';
import { appendMap, appendPatchHead, type PatchHead } from '../../lambdas/vision/heads/heads.ts';
import { float32, Graph } from '../../lambdas/vision/onnx/graph.ts';
import { balanceOf } from '../../lambdas/vision/heads/patch.ts';
import { patchWeights } from '../../lambdas/vision/heads/patch-step.ts';
import { createRandom } from '../../lambdas/vision/fitting/random.ts';

const grid = { rows: 4, columns: 5 };
const patches = grid.rows * grid.columns;
const shape = { channels: 3, hidden: 2, classes: 2 };

const aHead = (seed: number): PatchHead => {
  const random = createRandom(seed);
  return Object.fromEntries(
    patchWeights(shape).map(({ name, shape: axes }) => [
      name,
      {
        shape: axes,
        data: Float32Array.from({ length: axes.reduce((size, axis) => size * axis, 1) }, () =>
          random.normal(),
        ),
      },
    ]),
  );
};
const features = Float32Array.from({ length: patches * shape.channels }, (_, at) => Math.sin(at));

async function run(members: readonly PatchHead[]): Promise<{ logits: number[]; score: number }> {
  const graph = new Graph('head');
  const { logits, score } = appendPatchHead(
    graph,
    graph.constant('maps', float32([1, shape.channels, grid.rows, grid.columns], features)),
    members,
    2,
    grid,
  );
  graph.output(logits, 'float32', [1, 2, grid.rows, grid.columns]);
  graph.output(score, 'float32', [1]);
  const result = await (await ort.InferenceSession.create(graph.encode())).run({});
  return {
    logits: Array.from(result[logits]?.data as Float32Array),
    score: (result[score]?.data as Float32Array)[0] ?? Number.NaN,
  };
}

/** The same by plain loops. Values are by [patch][unit]. */
function byHand(head: PatchHead): number[][] {
  const value = (name: string, at: number): number => head[name]?.data[at] ?? Number.NaN;
  const mean = (maps: number[][], apart: number): number[][] =>
    maps.map((_, patch) =>
      Array.from({ length: shape.hidden }, (__, unit) => {
        let sum = 0;
        for (const down of [-apart, 0, apart]) {
          for (const across of [-apart, 0, apart]) {
            const [row, column] = [Math.floor(patch / grid.columns) + down, (patch % grid.columns) + across];
            if (row >= 0 && row < grid.rows && column >= 0 && column < grid.columns)
              sum += maps[row * grid.columns + column]?.[unit] ?? 0;
          }
        }
        return sum / 9;
      }),
    );
  const layer = (inputs: number[][], number: number, outs: number): number[][] =>
    inputs.map((input) =>
      Array.from({ length: outs }, (_, out) =>
        input.reduce(
          (sum, each, at) => sum + each * value(`w${number}`, at * outs + out),
          value(`b${number}`, out),
        ),
      ),
    );
  const active = (lines: number[][]): number[][] =>
    lines.map((line) => line.map((each) => Math.max(0, each)));
  const first = active(
    layer(
      Array.from({ length: patches }, (_, patch) =>
        Array.from({ length: shape.channels }, (__, channel) => features[channel * patches + patch] ?? 0),
      ),
      1,
      2,
    ),
  );
  const near = mean(first, 1);
  const wider = mean(near, 3);
  const widest = mean(wider, 9);
  return layer(
    active(
      layer(
        first.map((own, patch) =>
          [own, near, wider, widest].flatMap((maps, at) =>
            at === 0 ? own : ((maps as number[][])[patch] ?? []),
          ),
        ),
        2,
        2,
      ),
    ),
    3,
    2,
  );
}

describe('the patch head in a graph', () => {
  test('joins each patch with the means around it', async () => {
    const expected = byHand(aHead(1));
    const { logits, score } = await run([aHead(1)]);
    expected.forEach((line, patch) =>
      line.forEach((logit, index) => expect(logits[index * patches + patch]).toBeCloseTo(logit, 4)),
    );
    const any = expected
      .map((line) => Math.log(line.reduce((sum, logit) => sum + Math.exp(logit), 0)))
      .sort((a, b) => b - a);
    expect(score).toBeCloseTo(((any[0] ?? 0) + (any[1] ?? 0)) / 2, 4);
  });

  test('is the mean of its members', async () => {
    const [one, other, both] = await Promise.all([
      run([aHead(1)]),
      run([aHead(2)]),
      run([aHead(1), aHead(2)]),
    ]);
    both.logits.forEach((logit, at) =>
      expect(logit).toBeCloseTo(((one.logits[at] ?? 0) + (other.logits[at] ?? 0)) / 2, 4),
    );
    expect(both.score).toBeCloseTo((one.score + other.score) / 2, 4);
  });
});

describe('the map', () => {
  const logits = [9, -9, 1, -9, -9, 9, -9, 3]; // of two classes on four patches
  const small = { rows: 2, columns: 2 };
  const map = async (score: number, boundaries: readonly number[]): Promise<number[]> => {
    const graph = new Graph('map');
    const made = appendMap(
      graph,
      graph.constant('logits', float32([1, 2, 2, 2], logits)),
      graph.constant('score', float32([1], [score])),
      boundaries,
      small,
    );
    graph.output(made, 'float32', [1, 2, 2, 2]);
    return Array.from(
      (await (await ort.InferenceSession.create(graph.encode())).run({}))[made]?.data as Float32Array,
    );
  };

  test('of a picture that is called normal shows nothing, however sure its patches are', async () => {
    expect(Math.max(...(await map(0.4999, [0, 0])))).toBeLessThan(0.5);
    expect((await map(0.5, [0, 0])).map((value) => value >= 0.5)).toEqual([
      true,
      false,
      true,
      false,
      false,
      true,
      false,
      true,
    ]);
    expect([...readMap({ logits: Float32Array.from(logits), score: 0.4999 }, [0, 0])]).toEqual([0, 0, 0, 0]);
  });

  test('has a boundary for each type, and is read as it is computed', async () => {
    expect((await map(0.5, [2, 4])).map((value) => value >= 0.5)).toEqual([
      true,
      false,
      false,
      false,
      false,
      true,
      false,
      false,
    ]);
    expect([...readMap({ logits: Float32Array.from(logits), score: 0.5 }, [2, 4])]).toEqual([1, 2, 0, 0]);
  });

  test('gets the boundary of each type that fits what heads make of pictures they have not seen', () => {
    // The first type's patches lie above 2, the second's above -3; what lies below is background.
    const unseen = {
      truth: Uint8Array.of(1, 0, 2, 0),
      logits: Float32Array.of(3, 1.2, -9, -9, -9, -9, -2, -4.2),
      score: 1,
    };
    const boundaries = chooseBoundaries([unseen], 2);
    expect(evaluateMaps([unseen], boundaries, ['a', 'b']).map(({ iou }) => iou)).toEqual([1, 1]);
    expect(
      evaluateMaps([unseen], [boundaries[0] ?? 0, boundaries[0] ?? 0], ['a', 'b']).map(({ iou }) => iou),
    ).toEqual([1, 0]);
  });
});

test('a type with few patches counts more than a usual one, within bounds', () => {
  const view = (kinds: number[]): View => ({
    features: new Uint8Array(),
    patches: {
      kinds: Uint8Array.from(kinds),
      shares: Float32Array.from(kinds, (kind) => (kind > 0 ? 1 : 0)),
    },
  });
  const many = view([...new Array<number>(400).fill(1), ...new Array<number>(100).fill(2), 3, 0, 0]);
  expect(balanceOf([many], 4)).toEqual([1, 1, 2, 8, 1]);
});
