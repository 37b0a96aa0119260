import { mayBegin, passingState, statusMessage } from '../../domain/lifecycle.ts';
import type { ModelKey } from '../../domain/model.ts';
import { beginOperation } from '../../domain/operation.ts';
import { equals } from '../../store/expression.ts';
import type { Operation } from '../context.ts';
import { currentStatus, startModelExecution, notFound, resolveVersion, wrongState } from './models.ts';
import { modelOf } from '../../store/models.ts';
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
  const { cause, message, runId } = call.because ?? {};
  const operation = {
    ...beginOperation(ctx, call.caller, times.release),
    kind: 'stop' as const,
    ...(cause !== undefined && { cause }),
  };
  const { answer, first } = await idempotent.commit(
    { answer: { Status: 'STOPPING_HOSTING' as const }, operationId: operation.id, version },
    [
      ctx.store.models.begin(
        key,
        mayBegin.stop,
        {
          status: passingState.stop,
          statusMessage:
            message === undefined ? statusMessage.stopping : `${statusMessage.stopping} ${message}`,
          operation,
          dueAt: operation.at + times.delivery * 1000,
        },
        // A policy has looked at one run, and stops no other.
        ...(runId === undefined ? [] : [equals('deploymentId', runId)]),
      ),
    ],
    (refused) => wrongState(ctx, key, refused.row('model', modelOf), 'stopped'),
  );

  if (first) await startModelExecution(ctx, { ...key, operation });
  return answer;
};
