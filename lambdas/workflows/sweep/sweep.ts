import { isPassing, type OperationKind } from '../../domain/lifecycle.ts';
import { executionOf, modelId, type ModelKey } from '../../domain/model.ts';
import { LocationRefused } from '../../domain/ports.ts';
import { EngineFailed } from '../../engines/engine.ts';
import type { DueRow } from '../../store/due.ts';
import { ConditionFailed } from '../../store/table.ts';
import { Superseded, type SweepContext, type TaskContext, type TaskInput } from '../context.ts';
import { isDue, takeOver } from '../take-over.ts';
import { takeOverDataset } from '../datasets/progress.ts';
import { openWindow, wake } from './policies.ts';
import { discard } from './scheduled-deletions.ts';
import { PortFailed, pastDeadline } from './past-deadline.ts';
import { lookAfter } from '../hosting/health.ts';
import { takeOverJob } from '../packaging/progress.ts';
import { giveUp } from '../importing/tasks.ts';
import { erase, markStopped, observeRelease, release } from '../hosting/release-tasks.ts';
import { markFailed, markHosted, observeHosting } from '../hosting/start-tasks.ts';
import { cleanUp, markTrained, markTrainingFailed, observeTraining } from '../training/tasks.ts';

/** So many rows are looked at together. */
const atOnce = 8;

export interface SweepReport {
  readonly looked: number;
  readonly failed: number;
}

/**
 * Looks at every row that is due: what was committed and never delivered, executions that were not heard of
 * in time, deadlines, hosted deployments, deployments that are over but not gone, and what was promised to be
 * removed. Every write states what it believes, so any number of sweeps may run at once.
 * @param until epoch milliseconds
 */
export async function sweep(ctx: SweepContext, until = ctx.clock.now()): Promise<SweepReport> {
  return sweepRows(ctx, ctx.store.due.until(until), () => until);
}

/**
 * The same for rows that were found before.
 * @param untilOf up to when a row must still be due, so that it is looked after
 */
export async function sweepRows(
  ctx: SweepContext,
  rows: AsyncIterable<DueRow> | Iterable<DueRow>,
  untilOf: (row: DueRow) => number,
): Promise<SweepReport> {
  let looked = 0;
  let failed = 0;
  let batch: DueRow[] = [];
  const flush = async (): Promise<void> => {
    const outcomes = await Promise.allSettled(batch.map((row) => look(ctx, row, untilOf(row))));
    outcomes.forEach((outcome, index) => {
      if (
        outcome.status === 'fulfilled' ||
        outcome.reason instanceof Superseded ||
        outcome.reason instanceof ConditionFailed
      )
        return;
      failed += 1; // one row's trouble is not the others'; it stays due
      ctx.log.event('sweep.row-failed', { row: batch[index], error: outcome.reason });
    });
    looked += batch.length;
    batch = [];
  };
  for await (const row of rows) {
    batch.push(row);
    if (batch.length === atOnce) await flush();
  }
  await flush();
  return { looked, failed };
}

function look(ctx: SweepContext, row: DueRow, until: number): Promise<void> {
  switch (row.kind) {
    case 'deployment':
      return lookAfter(ctx, row.key, until);
    case 'dataset':
      return takeOverDataset(ctx, row.key, until);
    case 'job':
      return takeOverJob(ctx, row.key, until);
    case 'policy':
      return openWindow(ctx, row.key);
    case 'discard':
      return discard(ctx, row.key, until);
    case 'model':
      return takeOverModel(ctx, row.key, until);
  }
}

async function takeOverModel(ctx: SweepContext, key: ModelKey, until: number): Promise<void> {
  const model = await ctx.store.models.get(key);
  if (!isDue(model, until)) return;
  if (model.status === 'TRAINED') return wake(ctx, model);
  if (!isPassing(model.status)) return;
  const { delivery, provision } = ctx.settings.times;
  const { kind } = model.operation;
  await takeOver(ctx, model, {
    subject: { model: modelId(model) },
    items: (operation, dueAt) => [ctx.store.models.takeOver(model, operation, dueAt)],
    execution: (operation) => executionOf({ ...model, operation }),
    conclude: (input) => conclude[kind](input, ctx),
    // An import is not checked here, because the check may be what breaks: it is given up when an attempt
    // that began after its deadline has died too.
    grace: kind === 'import' ? (provision + delivery) * 1000 : 0,
  });
}

/**
 * What no execution brings to its end in time is brought there here: a model never gets stuck, whatever is
 * broken.
 */
const conclude: Readonly<Record<OperationKind, (input: TaskInput, ctx: TaskContext) => Promise<void>>> = {
  import: giveUp,
  train: concludeTraining,
  start: concludeStart,
  stop: concludeRelease,
  delete: concludeRelease,
};

/** Stop and delete cannot fail: one more step, and the next one when the row is due again. */
async function concludeRelease(input: TaskInput, ctx: TaskContext): Promise<void> {
  await release(input, ctx);
  const { state } = await observeRelease(input, ctx);
  if (state === 'gone') await (input.kind === 'stop' ? markStopped : erase)(input, ctx);
}

/**
 * Past its deadline a start fails on any failure of the engine: a model must not keep starting, and billing.
 */
async function concludeStart(input: TaskInput, ctx: TaskContext): Promise<void> {
  const asked = pastDeadline(ctx);
  const failure = await failureOf(ctx, input, async () => {
    const { state } = await observeHosting(input, asked);
    if (state === 'ready') await markHosted(input, asked);
  });
  if (failure !== undefined) await markFailed({ ...input, failure }, ctx);
}

/**
 * A failure is told when nothing is left of the training: a job that has still to stop keeps the row due, and
 * is looked at again. If it cannot be stopped for as long as a release may take, the failure is told all the
 * same, and the log says what is left.
 */
async function concludeTraining(input: TaskInput, ctx: TaskContext): Promise<void> {
  const asked = pastDeadline(ctx);
  const failure = await failureOf(ctx, input, async () => {
    const { state } = await observeTraining(input, asked);
    if (state === 'trained') await markTrained(input, asked);
  });
  if (failure === undefined) return cleanUp(input, ctx);
  try {
    await cleanUp(input, asked);
  } catch (error) {
    const model = await ctx.store.models.get(input);
    const last = (model?.operation.deadline ?? 0) + ctx.settings.times.release * 1000;
    if (!(error instanceof PortFailed) || ctx.clock.now() <= last) throw error;
    ctx.log.error('what a failed training used could not be taken away', {
      model: modelId(input),
      operationId: input.operationId,
      error,
    });
  }
  await markTrainingFailed({ ...input, failure }, ctx);
}

/** What to tell the user of a last look that failed; the cause is logged whole. */
async function failureOf(
  { log }: TaskContext,
  input: TaskInput,
  look: () => Promise<void>,
): Promise<TaskInput['failure']> {
  try {
    await look();
    return undefined;
  } catch (error) {
    if (error instanceof EngineFailed) return { Error: error.name, Cause: error.message };
    if (!(error instanceof PortFailed || error instanceof LocationRefused)) throw error;
    const { operationId } = input;
    log.error('a last look after the deadline failed', { model: modelId(input), operationId, error });
    const [what, again] =
      input.kind === 'start' ? ['start', 'Start the model'] : ['be trained', 'Train a model'];
    return {
      Error: error.name,
      Cause:
        `The model could not ${what} in time, and asking after it fails. ${again} again; ` +
        `if it fails again, look into the log for operation ${operationId}.`,
    };
  }
}
