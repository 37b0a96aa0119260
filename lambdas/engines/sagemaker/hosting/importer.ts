import type { Evaluation, Model } from '../../../domain/model.ts';
import { LocationRefused, type ObjectLocation } from '../../../domain/ports.ts';
import type { Admission, ModelImporter } from '../../engine.ts';
import { manifestKey, manifestOf, modelDataKey, prefixOf } from './artifact.ts';
import { BadEvaluation, parseEvaluation, readEvaluation } from './evaluation.ts';
import { endTraining } from './jobs.ts';
import { versionNameOf } from './names.ts';
import { checkArtifacts, checkOptions, type SageMakerImporterOptions } from './options.ts';
import {
  deletePackage,
  findOwnPackage,
  findPackage,
  orderPackage,
  packageProblem,
  packageState,
} from './packages.ts';
import { userMessageOf } from './user-messages.ts';
import { locationUrl, parseLocation } from '../../../domain/locations.ts';

/** The user can put this right; the message says how. */
class Refusal extends Error {}

/** What an evaluation is called beside model data, and what it must hold. */
const evaluationFile = 'evaluation.json';
const evaluationExample =
  '{"f1Score": 0.98, "precision": 0.97, "recall": 0.99, "evaluatedAt": "2025-06-30T12:00:00Z"}';

/**
 * Takes in what an endpoint can host: a model package, the training output of the subscribed algorithm, or an
 * image with its model data. Making a package of training output takes minutes, so `admit` may answer that it
 * is pending, and is to be called again.
 * @throws BadSageMakerOption
 */
export function createSageMakerImporter(options: SageMakerImporterOptions): ModelImporter {
  checkOptions(options);
  checkArtifacts(options);
  return {
    async admit(model) {
      try {
        return await admit(options, model);
      } catch (error) {
        // A store that will never serve a location says so under this name; any other failure is worth
        // another try.
        if (error instanceof Refusal || error instanceof LocationRefused)
          return { admitted: false, reason: error.message };
        throw error;
      }
    },
    discard: (model) => discard(options, model),
  };
}

/**
 * What an import left, or a training: one that ended well, badly, or by a crash that nobody came back for.
 * The jobs first, because one that still runs writes into the workspace.
 */
async function discard(options: SageMakerImporterOptions, model: Model): Promise<void> {
  const {
    objects,
    artifacts: { bucket, prefix },
  } = options;
  const trained = Object.keys(model.source).length === 0;
  if (trained) await endTraining(options, model);
  if (trained || model.source.S3 !== undefined) await deletePackage(options, model);
  await objects.removeAll(bucket, prefixOf(options, model));
  if (trained) await objects.removeAll(bucket, `${prefix}${model.project}/${model.version}-`);
}

function admit(options: SageMakerImporterOptions, model: Model): Promise<Admission> {
  const { S3, ModelPackageArn, Image, ModelDataUrl } = model.source;
  if (ModelPackageArn !== undefined) return admitPackage(options, model, ModelPackageArn);
  if (S3 !== undefined) return admitTrainingOutput(options, model, dataIn(S3.Bucket, S3.Prefix));
  if (Image !== undefined && ModelDataUrl !== undefined)
    return admitImage(options, model, Image, locationOf(ModelDataUrl));
  throw new Refusal('The source must be S3, ModelPackageArn, or Image with ModelDataUrl.');
}

async function admitPackage(
  options: SageMakerImporterOptions,
  model: Model,
  arn: string,
): Promise<Admission> {
  if (!allows(options.allowed.modelPackages, arn))
    throw new Refusal(`This stage does not allow the model package ${arn}. Ask its operator to list it.`);
  const found = await findPackage(options, arn).catch((error: unknown) => {
    if (error instanceof Error && /^(AccessDenied|ValidationException)/.test(error.name)) {
      throw new Refusal(`The model package ${arn} cannot be used: ${error.message}`);
    }
    throw error;
  });
  if (found === undefined)
    throw new Refusal(`There is no model package ${arn}, or this account may not see it.`);
  const problem = packageProblem(options, found);
  if (problem !== undefined) throw new Refusal(problem);
  return admitted(
    options,
    model,
    judged(
      "the model package's CustomerMetadataProperties (f1Score, precision, recall and evaluatedAt)",
      () => readEvaluation(found.CustomerMetadataProperties ?? {}),
    ),
  );
}

/**
 * Copy, package, wait. Each call finds out how far the one before it got; what was packaged is not copied
 * again.
 */
