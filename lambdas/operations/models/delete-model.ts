import { modelArn } from '../../domain/arns.ts';
import { mayBegin, passingState, statusMessage } from '../../domain/lifecycle.ts';
import type { ModelKey } from '../../domain/model.ts';
import { beginOperation } from '../../domain/operation.ts';
import { modelOf } from '../../store/models.ts';
import type { Operation } from '../context.ts';
import { startModelExecution, wrongState } from './models.ts';
import { IdempotentCall } from '../idempotency.ts';

/**
 * The version is listed, as DELETING, until everything that belongs to it is gone. Deleting what is being
 * deleted is the same deletion.
 */
export const DeleteModel: Operation<'DeleteModel'> = async (input, ctx, call) => {
  const key: ModelKey = { project: input.ProjectName, version: input.ModelVersion };
  const operation = {
    ...beginOperation(ctx, call.caller, ctx.settings.times.release),
    kind: 'delete' as const,
  };
  const done = { ModelArn: modelArn(ctx.settings, key) };
  const idempotent = new IdempotentCall<typeof done>(ctx, 'DeleteModel', input);
  const { answer, first } = await idempotent.commit(
    { answer: done, operationId: operation.id },
    [
      ctx.store.models.begin(key, mayBegin.delete, {
        status: passingState.delete,
        statusMessage: statusMessage.deleting,
        operation,
        dueAt: operation.at + ctx.settings.times.delivery * 1000,
      }),
    ],
    (refused) => {
      const row = refused.row('model', modelOf);
      return row?.status === 'DELETING' ? done : wrongState(ctx, key, row, 'deleted');
    },
  );

  if (first) await startModelExecution(ctx, { ...key, operation });
  return answer;
};
