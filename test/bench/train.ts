import * as ort from 'onnxruntime-node';
import { parseManifest } from '../../lambdas/vision/inference/artifact.ts';
import type { LabelledPicture } from '../../lambdas/vision/pictures/training-pictures.ts';
import { trainInProcess } from '../../lambdas/engines/training/training-process.ts';
import type { Training } from '../../lambdas/vision/fitting/train.ts';
import { findBackbone } from '../../lambdas/vision/features/backbone.ts';
import { cookies } from '../helpers/cookies.ts';
import { plates } from '../vision/pictures-made.ts';
import { medianOf, resultOf, type Result } from './measure.ts';

/**
 * What is promised for each kind of features: seconds of a training on two free processors, and how well
 * masks are found.
 */
const goals = { backbone: { seconds: 30, iou: 0.7 }, dictionary: { seconds: 120, iou: 0.54 } } as const;
const graphMilliseconds = 25;
const f1 = 0.95;

interface Sets {
  readonly train: readonly LabelledPicture[];
  readonly test: readonly LabelledPicture[];
}

/**
 * What a training takes and comes to: on two kinds of defect on plates that are drawn here and, where they
 * are beside the project, on AWS's cookies, split as CreateModel splits them. The other side of each ratio is
 * the goal.
 */
export async function trainBenchmarks(): Promise<Result[]> {
  const size = { side: 384, height: 288 };
  const photographs = cookies();
  const sets: Readonly<Record<string, Sets>> = {
    plates: { train: plates(30, 20, 20, 1, size), test: plates(20, 10, 10, 2, size) },
    ...(photographs !== undefined && { cookies: photographs }),
  };
  const results: Result[] = [];
  for (const [set, pictures] of Object.entries(sets)) {
    for (const features of ['backbone', 'dictionary'] as const) {
      if (features === 'backbone' && findBackbone() === undefined) continue;
      results.push(...(await measured(`train-${set}-${features}`, features, pictures)));
    }
  }
  return results;
}

async function measured(
  name: string,
  features: keyof typeof goals,
  { train, test }: Sets,
): Promise<Result[]> {
  const minimums = {
    single: { normals: 0, anomalies: 0 },
    train: { normals: 1, anomalies: 1 },
    test: { normals: 1, anomalies: 1 },
  };
  const began = performance.now();
  const training = await trainInProcess({
    pictures: train,
    test,
    seed: 1,
    features,
    minimums,
    now: Date.now,
  });
  const seconds = (performance.now() - began) / 1000;
  const goal = goals[features];
  const classes = training.evaluation.classes ?? [];
  const iou = classes.reduce((sum, each) => sum + each.iou, 0) / classes.length;
  const row = (
    what: string,
    unit: string,
    ours: number,
    against: number,
    least: boolean,
    note?: string,
  ): Result =>
    resultOf(
      {
        name: `${name}-${what}`,
        unit,
        goal: `${least ? '>=' : '<='} ${against}`,
        meets: (ratio) => (least ? ratio >= 1 : ratio <= 1),
        ...(note !== undefined && { note }),
      },
      [{ ours, against }],
    );
  return [
    row('time', 's', seconds, goal.seconds, false, 'the goal is that of two free processors'),
    row(
      'graph',
      'ms',
      await graphTime(training),
      graphMilliseconds,
      false,
      '110,592 pixels, one thread, the graph alone',
    ),
    row('f1', 'F1 of held-out pictures', training.evaluation.f1Score, f1, true),
    row('iou', 'IoU of held-out patches', iou, goal.iou, true),
  ];
}

/** The middle time of one picture, in milliseconds. */
async function graphTime({ files }: Training): Promise<number> {
  const parsed = parseManifest(files['model.json'] ?? new Uint8Array());
  if (!parsed.ok) throw new Error('the model has no manifest');
  const { width, height } = parsed.manifest.input;
  const session = await ort.InferenceSession.create(files['model.onnx'] ?? new Uint8Array(), {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
  });
  const image = new ort.Tensor('uint8', new Uint8Array(width * height * 3).fill(128), [1, height, width, 3]);
  try {
    return await medianOf(50, () => session.run({ image }));
  } finally {
    await session.release();
  }
}
