import { ConflictError } from '../../contract/errors.ts';
import { datasetId, isBusy } from '../../domain/dataset.ts';
import { places } from '../../store/keys.ts';
import type { Operation } from '../context.ts';
import { datasetNotFound, keyOf, wrongDatasetState } from './describe-dataset.ts';
import { IdempotentCall } from '../idempotency.ts';
import { retryOvertaken } from '../retry.ts';

/**
 * The name is free when this answers: published clients create the dataset anew at once. Its entries, which
 * nobody can name any more, are scheduled for deletion.
 */
export const DeleteDataset: Operation<'DeleteDataset'> = async (input, ctx) => {
  const key = keyOf(input);
  const idempotent = new IdempotentCall<Record<string, never>>(ctx, 'DeleteDataset', input);
  const overtaken = new ConflictError(
    'DATASET',
    datasetId(key),
    `The ${key.type} dataset of project ${key.project} is being changed by others. Try your call again.`,
  );
  return retryOvertaken(ctx, overtaken, async () => {
    const dataset = await ctx.store.datasets.get(key);
    if (dataset === undefined) return idempotent.replayOrThrow(await datasetNotFound(ctx, key));
    if (isBusy(dataset.status))
      return idempotent.replayOrThrow(await wrongDatasetState(ctx, key, dataset, 'deleted'));
    const id = ctx.ids.next();
    const { answer } = await idempotent.commit(
      { answer: {}, operationId: id },
      [
        ctx.store.datasets.delete(dataset),
        ctx.store.projects.dropDataset(key.project),
        ...(dataset.generation === undefined
          ? []
          : [
              ctx.store.scheduledDeletions.schedule(id, {
                project: key.project,
                partitions: [places.entries(dataset.generation)],
                dueAt: ctx.clock.now() + ctx.settings.times.import * 1000,
              }),
            ]),
      ],
      () => overtaken,
    );
    return answer;
  });
};
