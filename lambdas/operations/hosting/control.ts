import { ConflictError, NotFoundError, QuotaError } from '../../contract/errors.ts';
import type { ModelControl } from '../../domain/ports.ts';
import type { ModelKey } from '../../domain/model.ts';
import type { Call, WriteContext } from '../context.ts';
import { StartModel } from '../models/start-model.ts';
import { StopModel } from '../models/stop-model.ts';

/** StopModel. @returns whether it was stopped: a model that has moved on since it was read is not */
export async function stopUnlessMoved(
  { project, version }: ModelKey,
  ctx: WriteContext,
  call: Call,
): Promise<boolean> {
  try {
    await StopModel({ ProjectName: project, ModelVersion: version }, ctx, call);
    return true;
  } catch (error) {
    if (error instanceof ConflictError || error instanceof NotFoundError) return false;
    throw error;
  }
}

/** StopModel and StartModel for hosting policies: the same transactions as any caller's. */
export const modelControl = (ctx: WriteContext): ModelControl => ({
  stop({ project, version, runId }, { actor, cause }) {
    const because = { cause, message: cause.message, runId };
    const call = { requestId: runId, caller: actor, log: ctx.log, because };
    return stopUnlessMoved({ project, version }, ctx, call);
  },
  async start({ project, version, units: { min, max } }, { actor, message }) {
    const call = { requestId: ctx.ids.next(), caller: actor, log: ctx.log, because: { message } };
    try {
      await StartModel(
        {
          ProjectName: project,
          ModelVersion: version,
          MinInferenceUnits: min,
          ...(max !== undefined && { MaxInferenceUnits: max }),
        },
        ctx,
        call,
      );
      return undefined;
    } catch (error) {
      if (error instanceof ConflictError || error instanceof NotFoundError || error instanceof QuotaError)
        return error.message;
      throw error;
    }
  },
});
