import type { ModelStatus } from '../contract/shapes.ts';
import type { Model } from '../domain/model.ts';
import { holds, type Fence, type Underway } from '../domain/operation.ts';
import type {
  Clock,
  ExecutionInput,
  Log,
  ModelControl,
  ModelInput,
  ObjectStore,
  WorkflowRunner,
} from '../domain/ports.ts';
import type { Settings } from '../domain/settings.ts';
import type { HostingEngine, ModelImporter } from '../engines/engine.ts';
import type { TransactionItem } from '../store/expression.ts';
import type { Store } from '../store/store.ts';
import { ConditionFailed } from '../store/table.ts';
import type { Trainer } from '../engines/trainer.ts';

/** What tasks and the sweep may use: the slow rights, which the functions behind the API do not have. */
export interface TaskContext {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly store: Store;
  readonly engine: HostingEngine;
  readonly importer: ModelImporter;
  readonly trainer: Trainer;
  readonly objects: ObjectStore;
  readonly log: Log;
}

export interface SweepContext extends TaskContext {
  readonly runner: WorkflowRunner;
  /** StopModel and StartModel, for hosting policies. */
  readonly models: ModelControl;
}

/** The data that travels through an execution: its input, and what the last task saw. */
export type TaskData<Input extends ExecutionInput, Seen extends Progress = Progress> = Input & {
  readonly progress?: Seen;
  /** What Step Functions notes of an error that it caught. */
  readonly failure?: { readonly Error: string; readonly Cause: string };
};

export type TaskInput = TaskData<ModelInput>;

export interface Progress {
  readonly state: string;
  /** Whole seconds until the next look. */
  readonly wait: number;
  /** How often it was looked at. */
  readonly round: number;
}

/** A later operation, or a later attempt at this one, is in charge: whoever finds this ends quietly. */
export class Superseded extends Error {
  override readonly name = 'Superseded';
}

/**
 * The row that a task works for, if it is still this attempt's to work on.
 * @param states those in which the task may find it
 * @throws Superseded
 */
export function inCharge<Row extends Underway>(
  row: Row | undefined,
  fence: Fence,
  states: readonly Row['status'][],
): Row {
  if (row === undefined || !holds(row, fence) || !states.includes(row.status))
    throw new Superseded(`operation ${fence.operationId}, attempt ${fence.attempt}, is no longer in charge`);
  return row;
}

/** The model that a task works for. @throws Superseded */
export const claimed = async (
  { store }: Pick<TaskContext, 'store'>,
  input: ModelInput,
  states: readonly ModelStatus[],
): Promise<Model> => inCharge(await store.models.get(input), input, states);

/** The parts of a commit that carry a fence. */
const fences = ['model', 'dataset', 'job'];

/**
 * A task's commit: a fence that has moved ends the task.
 * @throws Superseded if the part with the fence was refused, ConditionFailed if another was
 */
export async function commit(
  { store }: Pick<TaskContext, 'store'>,
  ...parts: readonly TransactionItem[]
): Promise<void> {
  try {
    await store.commit(...parts);
  } catch (error) {
    if (error instanceof ConditionFailed && fences.some((part) => error.at(part)))
      throw new Superseded('the fence has moved');
    throw error;
  }
}

/**
 * Waits grow, because a history ends at 25,000 events and most of what takes long takes very long: 5 s, then
 * half as long again, up to a minute; after four hours two minutes, because a look is about ten events and a
 * training may last for two days.
 */
export const waitOf = (round: number): number =>
  Math.min(round > 240 ? 120 : 60, Math.round(5 * 1.5 ** round));

/** What an error said that Step Functions caught: Lambda reports one as JSON. */
export function reasonOf(cause = ''): string {
  try {
    const { errorMessage } = JSON.parse(cause) as { errorMessage?: unknown };
    if (typeof errorMessage === 'string') return errorMessage;
  } catch {
    // not JSON: it is the message itself
  }
  return cause;
}
