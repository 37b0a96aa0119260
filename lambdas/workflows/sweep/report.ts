import { modelId } from '../../domain/model.ts';
import type { TaskContext } from '../context.ts';

/** So many rows are written into the log, one line each; what is due beyond that is counted. */
const most = 200;

/**
 * What the sweep would look at, and nothing else: for a table that was restored, whose rows are of another
 * time than the engine's resources. To act on them would be to remove what is wanted now and to make again
 * what is not.
 */
export async function report({
  store,
  clock,
  log,
}: Pick<TaskContext, 'store' | 'clock' | 'log'>): Promise<{ readonly due: number }> {
  let due = 0;
  for await (const row of store.due.until(clock.now())) {
    due += 1;
    if (due > most) continue;
    if (row.kind !== 'model' && row.kind !== 'deployment') {
      log.event('sweep.row-reported', { ...row });
      continue;
    }
    const [model, deployment] = await Promise.all([
      store.models.get(row.key),
      row.kind === 'deployment' ? store.deployments.get(row.key) : undefined,
    ]);
    log.event('sweep.row-reported', {
      kind: row.kind,
      model: modelId(row.key),
      status: model?.status,
      operation: model?.operation,
      deployment,
    });
  }
  return { due };
}
