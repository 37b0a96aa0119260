import { artifactFiles, type AnomalyClass } from '../inference/artifact.ts';
import { evaluate, type ClassFigures, type Figures } from '../evaluation/figures.ts';
import { chooseBoundaries, evaluateMaps } from './boundary.ts';
import { fitHeads, leastAnomalies, type Lesson, type OutOfFold } from './crossvalidate.ts';
import { dictionaryChannels, learnDictionary } from '../features/dictionary.ts';
import { Extraction, fitNormalisation, type Example } from '../features/extract.ts';
import { checkStopped, TrainingFailed } from './failures.ts';
import type { FeatureMap } from '../features/features.ts';
import { thin } from './folds.ts';
import { topPatches } from '../heads/heads.ts';
import { judge, type PictureResult } from '../evaluation/judge.ts';
import { decided, listClasses } from '../pictures/masks.ts';
import { outputs, writeModel } from '../onnx/model-graph.ts';
import {
  checkSize,
  gridOf,
  modelSize,
  prepare,
  type LabelledPicture,
  type Preparation,
  type PreparedPicture,
  type Size,
} from '../pictures/training-pictures.ts';
import { minimums, planEffort, split, type Minimums } from './plan.ts';
import { createRandom, type Random } from './random.ts';
import { fitStack, noveltyAlone, noveltyStack, stackScore, type Stack } from '../heads/stack.ts';
import { findBackbone, readBackbone } from '../features/backbone.ts';

export interface TrainingInput {
  /** Labelled pictures alone. */
  readonly pictures: AsyncIterable<LabelledPicture> | Iterable<LabelledPicture>;
  /** What the model is judged by, and nothing else. Absent: a fifth of the pictures is held out. */
  readonly test?: AsyncIterable<LabelledPicture> | Iterable<LabelledPicture>;
  readonly seed: number;
  /** `auto`: the backbone where its package is installed, else the dictionary. */
  readonly features: 'auto' | 'backbone' | 'dictionary';
  readonly minimums?: Minimums;
  /** The clock, in epoch milliseconds; it dates the evaluation. */
  now(): number;
}

export type Stage = 'reading' | 'looking' | 'learning' | 'evaluating';
/** @param done 0 to 1, within the stage */
export type Progress = (stage: Stage, done: number) => void;

export interface Training {
  /** The artifact's files by name. */
  readonly files: Readonly<Record<string, Uint8Array>>;
  readonly features: FeatureMap['kind'];
  readonly kind: 'classification' | 'segmentation';
  /** Measured on the test pictures, by the graph that is hosted. */
  readonly evaluation: Figures & { readonly classes?: readonly ClassFigures[]; readonly evaluatedAt: number };
  readonly results: readonly PictureResult[];
  /**
   * Of the training pictures, by cross-validation. Stack and threshold were chosen on these scores, so the
   * figures flatter a little.
   */
  readonly crossValidation?: Figures & { readonly classes?: readonly ClassFigures[] };
  readonly pictures: { readonly train: number; readonly learnt: number; readonly test: number };
  /** What a user should know about how far to trust the model. */
  readonly notes: readonly string[];
}

/**
 * Learns a model from labelled pictures. The same pictures and the same seed give the same verdicts.
 * @throws TrainingFailed, in one of its kinds, for what a user can put right; TrainingStopped when `signal`
 *   says so
 */
