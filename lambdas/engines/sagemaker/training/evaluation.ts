import {
  CreateModelCommand,
  CreateTransformJobCommand,
  type DescribeTransformJobResponse,
} from '@aws-sdk/client-sagemaker';
import type { PictureType } from '../../../domain/verdict.ts';
import { findTransformJob, transformNameOf } from '../hosting/jobs.ts';
import { versionNameOf } from '../hosting/names.ts';
import { isJobTaken, isMissing, isTaken } from '../hosting/refusals.ts';
import { findArn } from '../hosting/resources.ts';
import type { TrainingRef, TrainingSpec } from '../../trainer.ts';
import type { SageMakerTrainerOptions } from './options.ts';
import { order, requireOurs, trainingTags } from './orders.ts';
import { userMessageOf, type About } from './user-messages.ts';
import { answersUrl, picturesUrl } from './workspace.ts';

/**
 * The largest picture that a dataset may have is 8 MB; the service counts in MiB, and refuses more than 100
 * of them at a time.
 */
const payloadMegabytes = 10;

export const aboutTransform = (
  options: SageMakerTrainerOptions,
  { model }: TrainingRef,
  type: PictureType,
): About => ({
  job: transformNameOf(options, model, type),
  use: 'transform',
  instanceType: options.transformInstanceType,
  maxSeconds: options.training.maxSeconds,
});

/**
 * Orders a model of the package, and a transform for each type of picture that occurs, since a transform
 * tells the container but one.
 * @returns whether all of them have completed
 * @throws EngineFailed
 */
export async function orderEvaluation(
  options: SageMakerTrainerOptions,
  spec: TrainingSpec,
  types: readonly PictureType[],
): Promise<boolean> {
  const found = await Promise.all(types.map((type) => findOwnTransform(options, spec, type)));
  const missing = types.filter((_, index) => found[index] === undefined);
  if (missing.length > 0) await orderModel(options, spec);
  for (const type of missing) await orderTransform(options, spec, type);
  return found.every((each) => each?.TransformJobStatus === 'Completed');
}

async function findOwnTransform(
  options: SageMakerTrainerOptions,
  { model }: TrainingRef,
  type: PictureType,
): Promise<DescribeTransformJobResponse | undefined> {
  const name = transformNameOf(options, model, type);
  const found = await findTransformJob(options, name);
  if (found?.TransformJobArn !== undefined)
    await requireOurs(options, model, 'transform job', name, found.TransformJobArn);
  return found;
}

async function orderModel(options: SageMakerTrainerOptions, spec: TrainingSpec): Promise<void> {
  const name = versionNameOf(options, spec.model);
  const about: About = {
    job: name,
    use: 'transform',
    instanceType: options.transformInstanceType,
    maxSeconds: options.training.maxSeconds,
  };
  await order(options, spec, {
    kind: 'model',
    name,
    translate: userMessageOf(about),
    isTaken: (error) => isTaken(error, 'model'),
    find: () => findArn(options, 'model', name),
    give: () =>
      options.sagemaker.send(
        new CreateModelCommand({
          ModelName: name,
          PrimaryContainer: { ModelPackageName: name },
          ExecutionRoleArn: options.executionRoleArn,
          EnableNetworkIsolation: true,
          Tags: trainingTags(options, spec),
        }),
      ),
  });
}

async function orderTransform(
  options: SageMakerTrainerOptions,
  spec: TrainingSpec,
  type: PictureType,
): Promise<void> {
  const name = transformNameOf(options, spec.model, type);
  const model = versionNameOf(options, spec.model);
  await order(options, spec, {
    kind: 'transform job',
    name,
    translate: userMessageOf(aboutTransform(options, spec, type)),
    isTaken: isJobTaken,
    isEarly: (error) => isMissing(error, 'model', model),
    find: async () => (await findTransformJob(options, name))?.TransformJobArn,
    give: () =>
      options.sagemaker.send(
        new CreateTransformJobCommand({
          TransformJobName: name,
          ModelName: model,
          // One picture a request, as it is.
          BatchStrategy: 'SingleRecord',
          MaxPayloadInMB: payloadMegabytes,
          TransformInput: {
            DataSource: { S3DataSource: { S3DataType: 'S3Prefix', S3Uri: picturesUrl(spec, type) } },
            ContentType: type,
            SplitType: 'None',
            CompressionType: 'None',
          },
          TransformOutput: {
            S3OutputPath: answersUrl(spec, type),
            Accept: 'application/json',
            AssembleWith: 'None',
          },
          TransformResources: { InstanceType: options.transformInstanceType, InstanceCount: 1 },
          Tags: trainingTags(options, spec),
        }),
      ),
  });
}
