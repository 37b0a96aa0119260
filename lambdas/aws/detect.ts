import { SageMakerRuntimeClient } from '@aws-sdk/client-sagemaker-runtime';
import type { Environment } from '../contract/environments.ts';
import { createSageMakerDetector } from '../engines/sagemaker/hosting/detect.ts';
import type { DetectContext } from '../operations/context.ts';
import { HostedMemory } from '../operations/models/hosted-memory.ts';
import { base } from './base.ts';

/** One attempt: the caller's SDK tries again, and knows for how long it cares. */
export const detectContext = (env: Environment<'detect'>): DetectContext => ({
  ...base(env),
  engine: createSageMakerDetector({
    runtime: new SageMakerRuntimeClient({ maxAttempts: 1 }),
    stage: env.STAGE,
  }),
  hosted: new HostedMemory(),
});
