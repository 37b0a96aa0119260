import * as ort from 'onnxruntime-node';
import { openSession, type View } from '../features/extract.ts';
import { checkStopped } from '../fitting/failures.ts';
import type { PatchHead } from './heads.ts';
import type { Grid } from '../pictures/masks.ts';
import { momenta, patchWeights, writeStep, type StepShape } from './patch-step.ts';
import { shuffled, type Random } from '../fitting/random.ts';

export interface PatchLesson {
  readonly normals: readonly View[];
  readonly anomalies: readonly View[];
}

export interface PatchTask {
  readonly grid: Grid;
  readonly channels: number;
  readonly classes: number;
  /** How many of its greatest patches speak for a picture. */
  readonly top: number;
  readonly random: Random;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Pictures per step, half of them anomalies; of large ones fewer, for their patches are many. The time goes
 * by pictures and the learning by steps: for the time of steps of eight pictures, twice as many steps of four
 * find masks better.
 */
const batchOf = (patches: number): number => (patches > 3000 ? 2 : 4);
const hidden = 32;
const epochs = 8;
const greatestRate = 5e-3;
const decay = 0.05;
/**
 * Where masks say which patches are meant, the picture's label adds little: left at full weight it spreads
 * the map beyond the defect.
 */
const labelShare = 0.1;
/** Anomalous patches are rare; counting each this often keeps small defects from being given up. */
const anomalousPatch = 3;

/**
 * Types whose defects are small, or seldom seen, count more, but no more than this: their patches would be
 * lost among those of the large ones.
 */
const greatestBalance = 8;

/** Enough steps that a small dataset is learnt, and no more than a large one needs. */
const stepCount = (views: number): number => Math.min(600, Math.max(320, Math.round((epochs * views) / 4)));

/**
 * Fits the patch head. Half of every batch are anomalies, however few there are; both kinds must be there.
 */
export async function fitPatchHead({ normals, anomalies }: PatchLesson, task: PatchTask): Promise<PatchHead> {
  const { grid, channels, classes, random } = task;
  const patches = grid.rows * grid.columns;
  const batch = batchOf(patches);
  const shape: StepShape = { channels, classes, hidden, pictures: batch, grid, top: task.top, decay };
  const session = await openSession(writeStep(shape));
  try {
    let state = firstWeights(shape, random);
    const feed = createBatch(shape, anomalies);
    const draws = [draw(normals, random), draw(anomalies, random)];
    const steps = stepCount(normals.length + anomalies.length);
    for (let step = 1; step <= steps; step++) {
      checkStopped(task.signal);
      const rate = greatestRate * 0.5 * (1 + Math.cos((Math.PI * (step - 1)) / steps));
      const views = Array.from({ length: batch }, (_, at) => ({
        view: draws[at % 2]?.next().value as View,
        isAnomaly: at % 2 === 1,
      }));
      const result = await session.run({ ...feed(views), ...state, ...schedule(rate, step) });
      state = Object.fromEntries(
        Object.keys(state).map((name) => [name, result[`${name}.next`] as ort.Tensor]),
      );
    }
    return Object.fromEntries(
      patchWeights(shape).map(({ name, shape: axes }) => [
        name,
        { shape: axes, data: Float32Array.from(state[name]?.data as Float32Array) },
      ]),
    );
  } finally {
    await session.release();
  }
}

const scalar = (value: number): ort.Tensor => new ort.Tensor('float32', Float32Array.of(value), []);

export const schedule = (rate: number, step: number): Record<'rate' | 'first' | 'second', ort.Tensor> => ({
  rate: scalar(rate),
  first: scalar(1 / (1 - momenta.first ** step)),
  second: scalar(1 / (1 - momenta.second ** step)),
});

/**
 * Weights by He's rule, which keeps signals of one size through layers of rectifiers, and momenta of zero.
 */
export function firstWeights(shape: StepShape, random: Random): Record<string, ort.Tensor> {
  const state: Record<string, ort.Tensor> = {};
  for (const { name, shape: axes } of patchWeights(shape)) {
    const size = axes.reduce((product, axis) => product * axis, 1);
    const spread = axes.length === 2 ? Math.sqrt(2 / (axes[0] ?? 1)) : 0;
    state[name] = new ort.Tensor(
      'float32',
      Float32Array.from({ length: size }, () => spread * random.normal()),
      axes,
    );
    for (const suffix of ['.m', '.v'])
      state[name + suffix] = new ort.Tensor('float32', new Float32Array(size), axes);
  }
  return state;
}

/** All views in random order, again and again. */
function* draw(views: readonly View[], random: Random): Generator<View> {
  for (;;) yield* shuffled(views, random);
}

type Batch = readonly { readonly view: View; readonly isAnomaly: boolean }[];

/** Where anomalies have masks, patches are taught; pictures without one teach by their label alone. */
function createBatch(
  shape: StepShape,
  anomalies: readonly View[],
): (batch: Batch) => Record<string, ort.Tensor> {
  const { pictures, grid, channels, classes } = shape;
  const patches = grid.rows * grid.columns;
  const hasMasks = anomalies.some((view) => view.patches !== undefined);
  const balance = balanceOf(anomalies, classes);
  const rows = pictures * patches;
  const features = new Uint8Array(rows * channels);
  const target = new Float32Array(rows * (classes + 1));
  const weight = new Float32Array(rows);
  const label = new Float32Array(pictures);
  const labelWeight = new Float32Array(pictures).fill((hasMasks ? labelShare : 1) / pictures);
  return (views) => {
    target.fill(0);
    weight.fill(0);
    const taught = hasMasks ? views.filter(({ view }) => view.patches !== undefined).length : 0;
    views.forEach(({ view, isAnomaly }, picture) => {
      features.set(view.features, picture * patches * channels);
      label[picture] = isAnomaly ? 1 : 0;
      for (let patch = 0; patch < patches; patch++) {
        const row = picture * patches + patch;
        const share = view.patches?.shares[patch] ?? 0;
        target[row * (classes + 1)] = 1 - share;
        if (share > 0) target[row * (classes + 1) + (view.patches?.kinds[patch] ?? 0)] = share;
        const counts = anomalousPatch * (balance[view.patches?.kinds[patch] ?? 0] ?? 1);
        if (taught > 0 && view.patches !== undefined)
          weight[row] = (1 + (counts - 1) * share) / (taught * patches);
      }
    });
    return {
      features: new ort.Tensor('uint8', features, [rows, channels]),
      target: new ort.Tensor('float32', target, [rows, classes + 1]),
      weight: new ort.Tensor('float32', weight, [rows, 1]),
      label: new ort.Tensor('float32', label, [pictures, 1]),
      labelWeight: new ort.Tensor('float32', labelWeight, [pictures, 1]),
    };
  };
}

/**
 * How much a patch of each type counts, by the type's number, so that types with few patches are not given
 * up. The most usual one counts 1.
 */
export function balanceOf(anomalies: readonly View[], classes: number): number[] {
  const sums = new Array<number>(classes + 1).fill(0);
  for (const { patches } of anomalies)
    patches?.kinds.forEach((kind, patch) => {
      sums[kind] = (sums[kind] ?? 0) + (patches.shares[patch] ?? 0);
    });
  const most = Math.max(...sums);
  return sums.map((sum) => (sum === 0 ? 1 : Math.min(greatestBalance, Math.sqrt(most / sum))));
}