export async function train(
  input: TrainingInput,
  progress: Progress = () => undefined,
  signal?: AbortSignal,
): Promise<Training> {
  const random = createRandom(input.seed);
  const all = await collect(input.pictures);
  const sets = split(
    all,
    input.test === undefined ? undefined : await collect(input.test),
    input.minimums ?? minimums,
    random,
  );
  const backbone = await openBackbone(input.features);
  const read = await readPictures(
    sets.train,
    backbone?.channels ?? dictionaryChannels,
    random,
    progress,
    signal,
  );
  const { size, classes, views } = read;
  const grid = gridOf(size);

  const features = backbone ?? (await learnDictionary(read.pictures, size, random, signal));
  const normalisation = await fitNormalisation(features, read.pictures, size, signal);
  const extraction = await Extraction.open(features, normalisation, size);
  const examples: Example[] = [];
  const learnt = read.pictures.length;
  try {
    // Taken from the list one by one, so that a picture's memory is free once its features are there.
    for (let next = read.pictures.shift(); next !== undefined; next = read.pictures.shift()) {
      checkStopped(signal);
      examples.push(await extraction.example(next, views));
      progress('looking', examples.length / learnt);
    }
  } finally {
    await extraction.close();
  }

  const defects = examples
    .filter(({ isAnomaly }) => isAnomaly)
    .flatMap(({ views: [view] }) =>
      view?.patches === undefined ? [] : [decided(view.patches).filter((kind) => kind > 0).length],
    );
  const top = topPatches(grid, defects);
  const lesson: Lesson = {
    examples,
    channels: features.channels,
    grid,
    top,
    classes: Math.max(classes.length, 1),
    random,
    signal,
  };
  const { heads, unseen } = await fitHeads(lesson, (done) => progress('learning', done));
  const anomalies = examples.filter(({ isAnomaly }) => isAnomaly).length;
  const isTaught = anomalies >= leastAnomalies;
  const labels = unseen.map(({ example }) => example.isAnomaly);
  const noveltyOfNormals = unseen
    .filter(({ example }) => !example.isAnomaly)
    .map(({ scores }) => scores[0] ?? 0);
  const stack: Stack = isTaught
    ? {
        ...fitStack(
          unseen.map(({ scores }) => scores),
          labels,
        ),
        alone: noveltyAlone(noveltyOfNormals),
      }
    : noveltyStack(noveltyOfNormals, 1);
  const unseenMaps = maps(unseen, stack);
  const boundaries = chooseBoundaries(unseenMaps, lesson.classes);
  const graph = writeModel(
    {
      features,
      normalisation,
      heads,
      stack,
      size,
      top,
      ...(classes.length > 0 && { boundaries }),
    },
    { features: features.kind, novelty: heads.novelty.kind, seed: String(input.seed) },
  );

  const judged = await judge(graph, sets.test, { size: read.native, classes, signal }, (done) =>
    progress('evaluating', done),
  );
  const evaluatedAt = input.now();
  const figures = evaluate(
    judged.results.map(({ score }) => score),
    judged.results.map(({ isAnomaly }) => isAnomaly),
  );
  const evaluation = {
    ...figures,
    ...(judged.classes !== undefined && { classes: judged.classes }),
    evaluatedAt,
  };
  return {
    files: {
      [artifactFiles.graph]: graph,
      [artifactFiles.manifest]: manifest(read.native, size, classes, figures, evaluatedAt),
    },
    features: features.kind,
    kind: classes.length > 0 ? 'segmentation' : 'classification',
    evaluation,
    results: judged.results,
    ...(isTaught && {
      crossValidation: {
        ...evaluate(
          unseen.map(({ scores }) => stackScore(stack, scores)),
          labels,
        ),
        ...(classes.length > 0 && {
          classes: evaluateMaps(
            unseenMaps,
            boundaries,
            classes.map(({ name }) => name),
          ),
        }),
      },
    }),
    pictures: { train: sets.train.length, learnt, test: sets.test.length },
    notes: notesOn(input.features, features.kind, anomalies, learnt, sets.train.length),
  };
}

