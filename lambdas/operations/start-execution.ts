import type { Execution } from '../domain/ports.ts';
import type { WriteContext } from './context.ts';

/**
 * Hands a committed operation to its workflow. If that fails the promise stands: the row is due, and the
 * sweep delivers it.
 */
export async function startExecution(
  { runner, log }: Pick<WriteContext, 'runner' | 'log'>,
  execution: Execution,
  subject: string,
): Promise<void> {
  try {
    await runner.start(execution);
  } catch (error) {
    log.event('execution.not-started', { execution: execution.name, subject, error });
  }
}
