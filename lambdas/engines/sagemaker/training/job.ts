import { CreateTrainingJobCommand, type DescribeTrainingJobResponse } from '@aws-sdk/client-sagemaker';
import { findTrainingJob } from '../hosting/jobs.ts';
import { versionNameOf } from '../hosting/names.ts';
import { isJobTaken } from '../hosting/refusals.ts';
import { readExamples, type TrainingRef, type TrainingSpec } from '../../trainer.ts';
import { attributesOf, blankMask, trainingManifest } from './manifest.ts';
import type { SageMakerTrainerOptions } from './options.ts';
import { order, requireOurs, trainingTags } from './orders.ts';
import { userMessageOf, type About } from './user-messages.ts';
import { blankMaskAt, manifestAt, outputUrl } from './workspace.ts';
import { locationUrl } from '../../../domain/locations.ts';

export const aboutTraining = (options: SageMakerTrainerOptions, { model }: TrainingRef): About => ({
  job: versionNameOf(options, model),
  use: 'training',
  instanceType: options.training.instanceType,
  maxSeconds: options.training.maxSeconds,
});

/**
 * The job that an earlier call ordered.
 * @throws EngineFailed if the name is somebody else's
 */
export async function findOwnJob(
  options: SageMakerTrainerOptions,
  { model }: TrainingRef,
): Promise<DescribeTrainingJobResponse | undefined> {
  const name = versionNameOf(options, model);
  const found = await findTrainingJob(options, name);
  if (found?.TrainingJobArn !== undefined)
    await requireOurs(options, model, 'training job', name, found.TrainingJobArn);
  return found;
}

/**
 * Writes the manifest, and orders the job. The algorithm's channel, modes and attribute names are those of
 * its published notebooks.
 * @throws EngineFailed
 */
export async function orderTraining(
  options: SageMakerTrainerOptions,
  algorithmArn: string,
  spec: TrainingSpec,
): Promise<void> {
  const { sagemaker, training } = options;
  const name = versionNameOf(options, spec.model);
  await writeManifest(options, spec);
  const attributes = attributesOf(spec.segmentation);
  await order(options, spec, {
    kind: 'training job',
    name,
    translate: userMessageOf(aboutTraining(options, spec)),
    isTaken: isJobTaken,
    find: async () => (await findTrainingJob(options, name))?.TrainingJobArn,
    give: () =>
      sagemaker.send(
        new CreateTrainingJobCommand({
          TrainingJobName: name,
          RoleArn: options.executionRoleArn,
          AlgorithmSpecification: {
            AlgorithmName: algorithmArn,
            TrainingInputMode: 'Pipe',
            EnableSageMakerMetricsTimeSeries: false,
          },
          HyperParameters: {
            ModelType: spec.segmentation ? 'segmentation' : 'classification',
            TrainingInputDataAttributeNames: attributes.join(','),
            TestInputDataAttributeNames: attributes.join(','),
          },
          InputDataConfig: [
            {
              ChannelName: 'training',
              DataSource: {
                S3DataSource: {
                  S3DataType: 'AugmentedManifestFile',
                  S3Uri: locationUrl(manifestAt(spec)),
                  S3DataDistributionType: 'ShardedByS3Key',
                  AttributeNames: [...attributes],
                },
              },
              InputMode: 'Pipe',
              RecordWrapperType: 'RecordIO',
              CompressionType: 'None',
            },
          ],
          OutputDataConfig: {
            S3OutputPath: outputUrl(spec),
            ...(spec.kmsKeyId !== undefined && { KmsKeyId: spec.kmsKeyId }),
          },
          ResourceConfig: {
            InstanceType: training.instanceType,
            InstanceCount: 1,
            VolumeSizeInGB: training.volumeGigabytes,
          },
          StoppingCondition: { MaxRuntimeInSeconds: training.maxSeconds },
          // Marketplace products demand it.
          EnableNetworkIsolation: true,
          Tags: trainingTags(options, spec),
        }),
      ),
  });
}

async function writeManifest({ objects }: SageMakerTrainerOptions, spec: TrainingSpec): Promise<void> {
  const { segmentation, model, examples } = spec;
  if (segmentation) await objects.write(blankMaskAt(spec), blankMask);
  const lines = trainingManifest(await readExamples(objects, examples.train), {
    segmentation,
    blankMask: locationUrl(blankMaskAt(spec)),
    labelledAt: model.createdAt,
  });
  await objects.write(manifestAt(spec), Buffer.from(lines));
}
