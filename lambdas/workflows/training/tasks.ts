import { statusMessage } from '../../domain/lifecycle.ts';
import { evaluationKeys, evaluationManifest, evaluationResult } from '../../domain/evaluation-files.ts';
import { parseEntry, type Entry } from '../../domain/manifest.ts';
import type { Model } from '../../domain/model.ts';
import { countVerdicts, describeReliability, type Reliability } from '../../domain/reliability.ts';
import { LocationRefused, type ModelInput, type ObjectLocation } from '../../domain/ports.ts';
import { isLabelled, lackingOfTypes, split, type LabelledEntry } from '../../domain/training.ts';
import { EngineFailed } from '../../engines/engine.ts';
import {
  readExamples,
  type TrainingExample,
  type TrainingRef,
  type TrainingResults,
} from '../../engines/trainer.ts';
import { fairDeadline, leased } from '../../domain/operation.ts';
import {
  claimed,
  commit,
  reasonOf,
  waitOf,
  type Progress,
  type TaskContext,
  type TaskInput,
  type TaskData,
} from '../context.ts';

const state = 'TRAINING';

/** The version's birth travels with the execution, because the row may be gone when the last task runs. */
interface TrainingProgress extends Progress {
  /** Epoch milliseconds. An execution that an earlier release began does not carry it. */
  readonly createdAt?: number;
}

/**
 * Everything of a training is below this prefix, its artifact too: the version's copy, which is deleted with
 * it.
 */
function trainingOf(
  { project, version, operationId }: TaskInput,
  { createdAt }: Pick<Model, 'createdAt'>,
  { trainer: { artifacts } }: Pick<TaskContext, 'trainer'>,
): TrainingRef {
  const workspace = {
    bucket: artifacts.bucket,
    prefix: `${artifacts.prefix}${project}/${version}-${operationId}/`,
  };
  const at = (name: string): ObjectLocation => ({
    bucket: workspace.bucket,
    key: `${workspace.prefix}${name}`,
  });
  return {
    id: operationId,
    model: { project, version, createdAt },
    workspace,
    examples: { train: at('examples/train.jsonl'), test: at('examples/test.jsonl') },
  };
}

/**
 * Takes the lines of the generations that the training has recorded, which later changes to the datasets do
 * not concern, and sets the test pictures apart. An attempt that takes over finds them taken: a trainer may
 * be at work on them.
 * @throws EngineFailed if there are too few images of an anomaly type, which the datasets' numbers could not
 *   tell when the training was asked for
 */
export async function takeExamples(input: TaskInput, ctx: TaskContext): Promise<void> {
  const model = await claimed(ctx, input, [state]);
  await commit(
    ctx,
    ctx.store.models.move(input, [state], {
      set: leased(ctx, model, ctx.clock.now(), ctx.settings.times.provision),
    }),
  );
  const { examples } = trainingOf(input, model, ctx);
  if ((await ctx.objects.read(examples.test)) !== undefined) return;
  const train = await labelled(ctx, 'train', model.datasets?.train ?? '');
  const test =
    model.datasets?.test === undefined ? undefined : await labelled(ctx, 'test', model.datasets.test);
  const short = lackingOfTypes(train, test);
  if (short.length > 0) {
    throw new EngineFailed(
      `The datasets do not suffice to train a segmentation model: ${short.join('; ')}. ` +
        'Add such images, or leave the masks out to train a classification model.',
    );
  }
  const sets = test === undefined ? split(train) : { train, test };
  await ctx.objects.write(examples.train, written(sets.train));
  await ctx.objects.write(examples.test, written(sets.test)); // last: where it is, both are
}

/**
 * The labelled lines of a generation that the training has recorded. It lives until the training has ended;
 * only one that was asked for under release 0.1 may find it gone.
 */