async function collect<T>(items: AsyncIterable<T> | Iterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

async function openBackbone(wanted: TrainingInput['features']): Promise<FeatureMap | undefined> {
  if (wanted === 'dictionary') return undefined;
  const folder = findBackbone();
  if (folder === undefined && wanted === 'backbone')
    throw new TrainingFailed(
      'The package @vladmandic/human, which the features "backbone" are read from, is not installed.',
    );
  return folder === undefined ? undefined : await readBackbone(folder);
}

interface Read {
  readonly pictures: PreparedPicture[];
  readonly classes: readonly AnomalyClass[];
  readonly native: Size;
  readonly size: Size;
  readonly views: 1 | 2 | 4;
}

async function readPictures(
  train: readonly LabelledPicture[],
  channels: number,
  random: Random,
  progress: Progress,
  signal?: AbortSignal,
): Promise<Read> {
  const listed = listClasses(
    train.flatMap(({ label, mask }) => (label === 'anomaly' && mask !== undefined ? [mask.colours] : [])),
  );
  const preparation: Preparation = { size: undefined, classes: listed, signal };
  const first = train[0];
  if (first !== undefined) await prepare(first, preparation);
  const native = preparation.size ?? { width: 0, height: 0 };
  const size = modelSize(native);
  const effort = planEffort(train.length, size, channels);
  const chosen = new Set(
    thin(
      train.map((picture) => ({ picture, isAnomaly: picture.label === 'anomaly' })),
      effort.pictures,
      random,
    ).map(({ picture }) => picture),
  );
  const pictures: PreparedPicture[] = [];
  for (const [at, picture] of train.entries()) {
    checkStopped(signal);
    if (chosen.has(picture)) pictures.push(await prepare(picture, preparation));
    else await checkSize(picture, native);
    progress('reading', (at + 1) / train.length);
  }
  // A type that no mask shows cannot be learnt: the map has no channel for it.
  const used = new Set(
    pictures.flatMap(({ isAnomaly, patches }) =>
      isAnomaly && patches !== undefined ? [...new Set(patches.kinds)] : [],
    ),
  );
  const classes = listed.filter((_, index) => used.has(index + 1));
  const renumbered = [0, ...listed.map((item) => classes.indexOf(item) + 1)];
  for (const { patches } of pictures)
    patches?.kinds.forEach((number, cell) => {
      patches.kinds[cell] = renumbered[number] ?? 0;
    });
  return { pictures, classes, native, size, views: effort.views };
}

const maps = (unseen: readonly OutOfFold[], stack: Stack) =>
  unseen.flatMap(({ example, logits, scores }) => {
    const truth = example.views[0]?.patches;
    return logits === undefined || truth === undefined
      ? []
      : [{ truth: decided(truth), logits, score: stackScore(stack, scores) }];
  });

function manifest(
  picture: Size,
  size: Size,
  classes: readonly AnomalyClass[],
  figures: Figures,
  evaluatedAt: number,
): Uint8Array {
  const { f1Score, precision, recall } = figures;
  return new TextEncoder().encode(
    JSON.stringify(
      {
        format: 'crowsnest-model/1',
        picture,
        input: { name: 'image', ...size, layout: 'NHWC', type: 'uint8' },
        outputs: { score: outputs.score, ...(classes.length > 0 && { map: outputs.map }) },
        threshold: 0.5,
        ...(classes.length > 0 && { mapThreshold: 0.5, classes }),
        evaluation: { f1Score, precision, recall, evaluatedAt: new Date(evaluatedAt).toISOString() },
      },
      undefined,
      2,
    ),
  );
}

function notesOn(wanted: string, used: string, anomalies: number, learnt: number, given: number): string[] {
  const notes: string[] = [];
  if (wanted === 'auto' && used === 'dictionary')
    notes.push(
      'The package @vladmandic/human is not installed; features were learnt from the pictures alone.',
    );
  if (anomalies < leastAnomalies)
    notes.push(
      'Too few anomalies to learn from; the model knows what is normal, and the threshold lets 95 % of ' +
        'normal pictures pass.',
    );
  else if (anomalies < 10)
    notes.push(`Only ${anomalies} anomalies to learn from; more would make the verdicts steadier.`);
  if (learnt < given)
    notes.push(
      `${learnt} of ${given} training pictures were learnt from, so that memory and time stay bounded.`,
    );
  return notes;
}
