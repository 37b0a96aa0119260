import { servingStates } from '../domain/lifecycle.ts';
import { modelId } from '../domain/model.ts';
import { EngineBusy, NotHosted, refOf, type HostingEngine } from '../engines/engine.ts';
import type { DueRow } from '../store/due.ts';
import type { SweepContext } from '../workflows/context.ts';
import { failHosted } from '../workflows/hosting/health.ts';
import { sweepRows } from '../workflows/sweep/sweep.ts';

/**
 * How long a host that starts waits for the models that were hosted when the last one ended, in milliseconds.
 */
const startTimeout = 20_000;

/**
 * What a host that ended, however it ended, left under way: every row that is due at some time. Found before
 * the host takes requests, so that what its callers begin is not among it. Deletions that are scheduled are
 * left to the sweep: they may take long, and nobody waits for them.
 */
export async function leftUnderWay(ctx: SweepContext): Promise<DueRow[]> {
  const rows: DueRow[] = [];
  for await (const row of ctx.store.due.until(Number.MAX_SAFE_INTEGER))
    if (row.kind !== 'discard') rows.push(row);
  return rows;
}

/**
 * Goes on with what was left. Units are this process's children, so the models that were hosted get theirs
 * again; and since no other host can be at work on this table, whatever is under way is taken over at once.
 */
export async function restore(ctx: SweepContext): Promise<void> {
  const rows = await leftUnderWay(ctx);
  await restoreHosted(ctx, rows);
  await takeOverLeft(ctx, rows);
}

/** A row that changed meanwhile is due later, and is not looked after. */
export async function takeOverLeft(ctx: SweepContext, rows: readonly DueRow[]): Promise<void> {
  await sweepRows(ctx, rows, ({ dueAt }) => dueAt);
}

/**
 * Brings back the models that were hosted. What callers stop or start meanwhile is safe: the engine does
 * not create what it removed, and a row is failed under the condition that it is still the one that was read.
 */
export async function restoreHosted(ctx: SweepContext, rows: readonly DueRow[]): Promise<void> {
  const { store, engine, clock, log } = ctx;
  const hosted = [];
  for (const row of rows) {
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
        'The model could not be hosted again after a restart. ' +
          (error instanceof Error ? error.message : String(error)),
      );
    }
  }
  const until = clock.now() + startTimeout;
  for (const deployment of hosted) {
    while (clock.now() < until && (await engine.observe(refOf(deployment))).state === 'creating')
      await clock.sleep(20);
    if (deployment.units.max !== undefined) await engine.scale(refOf(deployment), deployment.units);
  }
  if (hosted.length > 0) log.info('hosted models were brought back', { models: hosted.length });
}

/**
 * The engine as callers see it while hosted models are brought back: one that has no units yet is busy, not
 * gone, and clients try again by themselves.
 */
export function duringRestore(engine: HostingEngine, isOver: () => boolean): Pick<HostingEngine, 'detect'> {
  return {
    detect: async (...asked) => {
      try {
        return await engine.detect(...asked);
      } catch (error) {
        if (isOver() || !(error instanceof NotHosted)) throw error;
        throw new EngineBusy(
          'The host has just started and loads its hosted models again. Try your call again.',
          2,
        );
      }
    },
  };
}
