import {
  SageMakerClient,
  type TrainingInstanceType,
  type TransformInstanceType,
} from '@aws-sdk/client-sagemaker';
import type { Environment } from '../contract/environments.ts';
import { createSageMakerTrainer } from '../engines/sagemaker/training/trainer.ts';
import type { Trainer } from '../engines/trainer.ts';
import { artifactsOf } from './artifacts.ts';
import type { Base } from './base.ts';
import { s3Objects } from './s3-objects.ts';

export const sageMakerTrainer = (env: Environment<'training'>, { clock }: Pick<Base, 'clock'>): Trainer =>
  createSageMakerTrainer({
    sagemaker: new SageMakerClient(),
    stage: env.STAGE,
    tags: env.ENGINE_TAGS,
    ...(env.ALGORITHM_ARN !== undefined && { algorithmArn: env.ALGORITHM_ARN }),
    training: {
      instanceType: env.TRAINING_INSTANCE_TYPE as TrainingInstanceType,
      volumeGigabytes: env.TRAINING_VOLUME_GIGABYTES,
      maxSeconds: env.TRAINING_SECONDS,
    },
    // What models are hosted on judges them as well: a version that is TRAINED has answered there.
    transformInstanceType: env.INSTANCE_TYPE as TransformInstanceType,
    executionRoleArn: env.TRAINING_ROLE_ARN,
    objects: s3Objects(),
    artifacts: artifactsOf(env),
    clock,
  });
