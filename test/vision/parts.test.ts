/** @jest-environment ./test/helpers/native-arrays.cjs */
import { describe, expect, test } from '@jest/globals';
import * as ort from 'onnxruntime-node';
import sharp from 'sharp';
import { evaluateClasses } from '../../lambdas/vision/evaluation/evaluate.ts';
import { evaluate } from '../../lambdas/vision/evaluation/figures.ts';
import { MaskUnusable, TooFewPictures, TrainingFailed } from '../../lambdas/vision/fitting/failures.ts';
import { deal, thin } from '../../lambdas/vision/fitting/folds.ts';
import { topPatches } from '../../lambdas/vision/heads/heads.ts';
import { decided, listClasses, mirrored, readMask } from '../../lambdas/vision/pictures/masks.ts';
import { pickCentres } from '../../lambdas/vision/heads/novelty.ts';
import { modelSize } from '../../lambdas/vision/pictures/training-pictures.ts';
import { momenta, patchWeights, writeStep, type StepShape } from '../../lambdas/vision/heads/patch-step.ts';
import { firstWeights, schedule } from '../../lambdas/vision/heads/patch.ts';
import { minimums, planEffort, split } from '../../lambdas/vision/fitting/plan.ts';
import { fitPooled, fitScaling, scorePooled } from '../../lambdas/vision/features/pooled.ts';
import { createRandom } from '../../lambdas/vision/fitting/random.ts';
import { bestThreshold, fitStack, noveltyStack, stackScore } from '../../lambdas/vision/heads/stack.ts';

describe('the training step of the patch head', () => {
  const shape: StepShape = {
    channels: 3,
    hidden: 4,
    classes: 2,
    pictures: 2,
    grid: { rows: 2, columns: 3 },
    top: 2,
    decay: 0,
  };
  const patches = 6;
  const rows = shape.pictures * patches;
  const tensor = (values: ArrayLike<number>, dims: number[]) =>
    new ort.Tensor('float32', Float32Array.from(values), dims);
  const feeds = () => {
    const random = createRandom(3);
    const kinds = Array.from({ length: rows }, (_, row) => (row < patches ? 0 : row % 3));
    return {
      features: new ort.Tensor(
        'uint8',
        Uint8Array.from({ length: rows * 3 }, () => 108 + random.below(40)),
        [rows, 3],
      ),
      target: tensor(
        kinds.flatMap((kind) => [0, 1, 2].map((index) => (index === kind ? 1 : 0))),
        [rows, 3],
      ),
      weight: tensor(
        kinds.map((_, row) => (1 + row) / 50),
        [rows, 1],
      ),
      label: tensor([0, 1], [2, 1]),
      labelWeight: tensor([0.3, 0.7], [2, 1]),
      ...schedule(0.01, 1),
    };
  };

  test('has the gradient that finite differences of its loss show', async () => {
    const session = await ort.InferenceSession.create(writeStep(shape), { intraOpNumThreads: 1 });
    const random = createRandom(5);
    // Biases of zero would put rows without any active unit exactly on the rectifier's kink, where there is
    // no gradient to compare with.
    const state = Object.fromEntries(
      Object.entries(firstWeights(shape, random)).map(([name, value]) => [
        name,
        /^b\d$/.test(name)
          ? tensor(
              Array.from(value.data as Float32Array, () => 0.3 + 0.1 * random.normal()),
              [...value.dims],
            )
          : value,
      ]),
    );
    const lossOf = async (weights: Record<string, ort.Tensor>) =>
      ((await session.run({ ...feeds(), ...weights }))['loss']?.data as Float32Array)[0] ?? Number.NaN;
    const result = await session.run({ ...feeds(), ...state });
    for (const { name, shape: axes } of patchWeights(shape)) {
      const values = Float32Array.from(state[name]?.data as Float32Array);
      // From momenta of zero, the first momentum is the gradient in a known proportion.
      const gradient = Float32Array.from(
        result[`${name}.m.next`]?.data as Float32Array,
        (value) => value / (1 - momenta.first),
      );
      for (let at = 0; at < values.length; at++) {
        const [up, down] = await Promise.all(
          [1, -1].map((sign) =>
            lossOf({
              ...state,
              [name]: tensor(
                values.map((value, index) => (index === at ? value + sign * 2e-3 : value)),
                [...axes],
              ),
            }),
          ),
        );
        expect(Math.abs(((up ?? 0) - (down ?? 0)) / 4e-3 - (gradient[at] ?? 0))).toBeLessThan(2e-3);
      }
      expect(gradient.some((value) => Math.abs(value) > 0.01)).toBe(true);
    }
  });

  test('lowers the loss, step by step', async () => {
    const session = await ort.InferenceSession.create(writeStep(shape), { intraOpNumThreads: 1 });
    let state = firstWeights(shape, createRandom(5));
    const losses: number[] = [];
    for (let step = 1; step <= 60; step++) {
      const result = await session.run({ ...feeds(), ...state, ...schedule(0.01, step) });
      losses.push((result['loss']?.data as Float32Array)[0] ?? Number.NaN);
      state = Object.fromEntries(
        Object.keys(state).map((name) => [name, result[`${name}.next`] as ort.Tensor]),
      );
    }
    expect(losses.at(-1)).toBeLessThan((losses[0] ?? 0) * 0.8);
  });
});

