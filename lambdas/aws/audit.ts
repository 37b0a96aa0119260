import { SageMakerClient } from '@aws-sdk/client-sagemaker';
import type { Environment } from '../contract/environments.ts';
import { createSageMakerInventory } from '../engines/sagemaker/hosting/inventory.ts';
import { audit } from '../workflows/sweep/audit.ts';
import { base, writeLine } from './base.ts';
import { metricLine } from './metrics.ts';

/** Once an hour. */
export function auditHandler(env: Environment<'audit'>): () => Promise<void> {
  const context = base(env);
  const inventory = createSageMakerInventory({
    sagemaker: new SageMakerClient({ maxAttempts: 8 }),
    stage: env.STAGE,
  });
  return async () => {
    const { looked, unknown, leftover } = await audit(context, inventory);
    context.log.info('audited', { looked, unknown: unknown.length, leftover: leftover.length });
    writeLine(
      metricLine(
        env.STAGE,
        { UnknownResources: unknown.length, LeftoverResources: leftover.length },
        [{}],
        context.clock.now(),
      ),
    );
  };
}
