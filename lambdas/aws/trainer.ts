import { LambdaClient } from '@aws-sdk/client-lambda';
import {
  SageMakerClient,
  type TrainingInstanceType,
  type TransformInstanceType,
} from '@aws-sdk/client-sagemaker';
import type { Environment } from '../contract/environments.ts';
import { createLambdaTrainer } from '../engines/lambda/trainer.ts';
import { routeTrainer } from '../engines/route.ts';
import { createSageMakerTrainer } from '../engines/sagemaker/training/trainer.ts';
import type { Trainer } from '../engines/trainer.ts';
import { artifactsOf } from './artifacts.ts';
import type { Base } from './base.ts';
import { s3Objects } from './s3-objects.ts';

/** The stage's trainer; and, where it has two, the one that is not chosen, for what that has begun. */
export function awsTrainer(env: Environment<'training'>, { clock }: Pick<Base, 'clock'>): Trainer {
  const lambda = createLambdaTrainer({
    lambda: new LambdaClient(),
    stage: env.STAGE,
    objects: s3Objects(),
    artifacts: artifactsOf(env),
    clock,
    functionName: env.TRAINER_FUNCTION,
  });
  const sagemaker = sageMakerTrainer(env, { clock });
  if (sagemaker === undefined) return lambda;
  return env.TRAINER === 'sagemaker' ? routeTrainer(sagemaker, lambda) : routeTrainer(lambda, sagemaker);
}

function sageMakerTrainer(env: Environment<'training'>, { clock }: Pick<Base, 'clock'>): Trainer | undefined {
  const { INSTANCE_TYPE, TRAINING_ROLE_ARN, TRAINING_INSTANCE_TYPE } = env;
  if (INSTANCE_TYPE === undefined || TRAINING_ROLE_ARN === undefined || TRAINING_INSTANCE_TYPE === undefined)
    return undefined;
  return createSageMakerTrainer({
    sagemaker: new SageMakerClient(),
    stage: env.STAGE,
    tags: env.ENGINE_TAGS,
    ...(env.ALGORITHM_ARN !== undefined && { algorithmArn: env.ALGORITHM_ARN }),
    training: {
      instanceType: TRAINING_INSTANCE_TYPE as TrainingInstanceType,
      volumeGigabytes: env.TRAINING_VOLUME_GIGABYTES,
      maxSeconds: env.TRAINING_SECONDS,
    },
    // What models are hosted on judges them as well: a version that is TRAINED has answered there.
    transformInstanceType: INSTANCE_TYPE as TransformInstanceType,
    executionRoleArn: TRAINING_ROLE_ARN,
    objects: s3Objects(),
    artifacts: artifactsOf(env),
    clock,
  });
}
