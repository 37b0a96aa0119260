import { statusMessage } from '../../domain/lifecycle.ts';
import type { Artifact, Deployment, Model } from '../../domain/model.ts';
import { engineActor, notBefore, rateOf, type RunEvent } from '../../domain/run.ts';
import { EngineFailed, refOf, type DeploymentRef, type Observation } from '../../engines/engine.ts';
import { absent, equals, present } from '../../store/expression.ts';
import { ConditionFailed } from '../../store/table.ts';
import { fairDeadline, leased, leaseUntil } from '../../domain/operation.ts';
import type { DeploymentKey } from '../../store/deployments.ts';
import {
  claimed,
  commit,
  reasonOf,
  waitOf,
  type Progress,
  type TaskContext,
  type TaskInput,
} from '../context.ts';

const state = 'STARTING_HOSTING';

/** A start's deployment bears the name of its operation. */
const deploymentOf = (
  { operationId: id, project, version }: TaskInput,
  { artifact }: Pick<Model, 'artifact'>,
): DeploymentRef => refOf({ id, project, version, ...formatOf(artifact) });
const formatOf = (artifact: Artifact | undefined): Pick<Deployment, 'format'> =>
  artifact?.format === undefined ? {} : { format: artifact.format };
const keyOf = ({ operationId: id, project, version }: TaskInput) => ({ id, project, version });

/**
 * For how many milliseconds an engine may say "not found" of what it has just made: SageMaker and Lambda
 * are eventually consistent.
 */
const hidden = 10_000;

/**
 * For how many milliseconds a call that creates may still arrive, and be hidden, although another one was
 * answered since: an attempt that the client gave up has reached the engine by then, or never will, for its
 * connection is closed.
 */
const arrival = 10_000 + hidden;

/**
 * Orders the engine's resources. Before its first call it writes down until when that call may still
 * arrive, and what it makes may be hidden, because a fence protects rows, not calls: whoever releases this
 * deployment later believes "not found" only after that time. Once the call is answered the time is
 * shortened, or a model that is stopped soon would be stopping for minutes. The lease is about as long, so
 * that an engine which takes its time is not asked again by another attempt meanwhile.
 */
export async function provision(input: TaskInput, ctx: TaskContext): Promise<Progress> {
  const model = await claimed(ctx, input, [state]);
  if (model.artifact === undefined || model.units === undefined)
    throw new EngineFailed('The model has no artifact. Import it again.');
  const { times } = ctx.settings;
  // Another task's call may be on its way, too: one that was cut off before it was answered.
  const announced = (await ctx.store.deployments.get(keyOf(input)))?.createUntil;
  const before = announced ?? 0;
  const rate = rateOf(ctx.settings.rates, model.artifact.format);
  const createUntil = Math.max(before + 1, ctx.clock.now() + times.provision * 1000 + hidden);
  await commit(
    ctx,
    ctx.store.models.move(input, [state], {
      set: leased(ctx, model, ctx.clock.now(), times.provision),
    }),
    ctx.store.deployments.change(
      keyOf(input),
      { set: { createUntil, ...formatOf(model.artifact), ...(rate !== undefined && { rate }) } },
      present('reserved'),
      // A task that was held up since must not take back the time that another has announced meanwhile.
      announced === undefined ? absent('createUntil') : equals('createUntil', announced),
    ),
  );
  await ctx.engine.create({
    ...deploymentOf(input, model),
    units: model.units,
    source: model.source,
    artifact: model.artifact,
  });
  await shorten(ctx, keyOf(input), createUntil, Math.max(before, ctx.clock.now() + arrival));
  const round = input.progress?.round ?? 0; // what keeps going missing is not looked at ever so often again
  return { state: 'creating', wait: waitOf(round), round };
}

/** Leaves the time as it is where another task has written its own since. */
async function shorten(
  { store }: TaskContext,
  key: DeploymentKey,
  written: number,
  until: number,
): Promise<void> {
  if (until >= written) return;
  try {
    await store.commit(
      store.deployments.change(key, { set: { createUntil: until } }, equals('createUntil', written)),
    );
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
  }
}

