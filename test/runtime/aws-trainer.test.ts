import { expect, test } from '@jest/globals';
import { sageMakerTrainer, type TrainingEnvironment } from '../../lambdas/runtime/aws-trainer.ts';
import { BadSageMakerOption } from '../../lambdas/hosting/sagemaker/options.ts';
import { TestClock } from '../helpers/clock.ts';

const env: TrainingEnvironment = {
  STAGE: 'prod', INSTANCE_TYPE: 'ml.c5.2xlarge', ENGINE_TAGS: { team: 'press' }, ARTIFACT_BUCKET: 'ours', TRAINING_INSTANCE_TYPE: 'ml.g4dn.2xlarge', TRAINING_VOLUME_GB: 20,
  TRAINING_MAX_SECONDS: 7200, TRAINING_ROLE_ARN: 'arn:aws:iam::123456789012:role/training',
};

test('the environment says where workspaces are, and is checked before anything is trained', () => {
  const clock = new TestClock();
  expect(sageMakerTrainer(env, { clock }).artifacts).toEqual({ bucket: 'ours', prefix: '' });
  expect(() => sageMakerTrainer({ ...env, TRAINING_VOLUME_GB: 0 }, { clock })).toThrow(BadSageMakerOption);
  expect(() => sageMakerTrainer({ ...env, ENGINE_TAGS: { 'aws:x': '1' } }, { clock })).toThrow(BadSageMakerOption);
});
