import { passingState } from '../../domain/lifecycle.ts';
import { leased } from '../../domain/operation.ts';
import { claimed, commit, type Progress, type TaskContext, type TaskInput } from '../context.ts';

/**
 * The first look: whether this attempt is in charge. It takes the lease, for the task that follows too, so
 * that the sweep knows that somebody came.
 */
export async function claim(input: TaskInput, ctx: TaskContext): Promise<Progress> {
  const state = passingState[input.kind];
  const model = await claimed(ctx, input, [state]);
  await commit(
    ctx,
    ctx.store.models.move(input, [state], {
      set: leased(ctx, model, ctx.clock.now(), ctx.settings.times.provision),
    }),
  );
  return { state: 'claimed', wait: 0, round: 0 };
}
