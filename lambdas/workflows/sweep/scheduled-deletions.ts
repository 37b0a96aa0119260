import { places } from '../../store/keys.ts';
import type { TaskContext } from '../context.ts';

/**
 * How long one look may take, in milliseconds: the sweep has other rows to look at, and this one stays due.
 */
const longestLook = 15_000;

/**
 * Carries out a scheduled deletion: all rows of what has lost its meaning, then its own. A generation that a
 * training has been promised is left for another look, for that training may not have read it yet.
 */
export async function discard(
  { store, clock, settings }: TaskContext,
  id: string,
  until: number,
): Promise<void> {
  const deletion = await store.scheduledDeletions.get(id);
  if (deletion === undefined || deletion.dueAt > until) return;
  const promised = await promisedIn({ store }, deletion.project);
  if (deletion.partitions.some((partition) => promised.has(partition))) {
    const dueAt = clock.now() + settings.times.import * 1000;
    await store.commit(store.scheduledDeletions.postpone(id, deletion, dueAt));
    return;
  }
  const giveUpAt = clock.now() + longestLook;
  for (const partition of deletion.partitions) {
    if (!(await store.scheduledDeletions.empty(partition, () => clock.now() < giveUpAt))) return;
  }
  await store.commit(store.scheduledDeletions.done(id));
}

/**
 * The generations that trainings under way have recorded. No new one can come to name a generation that is
 * scheduled for deletion: CreateModel commits only while the dataset still shows what it has read.
 */
async function promisedIn(
  { store }: Pick<TaskContext, 'store'>,
  project: string | undefined,
): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  if (project === undefined) return found;
  for await (const { status, operation, datasets } of store.models.list(project)) {
    if (status !== 'TRAINING' || operation.kind !== 'train' || datasets === undefined) continue;
    for (const generation of Object.values(datasets)) found.add(places.entries(generation));
  }
  return found;
}
