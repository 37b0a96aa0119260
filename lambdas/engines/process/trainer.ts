import { createHash } from 'node:crypto';
import {
  LocationRefused,
  type Clock,
  type Log,
  type ObjectLocation,
  type ObjectStore,
} from '../../domain/ports.ts';
import {
  readExamples,
  type Trainer,
  type TrainingExample,
  type TrainingObservation,
  type TrainingRef,
  type TrainingResults,
  type TrainingSpec,
} from '../trainer.ts';
import { TrainingFailed, TrainingStopped } from '../../vision/fitting/failures.ts';
import type { LabelledPicture } from '../../vision/pictures/training-pictures.ts';
import { trainInProcess, type RunnerOptions } from './training-process.ts';
import type { Stage, Training, TrainingInput } from '../../vision/fitting/train.ts';

export interface EmbeddedTrainerOptions {
  readonly objects: ObjectStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly children: NonNullable<RunnerOptions['children']>;
  readonly artifacts: Trainer['artifacts'];
  readonly features?: TrainingInput['features'];
}

export interface EmbeddedTrainer extends Trainer {
  /** Ends what runs; a later host starts it over. */
  close(): Promise<void>;
}

interface Run {
  readonly abort: AbortController;
  over: Promise<void>;
  stage: Stage;
  done: number;
  /** Why it failed for good; what failed by chance is forgotten, and so `missing`. */
  failure?: string;
}

const saying: Readonly<Record<Stage, string>> = {
  reading: 'Reading the images',
  looking: 'Looking at the images',
  learning: 'Learning',
  evaluating: 'Evaluating the model',
};

/** Written last: where it is, the artifact is whole. */
const resultsName = 'results.json';

/**
 * Trains on this machine, each training in a process of its own, from the dataset's pictures in the object
 * store. It keeps in memory only what runs: what has ended is in the workspace, and what was cut off by the
 * end of a host is missing, and starts over.
 */
export function createEmbeddedTrainer(options: EmbeddedTrainerOptions): EmbeddedTrainer {
  const runs = new Map<string, Run>();
  const resultsOf = ({ workspace: { bucket, prefix } }: TrainingRef): ObjectLocation => ({
    bucket,
    key: `${prefix}${resultsName}`,
  });
  const isTrained = async (spec: TrainingRef): Promise<boolean> =>
    (await options.objects.read(resultsOf(spec))) !== undefined;

  return {
    artifacts: options.artifacts,

    async start(spec) {
      if (runs.has(spec.id) || (await isTrained(spec)) || runs.has(spec.id)) return;
      const run: Run = { abort: new AbortController(), over: Promise.resolve(), stage: 'reading', done: 0 };
      runs.set(spec.id, run);
      run.over = carryOut(spec, run, options).then(
        () => {
          runs.delete(spec.id);
        },
        (error: unknown) => {
          if (error instanceof TrainingFailed) run.failure = error.message;
          else runs.delete(spec.id);
          if (!(error instanceof TrainingFailed || error instanceof TrainingStopped))
            options.log.error('a training broke; it starts over', { training: spec.id, error });
        },
      );
    },

    async observe(spec): Promise<TrainingObservation> {
      const run = runs.get(spec.id);
      if (run?.failure !== undefined) return { state: 'failed', reason: run.failure };
      if (run !== undefined)
        return { state: 'running', note: `${saying[run.stage]}: ${Math.round(run.done * 100)} %.` };
      return (await isTrained(spec))
        ? { state: 'trained', artifact: spec.workspace, results: resultsOf(spec) }
        : { state: 'missing' };
    },

    async stop({ id }) {
      const run = runs.get(id);
      run?.abort.abort();
      await run?.over;
      runs.delete(id);
    },

    async close() {
      const all = [...runs.values()];
      for (const { abort } of all) abort.abort();
      await Promise.all(all.map(({ over }) => over));
    },
  };
}

async function carryOut(
  spec: TrainingSpec,
  run: Run,
  { objects, clock, children, features = 'auto' }: EmbeddedTrainerOptions,
): Promise<void> {
  const [train, test] = await Promise.all([
    readExamples(objects, spec.examples.train),
    readExamples(objects, spec.examples.test),
  ]);
  const training = await trainInProcess(
    {
      pictures: train.map((example) => pictureOf(objects, example)),
      test: test.map((example) => pictureOf(objects, example)),
      // The same datasets give the same model, whichever version it is.
      seed: createHash('sha256')
        .update(train.map(({ source }) => source).join('\n'))
        .digest()
        .readUInt32BE(0),
      features,
      minimums: none,
      now: () => clock.now(),
    },
    (stage, done) => {
      Object.assign(run, { stage, done });
    },
    run.abort.signal,
    { children },
  );
  const { bucket, prefix } = spec.workspace;
  for (const [name, bytes] of Object.entries(training.files))
    await objects.write({ bucket, key: `${prefix}${name}` }, bytes);
  await objects.write(
    { bucket, key: `${prefix}${resultsName}` },
    Buffer.from(JSON.stringify(resultsOf(training, clock.now()))),
  );
}

/** The numbers of images were checked when the training was asked for. */
const none = {
  single: { normals: 1, anomalies: 0 },
  train: { normals: 1, anomalies: 0 },
  test: { normals: 0, anomalies: 0 },
} as const;

function pictureOf(objects: ObjectStore, { source, label, mask }: TrainingExample): LabelledPicture {
  return {
    id: source,
    label,
    type: /\.png$/i.test(source) ? 'image/png' : 'image/jpeg',
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
async function load(objects: ObjectStore, url: string): Promise<Uint8Array> {
  const [, , bucket = '', ...key] = url.split('/');
  const bytes = await objects.read({ bucket, key: key.join('/') }).catch((error: unknown) => {
    throw error instanceof LocationRefused
      ? new TrainingFailed(`${error.message}.`, { cause: error })
      : error;
  });
  if (bytes === undefined)
    throw new TrainingFailed(
      `There is no object at ${url}. Put the image back, or train with a dataset that does not name it.`,
    );
  return bytes;
}

function resultsOf({ evaluation, results, pictures }: Training, evaluatedAt: number): TrainingResults {
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
    pictures: results.map(({ id, isAnomalous, confidence }) => ({ source: id, isAnomalous, confidence })),
  };
}
