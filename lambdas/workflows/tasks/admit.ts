import { statusMessage } from '../../domain/lifecycle.ts';
import type { Admission } from '../../hosting/engine.ts';
import { claimed, commit, fairDeadline, fenceOf, leaseUntil, waitOf, type Progress, type TaskContext, type TaskInput } from '../context.ts';

const state = 'TRAINING';

/** Checks an imported model for the engine that will host it. What is wrong with it is for the user; what goes wrong here is tried again. */
export async function admit(input: TaskInput, ctx: TaskContext): Promise<Progress> {
  const model = await claimed(ctx, input, [state]);
  const now = ctx.clock.now();
  const deadline = fairDeadline(model, now);
  const round = (input.progress?.round ?? 0) + 1;
  await commit(ctx, ctx.store.models.move(fenceOf(input), [state], {
    set: { dueAt: leaseUntil(ctx, ctx.settings.times.provision), operation: { ...model.operation, deadline } },
  }));
  const admission = await attempt(ctx, () => ctx.importer.admit(model), now > deadline);
  if (admission.admitted === 'pending') {
    const wait = waitOf(round);
    const message = `${statusMessage.importing} ${admission.note}`;
    await commit(ctx, ctx.store.models.move(fenceOf(input), [state], { set: { dueAt: leaseUntil(ctx, wait), statusMessage: message } }));
    return { state: 'pending', wait, round };
  }
  await commit(ctx, ctx.store.models.move(fenceOf(input), [state], admission.admitted
    ? {
        set: { status: 'TRAINED', statusMessage: statusMessage.imported, artifact: admission.artifact, evaluation: admission.evaluation },
        remove: ['dueAt'],
      }
    : { set: { status: 'TRAINING_FAILED', statusMessage: admission.reason }, remove: ['dueAt'] }));
  return { state: 'concluded', wait: 0, round };
}

/** After the deadline a failure of ours becomes the model's: nobody should wait for a check that never ends. */
async function attempt({ log }: TaskContext, check: () => Promise<Admission>, last: boolean): Promise<Admission> {
  try {
    const admission = await check();
    if (admission.admitted !== 'pending' || !last) return admission;
  } catch (error) {
    if (!last) throw error;
    log.error('an import could not be checked in time', { error });
  }
  return { admitted: false, reason: 'The model could not be checked in time. Import it again; if it fails again, look into the log.' };
}
