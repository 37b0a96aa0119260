import { ServiceError } from '../../contract/errors.ts';
import { violation } from '../../contract/violations.ts';
import { datasetMessage, mayUpdate, type DatasetOperation } from '../../domain/dataset.ts';
import { beginOperation } from '../../domain/operation.ts';
import { datasetOf } from '../../store/datasets.ts';
import { places } from '../../store/keys.ts';
import { bucketsOf } from '../buckets.ts';
import type { Operation } from '../context.ts';
import { startDatasetExecution, keyOf, wrongDatasetState } from './describe-dataset.ts';
import { IdempotentCall } from '../idempotency.ts';

/**
 * Starts the workflow that replaces those of the same pictures and adds the others: all of them, or,
 * if one is bad, none. The lines are in the table before the transaction that promises them; should that be
 * refused, they are removed, and expire.
 */
export const UpdateDatasetEntries: Operation<'UpdateDatasetEntries'> = async (input, ctx, call) => {
  const { limits, times } = ctx.settings;
  if (input.Changes.length > limits.changes) {
    throw violation(
      'changes',
      `Member must have length less than or equal to ${limits.changes}, which is what this deployment ` +
        'takes at once. Send the lines in several calls.',
      `${input.Changes.length} bytes`,
    );
  }
  const key = keyOf(input);
  const idempotent = new IdempotentCall<{ Status: 'UPDATE_IN_PROGRESS' }>(ctx, 'UpdateDatasetEntries', input);
  const known = await idempotent.replay();
  if (known !== undefined) return known;
  const before = await ctx.store.datasets.get(key);
  if (before === undefined || !mayUpdate.includes(before.status))
    throw await wrongDatasetState(ctx, key, before, 'updated');

  const operation: DatasetOperation = {
    ...beginOperation(ctx, call.caller, times.import),
    kind: 'updateDataset',
    bytes: input.Changes.length,
    ...bucketsOf(call),
  };
  const now = operation.at;
  await ctx.store.changes.write(operation.id, input.Changes, now);
  try {
    const { answer, first } = await idempotent.commit(
      { answer: { Status: 'UPDATE_IN_PROGRESS' }, operationId: operation.id },
      [
        ctx.store.datasets.begin(key, mayUpdate, {
          status: 'UPDATE_IN_PROGRESS',
          statusMessage: datasetMessage.updating,
          operation,
          dueAt: now + times.delivery * 1000,
        }),
      ],
      (refused) => wrongDatasetState(ctx, key, refused.row('dataset', datasetOf), 'updated'),
    );
    if (first) await startDatasetExecution(ctx, { ...key, operation });
    else await ctx.store.scheduledDeletions.empty(places.changes(operation.id), () => true);
    return answer;
  } catch (error) {
    // After any other failure nobody knows whether the operation has begun: if it has not, its lines expire.
    if (error instanceof ServiceError)
      await ctx.store.scheduledDeletions.empty(places.changes(operation.id), () => true);
    throw error;
  }
};
