import { servingStates } from '../domain/lifecycle.ts';
import { modelId } from '../domain/model.ts';
import { refOf } from '../engines/engine.ts';
import type { SweepContext } from '../workflows/context.ts';
import { failHosted } from '../workflows/hosting/health.ts';
import { sweep } from '../workflows/sweep/sweep.ts';

/**
 * How long a host that starts waits for the models that were hosted when the last one ended, in milliseconds.
 */
const patience = 20_000;

const everything = Number.MAX_SAFE_INTEGER;

/**
 * Brings back what a host that ended, however it ended, was doing. Units are this process's children, so the
 * models that were hosted get theirs again; and since no other host can be at work on this folder, whatever
 * is under way is taken over at once.
 */
export async function restore(ctx: SweepContext): Promise<void> {
  const { store, engine, clock, log } = ctx;
  const hosted = [];
  for await (const row of store.due.until(everything)) {
    if (row.kind !== 'deployment') continue;
    const [deployment, model] = await Promise.all([
      store.deployments.get(row.key),
      store.models.get(row.key),
    ]);
    if (
      deployment === undefined ||
      model?.deploymentId !== deployment.id ||
      !servingStates.includes(model.status) ||
      model.artifact === undefined
    )
      continue;
    try {
      await engine.create({
        ...refOf(deployment),
        units: deployment.units,
        source: model.source,
        artifact: model.artifact,
      });
      hosted.push(deployment);
    } catch (error) {
      // One model's trouble, an artifact that is gone for example, is not the others'.
      log.error('a hosted model could not be brought back', {
        model: modelId(model),
        deployment: deployment.id,
        error,
      });
      await failHosted(
        ctx,
        model,
        deployment,
        `The model could not be hosted again after a restart. ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }
  const until = clock.now() + patience;
  for (const deployment of hosted) {
    while (clock.now() < until && (await engine.observe(refOf(deployment))).state === 'creating')
      await clock.sleep(20);
    if (deployment.units.max !== undefined) await engine.scale(refOf(deployment), deployment.units);
  }
  if (hosted.length > 0) log.info('hosted models were brought back', { models: hosted.length });
  await sweep(ctx, everything);
}