async function admitTrainingOutput(
  options: SageMakerImporterOptions,
  model: Model,
  from: ObjectLocation,
): Promise<Admission> {
  const { algorithmArn, artifacts, objects } = options;
  if (algorithmArn === undefined) {
    throw new Refusal(
      'This stage has no algorithm whose training output it could import. Ask its operator to configure ' +
        'the ARN of the subscribed algorithm.',
    );
  }
  const evaluation = await evaluationBeside(options, from);
  let found = await findOwnPackage(options, model);
  if (found === undefined) {
    const data = { bucket: artifacts.bucket, key: modelDataKey(prefixOf(options, model)) };
    await keep(objects, from, data);
    const about = { name: versionNameOf(options, model), instanceType: options.instanceType };
    const refused = await orderPackage(options, model, algorithmArn, locationUrl(data), (words) =>
      userMessageOf(words, about),
    );
    if (refused !== undefined) throw new Refusal(refused);
    found = await findOwnPackage(options, model);
  }
  const state = packageState(found);
  if (state.state === 'failed') throw new Refusal(state.reason);
  if (state.state === 'pending') return { admitted: 'pending', note: state.note };
  return admitted(options, model, evaluation);
}

async function admitImage(
  options: SageMakerImporterOptions,
  model: Model,
  image: string,
  from: ObjectLocation,
): Promise<Admission> {
  if (!allows(options.allowed.images, image))
    throw new Refusal(`This stage does not allow the image ${image}. Ask its operator to list it.`);
  const evaluation = await evaluationBeside(options, from);
  await keep(options.objects, from, {
    bucket: options.artifacts.bucket,
    key: modelDataKey(prefixOf(options, model)),
  });
  return admitted(options, model, evaluation);
}

async function keep(
  objects: SageMakerImporterOptions['objects'],
  from: ObjectLocation,
  to: ObjectLocation,
): Promise<void> {
  if (!(await objects.copy(from, to)))
    throw new Refusal(`There is no object ${locationUrl(from)}, or Crowsnest may not read it.`);
}

/** Asks for the bucket's permission before S3 is asked for anything. */
async function evaluationBeside(
  { allowed, objects }: SageMakerImporterOptions,
  { bucket, key }: ObjectLocation,
): Promise<Evaluation> {
  if (!allows(allowed.modelDataBuckets, bucket)) {
    throw new Refusal(
      `This stage does not allow model data from the bucket ${bucket}. Ask its operator to list it.`,
    );
  }
  const beside = { bucket, key: key.replace(/[^/]*$/, evaluationFile) };
  const url = locationUrl(beside);
  const bytes = await objects.read(beside);
  if (bytes === undefined)
    throw new Refusal(
      `There is no ${url}. Put the model's evaluation there, such as ${evaluationExample}, and import ` +
        'the model again.',
    );
  return judged(`${url}, such as ${evaluationExample}`, () => parseEvaluation(bytes));
}

function judged(where: string, read: () => Evaluation): Evaluation {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof BadEvaluation)) throw error;
    throw new Refusal(
      `The model's evaluation is incomplete: ${error.message}. Write it into ${where}, and import the ` +
        'model again.',
    );
  }
}

async function admitted(
  options: SageMakerImporterOptions,
  model: Model,
  evaluation: Evaluation,
): Promise<Admission> {
  const {
    artifacts: { bucket },
    objects,
  } = options;
  const prefix = prefixOf(options, model);
  await objects.write({ bucket, key: manifestKey(prefix) }, manifestOf(model, evaluation));
  return { admitted: true, artifact: { bucket, prefix, format: 'sagemaker' }, evaluation };
}

const allows = (list: readonly string[], name: string): boolean =>
  list.some((entry) => (entry.endsWith('*') ? name.startsWith(entry.slice(0, -1)) : name === entry));

/** A training job's output folder, or the archive in it. */
function dataIn(bucket: string, prefix = ''): ObjectLocation {
  if (prefix.endsWith('.tar.gz')) return { bucket, key: prefix };
  return { bucket, key: prefix === '' ? 'model.tar.gz' : `${prefix.replace(/\/+$/, '')}/model.tar.gz` };
}

function locationOf(url: string): ObjectLocation {
  const location = parseLocation(url);
  if (location === undefined) throw new Refusal(`ModelDataUrl must be s3://bucket/key, not ${url}.`);
  if (!location.key.endsWith('.tar.gz'))
    throw new Refusal(`ModelDataUrl must name a .tar.gz archive, as ${url} does not.`);
  return location;
}
