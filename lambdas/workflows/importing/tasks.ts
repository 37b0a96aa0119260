import { statusMessage } from '../../domain/lifecycle.ts';
import { modelId, type Model } from '../../domain/model.ts';
import type { Admission } from '../../engines/engine.ts';
import { fairDeadline, leased, leaseUntil } from '../../domain/operation.ts';
import {
  claimed,
  commit,
  Superseded,
  waitOf,
  type Progress,
  type TaskContext,
  type TaskInput,
} from '../context.ts';

const state = 'TRAINING';

const tooLate = {
  admitted: false,
  reason: 'The model could not be checked in time. Import it again; if it fails again, look into the log.',
} as const;

/**
 * Checks an imported model for the engine that will host it. What is wrong with it is for the user; what goes
 * wrong here is tried again.
 */
export async function admit(input: TaskInput, ctx: TaskContext): Promise<Progress> {
  const model = await claimed(ctx, input, [state]);
  const now = ctx.clock.now();
  const last = now > fairDeadline(model, now);
  const round = (input.progress?.round ?? 0) + 1;
  await commit(
    ctx,
    ctx.store.models.move(input, [state], {
      set: leased(ctx, model, now, ctx.settings.times.provision),
    }),
  );
  const admission = await attempt(ctx, () => ctx.importer.admit(model), last);
  if (admission.admitted === 'pending') {
    const wait = waitOf(round);
    const message = `${statusMessage.importing} ${admission.note}`;
    await commit(
      ctx,
      ctx.store.models.move(input, [state], {
        set: { dueAt: leaseUntil(ctx, wait), statusMessage: message },
      }),
    );
    return { state: 'pending', wait, round };
  }
  await conclude(input, ctx, model, admission);
  return { state: 'concluded', wait: 0, round };
}

/** For an import that no attempt brings to its end: what it checks may be what breaks whoever checks it. */
export async function giveUp(input: TaskInput, ctx: TaskContext): Promise<void> {
  await conclude(input, ctx, await claimed(ctx, input, [state]), tooLate);
}

async function conclude(
  input: TaskInput,
  ctx: TaskContext,
  model: Model,
  admission: Exclude<Admission, { admitted: 'pending' }>,
): Promise<void> {
  if (admission === tooLate)
    ctx.log.event('import.unchecked', { model: modelId(model), operationId: input.operationId });
  try {
    await commit(
      ctx,
      ctx.store.models.move(
        input,
        [state],
        admission.admitted
          ? {
              set: {
                status: 'TRAINED',
                statusMessage: statusMessage.imported,
                artifact: admission.artifact,
                evaluation: admission.evaluation,
              },
              remove: ['dueAt'],
            }
          : { set: { status: 'TRAINING_FAILED', statusMessage: admission.reason }, remove: ['dueAt'] },
      ),
    );
  } catch (error) {
    if (error instanceof Superseded) await discardIfDeleted(ctx, model);
    throw error;
  }
}

/**
 * A check that was held up until another attempt had ended, and the model was deleted too, has just made a
 * copy that is nobody's.
 */
async function discardIfDeleted({ store, importer }: TaskContext, model: Model): Promise<void> {
  const now = await store.models.get(model);
  if (now === undefined || now.status === 'DELETING') await importer.discard(model);
}

/**
 * After the deadline a failure of ours becomes the model's: nobody should wait for a check that never ends.
 */
async function attempt(
  { log }: TaskContext,
  check: () => Promise<Admission>,
  last: boolean,
): Promise<Admission> {
  try {
    const admission = await check();
    return last && admission.admitted === 'pending' ? tooLate : admission;
  } catch (error) {
    if (!last) throw error;
    log.error('a check failed after its deadline', { error });
    return tooLate;
  }
}
