import { createHash } from 'node:crypto';
import { locationOf } from '../../domain/locations.ts';
import { LocationRefused, type Clock, type ObjectStore } from '../../domain/ports.ts';
import { TrainingFailed, TrainingStopped } from '../../vision/fitting/failures.ts';
import type { Progress, Training, TrainingInput } from '../../vision/fitting/train.ts';
import type { LabelledPicture } from '../../vision/pictures/training-pictures.ts';
import { readExamples, type TrainingExample, type TrainingResults, type TrainingSpec } from '../trainer.ts';
import { resultsAt } from './progress.ts';
import { missingImage } from './missing-image.ts';
import { messageOf } from './unfit-list.ts';
import { trainInProcess, type RunnerOptions } from './training-process.ts';

export interface LearnOptions {
  readonly objects: Pick<ObjectStore, 'read' | 'write' | 'placeOf'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly features?: TrainingInput['features'];
  readonly runner: RunnerOptions;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  /** Asked once, between learning and writing: whether anybody still wants the model. */
  readonly wanted?: () => Promise<boolean>;
}

/**
 * Learns a model from a training's examples, and writes its artifact and then its results into the workspace.
 * The same examples give the same model, whichever version it is and wherever this runs.
 * @throws TrainingFailed, TrainingStopped, TrainingBroke
 */
export async function learn(spec: TrainingSpec, options: LearnOptions): Promise<void> {
  const { objects, clock, features = 'auto', runner, progress, signal, wanted } = options;
  const [train, test] = await Promise.all([
    readExamples(objects, spec.examples.train),
    readExamples(objects, spec.examples.test),
  ]);
  const training = await trainInProcess(
    {
      pictures: train.map((example) => pictureOf(objects, example)),
      test: test.map((example) => pictureOf(objects, example)),
      seed: seedOf(train),
      features,
      minimums: none,
      now: () => clock.now(),
    },
    progress,
    signal,
    runner,
  ).catch(async (error: unknown) => {
    if (error instanceof TrainingFailed) error.message = await messageOf(objects, spec, error);
    throw error;
  });
  if (wanted !== undefined && !(await wanted())) throw new TrainingStopped();
  const { bucket, prefix } = spec.workspace;
  for (const [name, bytes] of Object.entries(training.files))
    await objects.write({ bucket, key: `${prefix}${name}` }, bytes);
  await objects.write(resultsAt(spec), Buffer.from(JSON.stringify(resultsOf(training, clock.now()))));
}

/**
 * The same pictures give the same model, whichever version it is and wherever they lie: a dataset that was
 * copied into another bucket, or below another prefix, is the same dataset. Names of files and labels count.
 */
export const seedOf = (examples: readonly Pick<TrainingExample, 'source' | 'label'>[]): number =>
  createHash('sha256')
    .update(examples.map(({ source, label }) => `${label} ${source.split('/').at(-1) ?? ''}`).join('\n'))
    .digest()
    .readUInt32BE(0);

/** The numbers of images were checked when the training was asked for. */
const none = {
  single: { normals: 1, anomalies: 0 },
  train: { normals: 1, anomalies: 0 },
  test: { normals: 0, anomalies: 0 },
} as const;

function pictureOf(
  objects: Pick<ObjectStore, 'read' | 'placeOf'>,
  { source, label, place, mask }: TrainingExample,
): LabelledPicture {
  return {
    id: source,
    label,
    ...(place !== undefined && { place }),
    load: () => load(objects, source),
    ...(mask !== undefined && {
      mask: {
        load: () => load(objects, mask.ref),
        colours: mask.classes.map(({ name, color }) => ({ className: name, hexColor: color })),
      },
    }),
  };
}

/** @throws TrainingFailed if there is no such object, or will never be */
async function load(objects: Pick<ObjectStore, 'read' | 'placeOf'>, url: string): Promise<Uint8Array> {
  const bytes = await objects.read(locationOf(url)).catch((error: unknown) => {
    throw error instanceof LocationRefused
      ? new TrainingFailed(`${error.message}.`, { cause: error })
      : error;
  });
  if (bytes === undefined) throw new TrainingFailed(missingImage(objects, url));
  return bytes;
}

function resultsOf(training: Training, evaluatedAt: number): TrainingResults {
  const { evaluation, results, pictures, crossValidation, notes } = training;
  const { f1Score, precision, recall, rocAuc, averagePrecision, classes } = evaluation;
  return {
    f1Score,
    precision,
    recall,
    rocAuc,
    averagePrecision,
    evaluatedAt,
    ...(classes !== undefined && {
      classes: classes.map(({ className: name, ...figures }) => ({ name, ...figures })),
    }),
    images: { train: pictures.train, test: pictures.test },
    ...(crossValidation !== undefined && {
      crossValidation: {
        images: pictures.learnt,
        f1Score: crossValidation.f1Score,
        precision: crossValidation.precision,
        recall: crossValidation.recall,
        rocAuc: crossValidation.rocAuc,
      },
    }),
    notes,
    pictures: results.map(({ id, isAnomalous, confidence }) => ({ source: id, isAnomalous, confidence })),
  };
}
