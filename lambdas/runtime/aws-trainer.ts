import { S3Client } from '@aws-sdk/client-s3';
import { SageMakerClient, type TrainingInstanceType, type TransformInstanceType } from '@aws-sdk/client-sagemaker';
import { createSageMakerTrainer } from '../training/sagemaker/trainer.ts';
import type { Trainer } from '../training/trainer.ts';
import type { Base } from './aws.ts';
import { S3Objects } from './s3-objects.ts';

/** What a function that trains is told. */
export interface TrainingEnvironment {
  readonly STAGE: string;
  /** What models are hosted on judges them as well: a version that is TRAINED has answered there. */
  readonly INSTANCE_TYPE: string;
  readonly ENGINE_TAGS: Readonly<Record<string, string>>;
  readonly ARTIFACT_BUCKET: string;
  readonly ALGORITHM_ARN?: string | undefined;
  readonly TRAINING_INSTANCE_TYPE: string;
  readonly TRAINING_VOLUME_GB: number;
  readonly TRAINING_MAX_SECONDS: number;
  readonly TRAINING_ROLE_ARN: string;
}

export const sageMakerTrainer = (env: TrainingEnvironment, { clock }: Pick<Base, 'clock'>): Trainer => createSageMakerTrainer({
  sagemaker: new SageMakerClient(),
  stage: env.STAGE,
  tags: env.ENGINE_TAGS,
  ...(env.ALGORITHM_ARN !== undefined && { algorithmArn: env.ALGORITHM_ARN }),
  training: {
    instanceType: env.TRAINING_INSTANCE_TYPE as TrainingInstanceType, volumeGigabytes: env.TRAINING_VOLUME_GB, maxSeconds: env.TRAINING_MAX_SECONDS,
  },
  transformInstanceType: env.INSTANCE_TYPE as TransformInstanceType,
  executionRoleArn: env.TRAINING_ROLE_ARN,
  // The bucket of a caller may be in another region.
  objects: new S3Objects(new S3Client({ followRegionRedirects: true })),
  artifacts: { bucket: env.ARTIFACT_BUCKET, prefix: '' },
  clock,
});