describe('k-centre', () => {
  test('takes the farthest row next, and no row that repeats one taken', () => {
    const rows = Uint8Array.from([10, 10, 10, 10, 200, 10, 11, 10, 10, 250]);
    const picked = pickCentres(rows, 2, 5, { next: () => 0, below: () => 0, normal: () => 0 });
    expect(picked).toEqual([0, 4, 2, 3]);
  });
});

describe('the stack', () => {
  test('never turns a head against itself, however much the labels ask for it', () => {
    const labels = [false, false, false, true, true, true];
    const stack = fitStack(
      labels.map((isAnomaly, at) => [isAnomaly ? 2 + at / 10 : at / 10, isAnomaly ? -5 : 5, at % 2]),
      labels,
    );
    expect(stack.weights[0]).toBeGreaterThan(0);
    expect(stack.weights.every((weight) => weight >= 0)).toBe(true);
    expect(stack.weights[1]).toBe(0);
  });

  test('puts its boundary where F1 is greatest, in the middle of the gap', () => {
    expect(bestThreshold([1, 2, 3, 7, 8], [false, false, false, true, true])).toBe(5);
    expect(bestThreshold([1, 6, 3, 7, 8], [false, false, true, true, true])).toBe(2);
  });

  test('without anomalies lets 95 % of the normal pictures pass', () => {
    const normals = Array.from({ length: 101 }, (_, at) => at);
    const stack = noveltyStack(normals, 1);
    expect(stackScore(stack, [95])).toBeCloseTo(0.5, 9);
    expect(stackScore(stack, [96])).toBeGreaterThan(0.5);
  });
});

test('the pooled head separates what a column separates, and ignores a column that never changes', () => {
  const vectors = [0, 1, 2, 10, 11].map((value) => Float32Array.of(value, 7));
  const labels = [false, false, false, true, true];
  const head = fitPooled(vectors, labels, fitScaling(vectors));
  expect(vectors.map((vector) => scorePooled(head, vector) > 0)).toEqual(labels);
  expect(head.weights[1]).toBe(0);
  expect(scorePooled(head, Float32Array.of(5.5, 1000))).toBe(scorePooled(head, Float32Array.of(5.5, 7)));
});

describe('figures', () => {
  test('of pictures', () => {
    expect(evaluate([0.9, 0.6, 0.4, 0.1], [true, false, true, false])).toEqual({
      rocAuc: 0.75,
      averagePrecision: (1 + 2 / 3) / 2,
      precision: 0.5,
      recall: 0.5,
      f1Score: 0.5,
    });
    expect(evaluate([0.2], [false])).toEqual({
      rocAuc: 0,
      averagePrecision: 0,
      precision: 0,
      recall: 0,
      f1Score: 0,
    });
  });

  test('of classes, over all patches together', () => {
    const pairs = [
      { truth: Uint8Array.of(1, 1, 2, 0), found: Uint8Array.of(1, 2, 2, 0) },
      { truth: Uint8Array.of(0, 0, 0, 0), found: Uint8Array.of(1, 0, 0, 0) },
    ];
    expect(evaluateClasses(pairs, ['bent', 'torn'])).toEqual([
      { className: 'bent', precision: 0.5, recall: 0.5, f1Score: 0.5, iou: 1 / 3 },
      { className: 'torn', precision: 0.5, recall: 1, f1Score: 2 / 3, iou: 0.5 },
    ]);
  });
});

