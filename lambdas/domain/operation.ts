import type { Clock, Ids } from './ports.ts';
import type { Times } from './settings.ts';

/**
 * What is, or last was, under way for a model, a dataset, a packaging job. It is carried out by attempts, one
 * after the other; whatever a task writes is fenced on `id` and `attempt`.
 */
export interface Operation {
  readonly id: string;
  /** From 1 on. Whoever takes an operation over adds 1. */
  readonly attempt: number;
  /** Who asked. */
  readonly actor: string;
  /** When, in epoch milliseconds. */
  readonly at: number;
  /**
   * Epoch milliseconds. After this a look that finds the work undone fails the operation, or, where it cannot
   * fail, reports it.
   */
  readonly deadline: number;
}

/** A row with an operation. */
export interface Underway<O extends Operation = Operation> {
  readonly operation: O;
  readonly status: string;
  /** Somebody must look here no later than this (epoch milliseconds). Present while one is under way. */
  readonly dueAt?: number;
}

/** Which operation, and which attempt at it, a task works for. Whoever comes later finds the fence moved. */
export interface Fence {
  readonly operationId: string;
  readonly attempt: number;
}

/**
 * The first attempt at an operation that begins now.
 * @param seconds how long it may take
 */
export function beginOperation(
  { ids, clock }: { readonly ids: Ids; readonly clock: Clock },
  actor: string,
  seconds: number,
): Operation {
  const at = clock.now();
  return { id: ids.next(), attempt: 1, actor, at, deadline: at + seconds * 1000 };
}

/** Whether a fence still stands: no later operation, and no later attempt, is in charge. */
export const holds = (
  { operation }: { readonly operation: Pick<Operation, 'id' | 'attempt'> },
  fence: Fence,
): boolean => operation.id === fence.operationId && operation.attempt === fence.attempt;

export const fenceOf = ({ operation }: { readonly operation: Operation }): Fence => ({
  operationId: operation.id,
  attempt: operation.attempt,
});

/**
 * Unique for as long as an operation's attempts are: the name of an execution, the place that it writes to.
 */
export const attemptName = ({ id, attempt }: Pick<Operation, 'id' | 'attempt'>): string => `${id}-${attempt}`;

/**
 * The deadline, without the time for which nobody was looking: a laptop that slept, or a fleet of tasks that
 * could not run, is not the engine's delay. `now` is from before the observation that it is held against.
 */
export const fairDeadline = (
  { operation: { deadline }, dueAt }: { readonly operation: Operation; readonly dueAt?: number },
  now: number,
): number => deadline + Math.max(0, now - (dueAt ?? now));

type Visit = { readonly clock: Clock; readonly settings: { readonly times: Times } };

/** Until when a visitor who comes again within `wait` seconds holds the lease. */
export const leaseUntil = ({ clock, settings }: Visit, wait: number): number =>
  clock.now() + (wait + settings.times.delivery) * 1000;

/**
 * What a visitor who comes again within `wait` seconds writes on the row: the lease, and the deadline without
 * the time before this visit for which nobody was looking. The two go together, because the lease is what
 * that time is measured by.
 */
export const leased = <O extends Operation>(
  visit: Visit,
  row: { readonly operation: O; readonly dueAt?: number },
  now: number,
  wait: number,
): { readonly dueAt: number; readonly operation: O } => ({
  dueAt: leaseUntil(visit, wait),
  operation: { ...row.operation, deadline: fairDeadline(row, now) },
});

/** The same operation under the attempt of whoever takes it over at `now`. */
export const nextAttempt = <O extends Operation>(row: Underway<O>, now: number): O => ({
  ...row.operation,
  attempt: row.operation.attempt + 1,
  deadline: fairDeadline(row, now),
});
