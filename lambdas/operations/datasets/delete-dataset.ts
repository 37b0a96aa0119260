import { ConflictError } from '../../contract/errors.ts';
import { datasetId, isBusy } from '../../domain/dataset.ts';
import { places } from '../../store/keys.ts';
import type { Operation } from '../context.ts';
import { datasetNotFound, keyOf, wrongDatasetState } from './describe-dataset.ts';
import { IdempotentCall } from '../idempotency.ts';

/** How often another call may change the dataset that this one has just read. */
const tries = 5;

/**
 * The name is free when this answers: published clients create the dataset anew at once. Its entries, which
 * nobody can name any more, are promised to be removed.
 */
export const DeleteDataset: Operation<'DeleteDataset'> = async (input, ctx) => {
  const key = keyOf(input);
  const idempotent = new IdempotentCall<Record<string, never>>(ctx, 'DeleteDataset', input);
  for (let attempt = 1; ; attempt += 1) {
    const dataset = await ctx.store.datasets.get(key);
    if (dataset === undefined) return idempotent.replayOrThrow(await datasetNotFound(ctx, key));
    if (isBusy(dataset.status))
      return idempotent.replayOrThrow(await wrongDatasetState(ctx, key, dataset, 'deleted'));
    const id = ctx.ids.next();
    const overtaken = new ConflictError(
      'DATASET',
      datasetId(key),
      `The ${key.type} dataset of project ${key.project} is being changed by others. Try your call again.`,
    );
    try {
      const { answer } = await idempotent.commit(
        { answer: {}, operationId: id },
        [
          ctx.store.datasets.delete(dataset),
          ctx.store.projects.dropDataset(key.project),
          ...(dataset.generation === undefined
            ? []
            : [
                ctx.store.scheduledDeletions.schedule(
                  id,
                  [places.entries(dataset.generation)],
                  ctx.clock.now() + ctx.settings.times.import * 1000,
                ),
              ]),
        ],
        () => overtaken,
      );
      return answer;
    } catch (error) {
      if (error !== overtaken || attempt === tries) throw error;
    }
  }
};