describe('masks', () => {
  const classes = listClasses([
    [
      { className: 'BACKGROUND', hexColor: '#ffffff' },
      { className: 'bent', hexColor: '#23a436' },
    ],
    [{ className: 'torn', hexColor: '#0000FF' }],
  ]);
  const map = [
    { className: 'bent', hexColor: '#23A436' },
    { className: 'torn', hexColor: '#0000ff' },
  ];
  const grid = { columns: 2, rows: 1 };
  const png = (pixels: readonly (readonly number[])[]) =>
    sharp(Uint8Array.from(pixels.flat()), { raw: { width: pixels.length, height: 1, channels: 4 } })
      .png()
      .toBuffer();

  test('are read by colour, and only where they are opaque', async () => {
    const green = [0x23, 0xa4, 0x36];
    const mask = await png([
      [...green, 255],
      [...green, 128],
      [...green, 127],
      [...green, 0],
    ]);
    const on = { width: 4, height: 1 };
    expect([...decided(await readMask('a', mask, map, classes, grid, on))]).toEqual([1, 0]);
    const palette = await sharp(
      await png([
        [255, 255, 255, 255],
        [0, 0, 0, 0],
        [0, 0, 255, 255],
        [0, 0, 255, 255],
      ]),
    )
      .png({ palette: true })
      .toBuffer();
    expect([...decided(await readMask('a', palette, map, classes, grid, on))]).toEqual([0, 2]);
  });

  test('keep a defect that is smaller than a patch', async () => {
    const pixels = Array.from({ length: 16 }, (_, at) => (at === 12 ? [0, 0, 255, 255] : [0, 0, 0, 0]));
    const on = { width: 16, height: 1 };
    expect([...decided(await readMask('a', await png(pixels), map, classes, grid, on))]).toEqual([0, 2]);
  });

  test('with a colour that the map does not list fail, naming the picture and the colour', async () => {
    const mask = await png([
      [1, 2, 3, 255],
      [0, 0, 0, 0],
    ]);
    const on = { width: 2, height: 1 };
    await expect(readMask('s3://b/k.png', mask, map, classes, grid, on)).rejects.toEqual(
      new MaskUnusable("The mask of s3://b/k.png has the colour #010203, which its colour map doesn't list."),
    );
    await expect(
      readMask('a', await sharp(mask).flatten().jpeg().toBuffer(), map, classes, grid, on),
    ).rejects.toThrow('The mask of a is not a PNG.');
    await expect(readMask('a', Uint8Array.of(1, 2), map, classes, grid, on)).rejects.toThrow(
      'The mask of a cannot be decoded as a PNG.',
    );
  });

  test('must lie on the stored pixels of their picture, unless they are blank', async () => {
    const drawn = await png([
      [0, 0, 255, 255],
      [0, 0, 0, 0],
    ]);
    const laidOn = (width: number, height: number, orientation?: number) =>
      readMask('a', drawn, map, classes, grid, {
        width,
        height,
        ...(orientation !== undefined && { orientation }),
      });
    await expect(laidOn(4, 2)).rejects.toThrow(
      'The mask of a has 2 x 1 pixels; its picture has 4 x 2 pixels.',
    );
    await expect(laidOn(1, 2, 6)).rejects.toThrow(
      'The mask of a has 2 x 1 pixels; its picture has 1 x 2 pixels, which EXIF orientation 6 shows as 2 x 1.',
    );
    await expect(laidOn(2, 1, 3)).rejects.toThrow('which EXIF orientation 3 shows turned or mirrored');
    await expect(laidOn(2, 1, 6)).resolves.toBeDefined();
    const blank = await png([[255, 255, 255, 255]]);
    const on = { width: 9, height: 9, orientation: 3 };
    expect([...decided(await readMask('a', blank, map, classes, grid, on))]).toEqual([0, 0]);
  });

  test('of two types in one colour are refused', () => {
    expect(() =>
      listClasses([
        [
          { className: 'a', hexColor: '#00ff00' },
          { className: 'b', hexColor: '#00FF00' },
        ],
      ]),
    ).toThrow(TrainingFailed);
  });

  test('turn with their picture', () => {
    const labels = { kinds: Uint8Array.of(1, 2, 3, 4, 5, 6), shares: Float32Array.of(0.25, 0.5, 1, 0, 0, 0) };
    const across = mirrored(labels, { columns: 3, rows: 2 }, true, false);
    expect([[...across.kinds], [...across.shares]]).toEqual([
      [3, 2, 1, 6, 5, 4],
      [1, 0.5, 0.25, 0, 0, 0],
    ]);
    expect([...mirrored(labels, { columns: 3, rows: 2 }, false, true).kinds]).toEqual([4, 5, 6, 1, 2, 3]);
  });
});