async function labelled(
  { store }: TaskContext,
  type: 'train' | 'test',
  generation: string,
): Promise<LabelledEntry[]> {
  const found: LabelledEntry[] = [];
  for await (const { line, position } of store.entries.list(generation)) {
    const entry: Entry | undefined = parseEntry(line);
    if (entry !== undefined && isLabelled(entry))
      found.push({ ...entry, place: `line ${position} of the ${type} dataset` });
  }
  if (found.length === 0)
    throw new EngineFailed(`The ${type} dataset changed before the training could begin. Train again.`);
  return found;
}

const written = (entries: readonly LabelledEntry[]): Uint8Array =>
  Buffer.from(
    entries
      .map(({ sourceRef, label, mask, text, place }) => {
        const example: TrainingExample = {
          source: sourceRef,
          label,
          ...(place !== undefined && { place }),
          line: JSON.parse(text) as Record<string, unknown>,
          ...(mask !== undefined &&
            mask.classes.length > 0 && { mask: { ref: mask.ref, classes: mask.classes } }),
        };
        return `${JSON.stringify(example)}\n`;
      })
      .join(''),
  );

/**
 * The train dataset decides what kind of model it is: one picture with a mask makes it a segmentation model.
 */
export async function train(input: TaskInput, ctx: TaskContext): Promise<TrainingProgress> {
  const model = await claimed(ctx, input, [state]);
  const training = trainingOf(input, model, ctx);
  const examples = await readExamples(ctx.objects, training.examples.train);
  await commit(
    ctx,
    ctx.store.models.move(input, [state], {
      set: leased(ctx, model, ctx.clock.now(), ctx.settings.times.provision),
    }),
  );
  await ctx.trainer.start({
    ...training,
    segmentation: examples.some(({ mask }) => mask !== undefined),
    ...(model.kmsKeyId !== undefined && { kmsKeyId: model.kmsKeyId }),
  });
  const round = input.progress?.round ?? 0;
  return { state: 'training', wait: waitOf(round), round, createdAt: model.createdAt };
}

/**
 * @throws EngineFailed if the trainer says so, or the deadline has passed and this look, made after it, finds
 * the training unfinished
 */
export async function observeTraining(input: TaskInput, ctx: TaskContext): Promise<TrainingProgress> {
  const model = await claimed(ctx, input, [state]);
  const { createdAt } = model;
  const now = ctx.clock.now();
  const deadline = fairDeadline(model, now);
  const seen = await ctx.trainer.observe(trainingOf(input, model, ctx));
  if (seen.state === 'failed') throw new EngineFailed(seen.reason);
  if (seen.state === 'trained') return { state: 'trained', wait: 0, round: 0, createdAt };
  if (now > deadline) {
    throw new EngineFailed(
      `The training took longer than ${Math.round((deadline - model.operation.at) / 60_000)} minutes and ` +
        'was ended. Train with fewer or smaller images.',
    );
  }
  const round = (input.progress?.round ?? 0) + 1;
  const wait = waitOf(round);
  const note = seen.state === 'running' && seen.note !== undefined ? ` ${seen.note}` : '';
  await commit(
    ctx,
    ctx.store.models.move(input, [state], {
      set: { ...leased(ctx, model, now, wait), statusMessage: `${statusMessage.training}${note}` },
    }),
  );
  return { state: seen.state === 'missing' ? 'missing' : 'running', wait, round, createdAt };
}

/** The evaluation files go into the caller's bucket first: a version that is TRAINED has them. */
export async function markTrained(input: TaskInput, ctx: TaskContext): Promise<void> {
  const model = await claimed(ctx, input, [state, 'TRAINED']);
  if (model.status === 'TRAINED') return; // this task was here before, and its answer was lost
  const training = trainingOf(input, model, ctx);
  const seen = await ctx.trainer.observe(training);
  if (seen.state !== 'trained') throw new Error(`the training is ${seen.state} although it was trained`);
  const bytes = await ctx.objects.read(seen.results);
  if (bytes === undefined) throw new Error('the results of the training are gone');
  const results = JSON.parse(Buffer.from(bytes).toString()) as TrainingResults;
  const { evaluationFiles, reliability } = await writeFiles(ctx, model, training, results);
  const { f1Score, precision, recall, evaluatedAt } = results;
  await commit(
    ctx,
    ctx.store.models.move(input, [state], {
      set: {
        status: 'TRAINED',
        statusMessage: `${statusMessage.trained} ${describeReliability(f1Score, reliability)}`,
        artifact: seen.artifact,
        evaluation: { f1Score, precision, recall, evaluatedAt },
        evaluationFiles,
      },
      remove: ['dueAt'],
    }),
    ctx.store.quotas.giveBack('TRAINING_JOBS'),
  );
}

