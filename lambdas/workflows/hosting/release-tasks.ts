import type { EndReason } from '../../contract/runs.ts';
import type { ModelStatus } from '../../contract/shapes.ts';
import { passingState, statusMessage, type OperationKind } from '../../domain/lifecycle.ts';
import type { Deployment, Model } from '../../domain/model.ts';
import { notBefore, type RunEvent } from '../../domain/run.ts';
import { refOf } from '../../engines/engine.ts';
import { absent } from '../../store/expression.ts';
import { ConditionFailed } from '../../store/table.ts';
import { fairDeadline, leased } from '../../domain/operation.ts';
import { claimed, commit, waitOf, type Progress, type TaskContext, type TaskInput } from '../context.ts';
import { releaseStep } from './release.ts';

/**
 * After so many looks (half an hour) the execution ends and the sweep goes on: a history cannot grow for
 * ever, the time that an engine allows can.
 */
const mostRounds = 40;

/** The state that a model is in while this operation releases: a start gets here only after it has failed. */
const releasing = ({ kind }: TaskInput): ModelStatus =>
  kind === 'start' ? 'HOSTING_FAILED' : passingState[kind];

const reasons = {
  start: 'FAILED',
  stop: 'STOPPED',
  delete: 'DELETED',
  import: 'FAILED',
  train: 'FAILED',
} as const satisfies Record<OperationKind, EndReason>;

/** A failed start releases its own deployment; a stop and a delete whatever of the model is still open. */
async function open(input: TaskInput, { store }: TaskContext): Promise<Deployment[]> {
  if (input.kind === 'start') {
    const own = await store.deployments.get({ ...input, id: input.operationId });
    return own === undefined || own.endedAt !== undefined ? [] : [own];
  }
  const found: Deployment[] = [];
  for await (const deployment of store.deployments.ofModel(input))
    if (deployment.endedAt === undefined) found.push(deployment);
  return found;
}

/**
 * Does the same for each deployment: one with which the engine has trouble must not keep another running, and
 * paid for.
 * @throws the first of the troubles, after all had their turn
 */
async function forEach(
  deployments: readonly Deployment[],
  work: (deployment: Deployment) => Promise<void>,
): Promise<void> {
  const outcomes = await Promise.allSettled(deployments.map(work));
  const trouble = outcomes.find((outcome) => outcome.status === 'rejected');
  if (trouble !== undefined) throw trouble.reason;
}

/** Orders the removal of the engine's resources. From now on the run is no longer paid for. */
export async function release(input: TaskInput, ctx: TaskContext): Promise<Progress> {
  const model = await claimed(ctx, input, [releasing(input)]);
  await forEach(await open(input, ctx), async (deployment) => {
    if (deployment.releasedAt === undefined) await noteRelease(input, model, deployment, ctx);
    await ctx.engine.remove(refOf(deployment));
  });
  return { state: 'releasing', wait: 1, round: 0 };
}

/** Once: whoever was here at the same time has written the same. */
async function noteRelease(
  input: TaskInput,
  model: Model,
  deployment: Deployment,
  ctx: TaskContext,
): Promise<void> {
  try {
    await commit(
      ctx,
      ctx.store.models.guard(input, [releasing(input)]),
      ctx.store.deployments.change(deployment, released(input, model, deployment), absent('releasedAt')),
    );
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
  }
}

/** What the record of a run says from its release on: who ended it, when, and why. */
function released(
  { kind }: TaskInput,
  { operation: { at, actor, cause } }: Model,
  { hostedAt, startedAt }: Deployment,
): Parameters<TaskContext['store']['deployments']['change']>[1] {
  const releasedAt = notBefore(at, hostedAt ?? startedAt);
  return {
    set: { releasedAt, endedBy: actor, endReason: cause?.reason ?? reasons[kind] },
    append: {
      timeline: {
        at: releasedAt,
        status: kind === 'delete' ? 'DELETING' : kind === 'stop' ? 'STOPPING_HOSTING' : 'HOSTING_FAILED',
        actor,
        ...(cause !== undefined && { message: cause.message }),
      } satisfies RunEvent,
    },
  };
}

/** Looks at what is left, and takes the lease until the next look. */
export async function observeRelease(input: TaskInput, ctx: TaskContext): Promise<Progress> {
  const model = await claimed(ctx, input, [releasing(input)]);
  let left = 0;
  await forEach(await open(input, ctx), async (deployment) => {
    if (!(await releaseStep(ctx, deployment, reasons[input.kind]))) left += 1;
  });
  if (left === 0) return { state: 'gone', wait: 0, round: 0 };
  const round = (input.progress?.round ?? 0) + 1;
  const wait = waitOf(round);
  await takeLease(input, model, wait, ctx);
  return { state: round < mostRounds ? 'releasing' : 'unfinished', wait, round };
}

/** A failed start has no lease on its model, which is where it should be: its deployment is due by itself. */
async function takeLease(input: TaskInput, model: Model, wait: number, ctx: TaskContext): Promise<void> {
  if (input.kind === 'start') return;
  const now = ctx.clock.now();
  const late = now > fairDeadline(model, now);
  const { cause } = model.operation;
  const plain = input.kind === 'stop' ? statusMessage.stopping : statusMessage.deleting;
  const message = cause === undefined ? plain : `${plain} ${cause.message}`;
  await commit(
    ctx,
    ctx.store.models.move(input, [releasing(input)], {
      set: {
        ...leased(ctx, model, now, wait),
        statusMessage: late
          ? `${message} The engine takes unusually long to remove its resources; it is asked again until ` +
            'they are gone.'
          : message,
      },
    }),
  );
}

export async function markStopped(input: TaskInput, ctx: TaskContext): Promise<void> {
  const { cause } = (await claimed(ctx, input, ['STOPPING_HOSTING'])).operation;
  await commit(
    ctx,
    ctx.store.models.move(input, ['STOPPING_HOSTING'], {
      set: {
        status: 'TRAINED',
        statusMessage:
          cause === undefined ? statusMessage.stopped : `${cause.message} ${statusMessage.stopped}`,
      },
      remove: ['dueAt', 'deploymentId', 'units'],
    }),
  );
}

/**
 * The artifact first, then the row: while anything is left the version is listed, and somebody comes back for
 * it.
 */
export async function erase(input: TaskInput, ctx: TaskContext): Promise<void> {
  const model = await claimed(ctx, input, ['DELETING']);
  await ctx.importer.discard(model);
  await commit(
    ctx,
    ctx.store.models.delete(input),
    ctx.store.projects.dropModel(model.project),
    ctx.store.tags.drop(model),
    ctx.store.policies.drop(model),
  );
}
