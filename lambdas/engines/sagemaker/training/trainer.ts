import { EngineFailed } from '../../engine.ts';
import { endTraining, findTrainingJob, findTransformJob, transformNameOf } from '../hosting/jobs.ts';
import { versionNameOf } from '../hosting/names.ts';
import {
  findOwnPackage,
  findPackage,
  ForeignPackage,
  orderPackage,
  packageState,
} from '../hosting/packages.ts';
import type { Trainer, TrainingObservation, TrainingRef, TrainingSpec } from '../../trainer.ts';
import { aboutTransform, orderEvaluation } from './evaluation.ts';
import { aboutTraining, findOwnJob, orderTraining } from './job.ts';
import { judge } from './judge.ts';
import { checkTrainerOptions, giveUpAt, type SageMakerTrainerOptions } from './options.ts';
import { copyPictures, readCopied } from './pictures.ts';
import { userMessageOf } from './user-messages.ts';
import { trainingLevel, transformLevel } from './status.ts';
import { resultsAt, sweepUp } from './workspace.ts';

/**
 * Trains with the subscribed Marketplace algorithm, in steps, each of which SageMaker takes minutes for: the
 * training job, the model package of what it put out, and a batch transform that judges the package on the
 * test pictures. Nothing is remembered here: how far a training has got is what SageMaker and the workspace
 * say, so any step may be cut off, repeated, or done by somebody else.
 * @throws BadSageMakerOption
 */
export function createSageMakerTrainer(options: SageMakerTrainerOptions): Trainer {
  checkTrainerOptions(options);
  return {
    artifacts: options.artifacts,
    start: (spec) => start(options, spec),
    observe: (training) => observe(options, training),
    async stop(training) {
      await endTraining(options, training.model);
      await sweepUp(options.objects, training);
    },
  };
}

/** Finds the first step that has not been taken, and takes it. */
async function start(options: SageMakerTrainerOptions, spec: TrainingSpec): Promise<void> {
  const { algorithmArn, objects } = options;
  const until = giveUpAt(options);
  if (algorithmArn === undefined) {
    throw new EngineFailed(
      'This stage has no algorithm to train with. Ask its operator to subscribe to one in AWS ' +
        'Marketplace and to configure its ARN (algorithmArn).',
    );
  }
  if ((await objects.read(resultsAt(spec))) !== undefined) return;
  const job = await findOwnJob(options, spec);
  if (job === undefined) {
    // First the copies: an image that is missing is found before an hour of training is paid for.
    if (await copyPictures(options, spec, until)) await orderTraining(options, algorithmArn, spec);
    return;
  }
  if (job.TrainingJobStatus !== 'Completed') return;
  if (!(await isPackaged(options, spec, algorithmArn, job.ModelArtifacts?.S3ModelArtifacts))) return;
  const types = (await readCopied(options, spec))?.types;
  if (types === undefined)
    throw new EngineFailed('The test images of this training were removed from its workspace. Train again.');
  if (await orderEvaluation(options, spec, types)) await judge(options, spec, until);
}

/** @returns whether there is a package of the version, completed; orders one if there is none */
async function isPackaged(
  options: SageMakerTrainerOptions,
  spec: TrainingSpec,
  algorithmArn: string,
  modelDataUrl: string | undefined,
): Promise<boolean> {
  const found = await findOwnPackage(options, spec.model).catch((error: unknown) => {
    throw error instanceof ForeignPackage
      ? new EngineFailed(`${error.message} Train a new version.`, { cause: error })
      : error;
  });
  if (found !== undefined) return packageState(found).state === 'completed';
  if (modelDataUrl === undefined)
    throw new EngineFailed(
      'The training job says that it completed, and not where it left the model. Train again.',
    );
  const refused = await orderPackage(
    options,
    spec.model,
    algorithmArn,
    modelDataUrl,
    userMessageOf(aboutTraining(options, spec)),
  );
  if (refused !== undefined) throw new EngineFailed(refused);
  return false;
}

/** Looks along the steps, and says what the first that is not done has come to. */
async function observe(
  options: SageMakerTrainerOptions,
  training: TrainingRef,
): Promise<TrainingObservation> {
  const name = versionNameOf(options, training.model);
  const results = resultsAt(training);
  const { bucket, prefix } = training.workspace;
  // The engine finds the package by the last part of the prefix.
  if ((await options.objects.read(results)) !== undefined)
    return {
      state: 'trained',
      artifact: { bucket, prefix: `${prefix}${name}/`, format: 'sagemaker' },
      results,
    };
  const job = await findTrainingJob(options, name);
  if (job === undefined) return { state: 'missing' };
  const level = trainingLevel(job, aboutTraining(options, training));
  if (level.state !== 'done') return level;
  const found = await findPackage(options, name);
  if (found === undefined) return { state: 'missing' };
  const packaged = packageState(found);
  if (packaged.state === 'failed') return packaged;
  if (packaged.state === 'pending') return { state: 'running', note: packaged.note };
  return observeEvaluation(options, training);
}

async function observeEvaluation(
  options: SageMakerTrainerOptions,
  training: TrainingRef,
): Promise<TrainingObservation> {
  for (const type of (await readCopied(options, training))?.types ?? []) {
    const job = await findTransformJob(options, transformNameOf(options, training.model, type));
    if (job === undefined) return { state: 'missing' };
    const level = transformLevel(job, aboutTransform(options, training, type));
    if (level.state !== 'done') return level;
  }
  return { state: 'missing' }; // the answers are there, and have still to be read
}
