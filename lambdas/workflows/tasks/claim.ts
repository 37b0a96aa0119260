import { passingState } from '../../domain/lifecycle.ts';
import { claimed, commit, fenceOf, leaseUntil, type Progress, type TaskContext, type TaskInput } from '../context.ts';

/** The first look: whether this attempt is in charge. It takes the lease, so that the sweep knows that somebody came. */
export async function claim(input: TaskInput, ctx: TaskContext): Promise<Progress> {
  const state = passingState[input.kind];
  await claimed(ctx, input, [state]);
  await commit(ctx, ctx.store.models.move(fenceOf(input), [state], { set: { dueAt: leaseUntil(ctx, 0) } }));
  return { state: 'claimed', wait: 0, round: 0 };
}
