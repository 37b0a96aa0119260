import { LambdaClient } from '@aws-sdk/client-lambda';
import { SageMakerClient } from '@aws-sdk/client-sagemaker';
import type { Environment } from '../contract/environments.ts';
import { joinInventories, type EngineInventory } from '../engines/inventory.ts';
import { createLambdaInventory } from '../engines/lambda/inventory.ts';
import { createSageMakerInventory } from '../engines/sagemaker/hosting/inventory.ts';
import { audit } from '../workflows/sweep/audit.ts';
import { base, type Base } from './base.ts';

/** Once an hour. */
export const auditHandler = (env: Environment<'audit'>): (() => Promise<void>) =>
  auditOf(base(env), inventoryOf(env));

function inventoryOf({ STAGE: stage, ENGINES }: Environment<'audit'>): EngineInventory {
  const lambda = createLambdaInventory({ lambda: new LambdaClient({ maxAttempts: 8 }), stage });
  if (!ENGINES.includes('sagemaker')) return lambda;
  const sagemaker = new SageMakerClient({ maxAttempts: 8 });
  return joinInventories(lambda, createSageMakerInventory({ sagemaker, stage }));
}

export const auditOf =
  (context: Pick<Base, 'store' | 'clock' | 'log'>, inventory: EngineInventory): (() => Promise<void>) =>
  async () => {
    const { looked, unknown, leftover } = await audit(context, inventory);
    context.log.event('audit.ended', { looked, unknown: unknown.length, leftover: leftover.length });
  };
