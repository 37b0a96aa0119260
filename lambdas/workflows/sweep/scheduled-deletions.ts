import type { TaskContext } from '../context.ts';

/**
 * How long one look may take, in milliseconds: the sweep has other rows to look at, and this one stays due.
 */
const longestLook = 15_000;

/** Keeps a promise to remove: all rows of what has lost its meaning, then the promise. */
export async function discard({ store, clock }: TaskContext, id: string, until: number): Promise<void> {
  const promise = await store.scheduledDeletions.get(id);
  if (promise === undefined || promise.dueAt > until) return;
  const giveUpAt = clock.now() + longestLook;
  for (const partition of promise.partitions) {
    if (!(await store.scheduledDeletions.empty(partition, () => clock.now() < giveUpAt))) return;
  }
  await store.commit(store.scheduledDeletions.done(id));
}
