import { mayBegin, passingState, statusMessage } from '../../domain/lifecycle.ts';
import type { Model, ModelKey, OperationRecord } from '../../domain/model.ts';
import type { Operation } from '../context.ts';
import { currentStatus, deliver, notFound, resolveVersion, wrongState } from './models.ts';
import { IdempotentCall } from '../idempotency.ts';

/**
 * The counterpart of StartModel, and of its shape. It supersedes a start that is still under way: whatever
 * that one's tasks do from now on finds the fence moved. A stop cannot fail; it ends in TRAINED, however long
 * the engine takes.
 */
export const StopModel: Operation<'StopModel'> = async (input, ctx, call) => {
  const idempotent = new IdempotentCall(ctx, 'StopModel', input, (memory) =>
    currentStatus(ctx, input.ProjectName, memory),
  );
  const version = await resolveVersion(
    ctx,
    { project: input.ProjectName, version: input.ModelVersion },
    'hosting',
  );
  const key: ModelKey = { project: input.ProjectName, version: version ?? input.ModelVersion };
  if (version === undefined) return idempotent.replayOrThrow(await notFound(ctx, key));

  const { times } = ctx.settings;
  const now = ctx.clock.now();
  const operation: OperationRecord = {
    id: ctx.ids.next(),
    attempt: 1,
    kind: 'stop',
    actor: call.caller,
    at: now,
    deadline: now + times.release * 1000,
  };
  const { answer, first } = await idempotent.commit(
    { answer: { Status: 'STOPPING_HOSTING' as const }, operationId: operation.id, version },
    [
      ctx.store.models.begin(key, mayBegin.stop, {
        status: passingState.stop,
        statusMessage: statusMessage.stopping,
        operation,
        dueAt: now + times.delivery * 1000,
      }),
    ],
    (refused) => wrongState(ctx, key, refused.row('model') as Model | undefined, 'stopped'),
  );

  if (first) await deliver(ctx, { ...key, operation });
  return answer;
};
