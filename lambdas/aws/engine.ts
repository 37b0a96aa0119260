import { ApplicationAutoScalingClient } from '@aws-sdk/client-application-auto-scaling';
import { LambdaClient, type Architecture } from '@aws-sdk/client-lambda';
import { SageMakerClient, type ProductionVariantInstanceType } from '@aws-sdk/client-sagemaker';
import { SageMakerRuntimeClient } from '@aws-sdk/client-sagemaker-runtime';
import type { Environment } from '../contract/environments.ts';
import type { HostingEngine } from '../engines/engine.ts';
import { createLambdaEngine } from '../engines/lambda/engine.ts';
import type { LambdaEngineOptions } from '../engines/lambda/options.ts';
import { routeEngine } from '../engines/route.ts';
import { createSageMakerEngine } from '../engines/sagemaker/hosting/engine.ts';
import type { Base } from './base.ts';

type Engine = Environment<'provision'>;
type Common = Pick<Base, 'clock'>;

/**
 * The engines of the tasks and the sweep. Which of their calls succeed is decided by the role that the
 * function runs under.
 * @param pack makes a unit's package: for the task that makes units
 */
export function awsEngine(env: Engine, common: Common, pack?: LambdaEngineOptions['pack']): HostingEngine {
  const refuse = (): never => {
    throw new Error('This function asks no unit.');
  };
  return routeEngine({
    onnx: { ...lambdaEngine(env, common, pack), detect: refuse },
    ...(env.EXECUTION_ROLE_ARN !== undefined &&
      env.INSTANCE_TYPE !== undefined && {
        sagemaker: sageMakerEngine(env, common, env.EXECUTION_ROLE_ARN, env.INSTANCE_TYPE),
      }),
  });
}

const lambdaEngine = (env: Engine, { clock }: Common, pack: LambdaEngineOptions['pack']) =>
  createLambdaEngine({
    lambda: new LambdaClient(),
    scaling: new ApplicationAutoScalingClient(),
    stage: env.STAGE,
    tags: env.ENGINE_TAGS,
    clock,
    units: {
      mode: env.UNIT_MODE === 'provisioned' ? 'provisioned' : 'onDemand',
      roleArn: env.UNIT_ROLE_ARN,
      layerArn: env.UNIT_LAYER_ARN,
      logGroup: env.UNIT_LOG_GROUP,
      memory: env.UNIT_MEMORY,
      timeout: env.UNIT_TIMEOUT,
      architecture: env.UNIT_ARCHITECTURE as Architecture,
      utilization: env.UNIT_UTILIZATION,
      ...(env.UNIT_SUBNET_IDS.length > 0 && {
        vpc: { subnetIds: env.UNIT_SUBNET_IDS, securityGroupIds: env.UNIT_SECURITY_GROUP_IDS },
      }),
    },
    ...(pack !== undefined && { pack }),
  });

const sageMakerEngine = (
  env: Engine,
  { clock }: Common,
  executionRoleArn: string,
  instanceType: string,
): HostingEngine =>
  createSageMakerEngine({
    sagemaker: new SageMakerClient(),
    runtime: new SageMakerRuntimeClient(),
    scaling: new ApplicationAutoScalingClient(),
    stage: env.STAGE,
    instanceType: instanceType as ProductionVariantInstanceType,
    executionRoleArn,
    invocationsPerInstance: env.INVOCATIONS_PER_INSTANCE,
    tags: env.ENGINE_TAGS,
    ...(env.VOLUME_KEY_ARN !== undefined && { kmsKeyId: env.VOLUME_KEY_ARN }),
    clock,
  });
