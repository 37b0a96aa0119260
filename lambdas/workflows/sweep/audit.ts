import type { EngineInventory, EngineResource } from '../../engines/inventory.ts';
import type { TaskContext } from '../context.ts';

export interface AuditReport {
  readonly looked: number;
  /**
   * The table never heard of these, and a row always precedes its resource: so this is not the table that
   * ordered them.
   */
  readonly unknown: readonly EngineResource[];
  /** Their run ended, once the engine had confirmed that nothing was left; yet here they are. */
  readonly leftover: readonly EngineResource[];
}

/** What has just been removed may be listed for a while, in milliseconds. */
const grace = 3600_000;

/**
 * Asks the engine what it has, instead of asking the table what it should have. What does not fit is told,
 * loudly, and left alone: to delete it would be to trust a table that has just been proved wrong.
 */
export async function audit(
  { store, clock, log }: Pick<TaskContext, 'store' | 'clock' | 'log'>,
  inventory: EngineInventory,
): Promise<AuditReport> {
  let looked = 0;
  const unknown: EngineResource[] = [];
  const leftover: EngineResource[] = [];

  const judge = async (resource: EngineResource): Promise<void> => {
    const { project, version, deploymentId } = resource;
    if (project === undefined || version === undefined) return void unknown.push(resource);
    if (deploymentId === undefined) {
      if ((await store.models.get({ project, version })) === undefined) unknown.push(resource);
      return;
    }
    const deployment = await store.deployments.get({ project, version, id: deploymentId });
    if (deployment === undefined) unknown.push(resource);
    else if (deployment.endedAt !== undefined && deployment.endedAt < clock.now() - grace)
      leftover.push(resource);
  };

  for await (const resource of inventory.list()) {
    looked += 1;
    await judge(resource);
  }
  for (const resource of unknown) log.event('audit.unknown', { resource });
  for (const resource of leftover) log.event('audit.leftover', { resource });
  return { looked, unknown, leftover };
}
