import { ApplicationAutoScalingClient } from '@aws-sdk/client-application-auto-scaling';
import { SageMakerClient, type ProductionVariantInstanceType } from '@aws-sdk/client-sagemaker';
import { SageMakerRuntimeClient } from '@aws-sdk/client-sagemaker-runtime';
import type { Environment } from '../contract/environments.ts';
import type { HostingEngine } from '../engines/engine.ts';
import { createSageMakerEngine } from '../engines/sagemaker/hosting/engine.ts';
import type { Base } from './base.ts';
import { tellingQuota } from './metered-engine.ts';

/**
 * The engine of the tasks and the sweep. Which of its calls succeed is decided by the role that the function
 * runs under.
 */
export const sageMakerEngine = (
  env: Environment<'provision'>,
  { clock, log }: Pick<Base, 'clock' | 'log'>,
): HostingEngine =>
  tellingQuota(
    createSageMakerEngine({
      sagemaker: new SageMakerClient(),
      runtime: new SageMakerRuntimeClient(),
      scaling: new ApplicationAutoScalingClient(),
      stage: env.STAGE,
      instanceType: env.INSTANCE_TYPE as ProductionVariantInstanceType,
      executionRoleArn: env.EXECUTION_ROLE_ARN,
      invocationsPerInstance: env.INVOCATIONS_PER_INSTANCE,
      tags: env.ENGINE_TAGS,
      ...(env.VOLUME_KEY_ARN !== undefined && { kmsKeyId: env.VOLUME_KEY_ARN }),
      clock,
    }),
    log,
  );
