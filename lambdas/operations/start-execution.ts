import type { Execution } from '../domain/ports.ts';
import type { WriteContext } from './context.ts';

/**
 * Starts the execution of a committed operation. If that fails nothing is lost: the row is due, and the
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