describe('plans', () => {
  const pictures = (normals: number, anomalies: number) =>
    Array.from({ length: normals + anomalies }, (_, at) => ({
      id: `p${at}`,
      label: at < normals ? ('normal' as const) : ('anomaly' as const),
      isAnomaly: at >= normals,
      load: () => Promise.resolve(new Uint8Array()),
    }));

  test('hold out a fifth of each kind, the same one for the same seed', () => {
    const { train, test: held } = split(pictures(20, 10), undefined, minimums, createRandom(4));
    expect([
      train.length,
      held.filter(({ label }) => label === 'normal').length,
      held.filter(({ label }) => label === 'anomaly').length,
    ]).toEqual([24, 4, 2]);
    expect(split(pictures(20, 10), undefined, minimums, createRandom(4)).test.map(({ id }) => id)).toEqual(
      held.map(({ id }) => id),
    );
  });

  test('refuse what is too few, saying what is needed', () => {
    expect(() => split(pictures(19, 10), undefined, minimums, createRandom(1))).toThrow(
      new TooFewPictures(
        'The dataset has 19 normal and 10 anomalous images; training needs at least 20 normal and 10 anomalous ones.',
      ),
    );
    expect(() => split(pictures(10, 0), pictures(10, 9), minimums, createRandom(1))).toThrow(
      'The test dataset has 10 normal and 9 anomalous images',
    );
    expect(split(pictures(10, 0), pictures(10, 10), minimums, createRandom(1)).train).toHaveLength(10);
  });

  test('deal every part its share, neighbours together', () => {
    const parts = deal(pictures(30, 0), 5, createRandom(2));
    expect([0, 1, 2, 3, 4].map((part) => parts.filter((is) => is === part).length)).toEqual([6, 6, 6, 6, 6]);
    expect(new Set(parts.slice(0, 3)).size).toBe(1);
  });

  test('look at fewer views and pictures when features would take too much memory', () => {
    expect(planEffort(60, { width: 384, height: 288 }, 216)).toEqual({ pictures: 600, views: 4 });
    expect(planEffort(300, { width: 384, height: 288 }, 216).views).toBe(1);
    const large = planEffort(4000, { width: 768, height: 768 }, 384);
    expect(large.pictures * 96 * 96 * 384).toBeLessThanOrEqual(512 * 1024 * 1024);
    expect(thin(pictures(4000, 40), 100, createRandom(1)).filter(({ isAnomaly }) => isAnomaly)).toHaveLength(
      40,
    );
  });

  test('let no more patches speak for a picture than a usual defect has', () => {
    const grid = { rows: 36, columns: 48 };
    expect([
      topPatches(grid, []),
      topPatches(grid, [50, 40, 60]),
      topPatches(grid, [9, 2, 1]),
      topPatches({ rows: 8, columns: 8 }, []),
    ]).toEqual([16, 16, 2, 1]);
  });

  test('look at every picture in a size that the features can take', () => {
    expect(
      [
        [576, 768],
        [64, 64],
        [4096, 2731],
        [4096, 64],
      ].map(([width = 0, height = 0]) => modelSize({ width, height })),
    ).toEqual([
      { width: 288, height: 384 },
      { width: 128, height: 128 },
      { width: 768, height: 512 },
      { width: 768, height: 64 },
    ]);
  });
});