async function writeFiles(
  ctx: TaskContext,
  model: Model,
  training: TrainingRef,
  results: TrainingResults,
): Promise<{
  readonly evaluationFiles: NonNullable<Model['evaluationFiles']>;
  readonly reliability: Reliability;
}> {
  const { bucket, prefix } = model.output ?? training.workspace;
  const keys = evaluationKeys(prefix, model);
  const examples = new Map(
    (await readExamples(ctx.objects, training.examples.test)).map((example) => [example.source, example]),
  );
  const judged = results.pictures.map(({ source, isAnomalous, confidence }) => ({
    line: examples.get(source)?.line ?? { 'source-ref': source },
    isAnomalous,
    confidence,
  }));
  const { crossValidation, notes } = results;
  const reliability: Reliability = {
    counts: countVerdicts(
      results.pictures.map(({ source, isAnomalous }) => ({
        isAnomaly: examples.get(source)?.label === 'anomaly',
        isAnomalous,
      })),
    ),
    ...(crossValidation !== undefined && { crossValidation }),
    ...(notes !== undefined && { notes }),
  };
  try {
    await ctx.objects.write(
      { bucket, key: keys.result },
      Buffer.from(evaluationResult(ctx.settings, model, results, reliability)),
    );
    await ctx.objects.write(
      { bucket, key: keys.manifest },
      Buffer.from(evaluationManifest(ctx.settings, model, results.evaluatedAt, judged)),
    );
  } catch (error) {
    if (error instanceof LocationRefused)
      throw new EngineFailed(`The evaluation cannot be written: ${error.message}.`);
    throw error;
  }
  return { evaluationFiles: { bucket, manifest: keys.manifest, result: keys.result }, reliability };
}

export async function markTrainingFailed(input: TaskInput, ctx: TaskContext): Promise<void> {
  const model = await claimed(ctx, input, [state, 'TRAINING_FAILED']);
  if (model.status === 'TRAINING_FAILED') return; // this task was here before, and its answer was lost
  const reason = reasonOf(input.failure?.Cause);
  ctx.log.event('training.failed', {
    model: `${model.project}/${model.version}`,
    operationId: input.operationId,
    reason,
  });
  await commit(
    ctx,
    ctx.store.models.move(input, [state], {
      set: { status: 'TRAINING_FAILED', statusMessage: reason },
      remove: ['dueAt'],
    }),
    ctx.store.quotas.giveBack('TRAINING_JOBS'),
  );
}

/**
 * What the training needed and the model does not. The model may be gone by now, or begin another life: then
 * all of this went with it.
 */
export async function cleanUp(
  input: TaskData<ModelInput, TrainingProgress>,
  ctx: TaskContext,
): Promise<void> {
  const createdAt = input.progress?.createdAt ?? (await birthOf(input, ctx));
  if (createdAt === undefined) return;
  const training = trainingOf(input, { createdAt }, ctx);
  await ctx.trainer.stop(training);
  await ctx.objects.removeAll(training.workspace.bucket, `${training.workspace.prefix}examples/`);
}

/** Of a training that failed before it was ever looked at. */
async function birthOf(input: ModelInput, { store }: TaskContext): Promise<number | undefined> {
  const model = await store.models.get(input);
  return model?.operation.id === input.operationId ? model.createdAt : undefined;
}
