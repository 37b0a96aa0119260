import { ConflictError } from '../../contract/errors.ts';
import { mayBegin } from '../../domain/lifecycle.ts';
import { modelId, type Deployment, type Model, type ModelKey } from '../../domain/model.ts';
import type { ModelStatus } from '../../contract/shapes.ts';
import { ConditionFailed } from '../../store/table.ts';
import type { TaskContext } from '../context.ts';

export interface DrainContext extends Pick<TaskContext, 'store' | 'clock' | 'log'> {
  /** StopModel, as any caller would call it. */
  stop(model: ModelKey): Promise<void>;
}

/**
 * For how long a deletion waits, in milliseconds: CloudFormation gives a resource an hour, and the answer
 * must still get through.
 */
const drainTimeout = 55 * 60_000;

/** What is left keeps billing, so the stack must not go. The message names it. */
export class DrainFailed extends Error {
  override readonly name = 'DrainFailed';
}

const stoppable: readonly ModelStatus[] = mayBegin.stop;

/**
 * One look at a stack that is on its way out: lets nothing start any more, stops what can be stopped, ends
 * what is being trained, and tells whether anything is left that costs. Repeated until nothing is; whoever
 * got in before the quotas were closed is found by the next look.
 * @param startedAt when the deletion began, in epoch milliseconds
 * @throws DrainFailed after 55 minutes
 */
export async function drain(ctx: DrainContext, startedAt: number): Promise<{ readonly done: boolean }> {
  const { store, clock, log } = ctx;
  await store.commit(store.quotas.close('RUNNING_MODELS'));
  await store.commit(store.quotas.close('TRAINING_JOBS'));
  const left: string[] = [];
  for await (const { model, trains } of atWork(ctx)) {
    left.push(`${modelId(model)} (${model.status})`);
    if (trains) await endTraining(ctx, model, startedAt);
    else if (stoppable.includes(model.status)) await stop(ctx, model);
  }
  log.event('drain.looked', { left, waiting: left.length });
  if (left.length === 0) return { done: true };
  if (clock.now() > startedAt + drainTimeout) throw new DrainFailed(told(left));
  return { done: false };
}

interface AtWork {
  readonly model: Model;
  readonly trains: boolean;
  /** Its deployments that have not ended. */
  readonly open: readonly Deployment[];
}

/** What costs: models with a deployment that has not ended, and models that are being trained. */
export async function* atWork({ store }: Pick<DrainContext, 'store'>): AsyncGenerator<AtWork> {
  for await (const project of store.projects.list()) {
    for await (const model of store.models.list(project.name)) {
      const trains = model.status === 'TRAINING' && model.operation.kind === 'train';
      const open = await openOf({ store }, model);
      if (trains || open.length > 0) yield { model, trains, open };
    }
  }
}

async function openOf({ store }: Pick<DrainContext, 'store'>, model: Model): Promise<Deployment[]> {
  const open: Deployment[] = [];
  for await (const deployment of store.deployments.ofModel(model))
    if (deployment.endedAt === undefined) open.push(deployment);
  return open;
}

async function stop(ctx: DrainContext, model: Model): Promise<void> {
  try {
    await ctx.stop({ project: model.project, version: model.version });
  } catch (error) {
    // it has moved on since it was read; the next look sees where to
    if (!(error instanceof ConflictError)) throw error;
  }
}

/**
 * Its time is over: its execution finds the fence moved, and the sweep, which comes by every minute, ends it
 * and takes away what it needed.
 */
async function endTraining({ store, clock }: DrainContext, model: Model, startedAt: number): Promise<void> {
  const { operation } = model;
  const deadline = startedAt - 1;
  if (operation.deadline <= deadline) return;
  try {
    await store.commit(
      store.models.takeOver(model, { ...operation, attempt: operation.attempt + 1, deadline }, clock.now()),
    );
  } catch (error) {
    // somebody looked after it since it was read; the next look tries again
    if (!(error instanceof ConditionFailed)) throw error;
  }
}

/** So many that CloudFormation, which shows the beginning of a reason, shows what comes after them too. */
export const namesOf = (models: readonly string[]): string =>
  models.slice(0, 10).join(', ') + (models.length > 10 ? `, and ${models.length - 10} more` : '');

/** The models that are named come first. */
function told(left: readonly string[]): string {
  return (
    `Still at work after 55 minutes: ${namesOf(left)}. Nothing was deleted that they need. Delete the ` +
    'stack again when they are gone; see "Drain failed" in docs/runbook.md.'
  );
}