/**
 * Looks at what the engine has made so far, and takes the lease until the next look.
 * @throws EngineFailed if the engine says so, or the deadline has passed and this look, made after it, finds
 *   the model not serving
 */
export async function observeHosting(input: TaskInput, ctx: TaskContext): Promise<Progress> {
  const model = await claimed(ctx, input, [state]);
  const now = ctx.clock.now();
  const deadline = fairDeadline(model, now);
  const seen = await ctx.engine.observe(deploymentOf(input, model));
  if (seen.state === 'failed') throw new EngineFailed(seen.reason);
  if (seen.state === 'ready') return { state: 'ready', wait: 0, round: 0 };
  if (now > deadline) {
    throw new EngineFailed(
      `The model was not ready after ${Math.round((deadline - model.operation.at) / 60_000)} minutes. ` +
        `${told(seen)} Start it again; if it fails again, look at the engine's own log.`,
    );
  }
  const round = (input.progress?.round ?? 0) + 1;
  const wait = waitOf(round);
  await commit(
    ctx,
    ctx.store.models.move(input, [state], {
      set: {
        ...leased(ctx, model, now, wait),
        statusMessage: `${statusMessage.starting} ${told(seen)}`.trim(),
      },
    }),
  );
  // What is not there, or not whole, is ordered again; the engine makes what is missing.
  return { state: seen.state === 'gone' || seen.state === 'removing' ? 'missing' : 'creating', wait, round };
}

const told = (seen: Observation): string => ('note' in seen ? (seen.note ?? '') : '');

/**
 * Scaling is set up once the engine serves, because engines refuse it before; then the model is what was
 * asked for.
 */
export async function markHosted(input: TaskInput, ctx: TaskContext): Promise<void> {
  const model = await claimed(ctx, input, [state]);
  if (model.units?.max !== undefined) await ctx.engine.scale(deploymentOf(input, model), model.units);
  const { at, actor } = model.operation;
  const now = notBefore(ctx.clock.now(), at);
  await commit(
    ctx,
    ctx.store.models.move(input, [state], {
      set: { status: 'HOSTED', statusMessage: statusMessage.hosted },
      remove: ['dueAt'],
    }),
    ctx.store.deployments.change(keyOf(input), {
      set: { hostedAt: now, dueAt: ctx.clock.now() + ctx.settings.times.health * 1000 },
      append: { timeline: { at: now, status: 'HOSTED', actor } satisfies RunEvent },
    }),
  );
}

/** The user learns at once; the deployment stays due, and counted, until nothing is left of it. */
export async function markFailed(input: TaskInput, ctx: TaskContext): Promise<void> {
  const model = await claimed(ctx, input, [state, 'HOSTING_FAILED']);
  if (model.status === 'HOSTING_FAILED') return; // this task was here before, and its answer was lost
  const reason = reasonOf(input.failure?.Cause);
  const now = notBefore(ctx.clock.now(), model.operation.at);
  ctx.log.event('hosting.failed', {
    model: `${model.project}/${model.version}`,
    operationId: input.operationId,
    reason,
  });
  await commit(
    ctx,
    ctx.store.models.move(input, [state], {
      set: { status: 'HOSTING_FAILED', statusMessage: reason },
      remove: ['dueAt'],
    }),
    ctx.store.deployments.change(keyOf(input), failed(now, leaseUntil(ctx, 0), reason)),
  );
}

/** What the record of a run says once the engine has failed it. */
export const failed = (at: number, dueAt: number, message: string) =>
  ({
    set: { releasedAt: at, dueAt, endReason: 'FAILED', endedBy: engineActor },
    append: {
      timeline: { at, status: 'HOSTING_FAILED', actor: engineActor, message } satisfies RunEvent,
    },
  }) as const;
