import { LambdaClient } from '@aws-sdk/client-lambda';
import { SageMakerRuntimeClient } from '@aws-sdk/client-sagemaker-runtime';
import type { Environment } from '../contract/environments.ts';
import { createLambdaDetector } from '../engines/lambda/detect.ts';
import { routeDetector } from '../engines/route.ts';
import { createSageMakerDetector } from '../engines/sagemaker/hosting/detect.ts';
import type { DetectContext } from '../operations/context.ts';
import { HostedMemory } from '../operations/models/hosted-memory.ts';
import { base } from './base.ts';

/** One attempt: the caller's SDK tries again, and knows for how long it cares. */
export function detectContext(env: Environment<'detect'>): DetectContext {
  const common = base(env);
  const { clock, log } = common;
  const stage = env.STAGE;
  return {
    ...common,
    engine: routeDetector({
      onnx: createLambdaDetector({
        lambda: new LambdaClient({ maxAttempts: 1 }),
        stage,
        clock,
        log,
        unitTimeout: env.UNIT_TIMEOUT * 1000,
      }),
      ...(env.ENGINES.includes('sagemaker') && {
        sagemaker: createSageMakerDetector({
          runtime: new SageMakerRuntimeClient({ maxAttempts: 1 }),
          stage,
        }),
      }),
    }),
    hosted: new HostedMemory(),
  };
}
