import { nextAttempt, type Underway } from '../domain/operation.ts';
import type { Execution } from '../domain/ports.ts';
import type { TransactionItem } from '../store/expression.ts';
import type { SweepContext } from './context.ts';

/** How operations of one kind of row are taken over. */
export interface TakeOver<Row extends Underway, E extends Execution> {
  /** What the log calls the row. */
  readonly subject: Readonly<Record<string, string>>;
  /** What is written; the store's own `takeOver` is among it. */
  readonly items: (operation: Row['operation'], dueAt: number) => readonly TransactionItem[];
  /** The execution that carries the operation out. */
  readonly execution: (operation: Row['operation']) => E;
  /** Brings the operation to its end here, once its deadline has passed. */
  readonly conclude: (input: E['input']) => Promise<void>;
  /** Milliseconds after the deadline for which it still gets an execution. */
  readonly grace?: number;
}

/** Whether a row is to be looked after: somebody else may have been here since the index was read. */
export const isDue = <Row extends { readonly dueAt?: number }>(
  row: Row | undefined,
  until: number,
): row is Row => row?.dueAt !== undefined && row.dueAt <= until;

/**
 * The operation goes on under a new attempt. The name of a closed execution is refused for 90 days, so it
 * must change; and the fence on the attempt keeps whatever is left of the old execution harmless.
 * @throws ConditionFailed if somebody else has looked after the row since it was read
 */
export async function takeOver<Row extends Underway, E extends Execution>(
  ctx: SweepContext,
  row: Row,
  { subject, items, execution: executionOf, conclude, grace = 0 }: TakeOver<Row, E>,
): Promise<void> {
  const now = ctx.clock.now();
  const operation = nextAttempt(row, now);
  await ctx.store.commit(...items(operation, now + ctx.settings.times.delivery * 1000));
  const execution = executionOf(operation);
  ctx.log.event('operation.taken-over', { ...subject, execution: execution.name, status: row.status });
  if (now > operation.deadline + grace) return conclude(execution.input);
  await ctx.runner.start(execution);
}
