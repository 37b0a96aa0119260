import { LocationRefused } from '../../domain/ports.ts';
import { EngineFailed } from '../../engines/engine.ts';
import type { TaskContext } from '../context.ts';

/** The engine, the trainer, the importer or the object store failed, in words that are not for users. */
export class PortFailed extends Error {
  override readonly name = 'PortFailed';
}

/** Failures that already say to the user what happened and what to do. */
const isForUsers = (error: unknown): boolean =>
  error instanceof EngineFailed || error instanceof LocationRefused;

/** The same port, whose unknown failures are told apart from those of the table. */
const told = <Port extends object>(port: Port): Port =>
  new Proxy(port, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function') return member;
      return async (...given: unknown[]): Promise<unknown> => {
        try {
          return (await Reflect.apply(member, target, given)) as unknown;
        } catch (error) {
          if (isForUsers(error)) throw error;
          throw new PortFailed(`${String(name)} failed`, { cause: error });
        }
      };
    },
  });

/**
 * The context of a task that concludes an operation whose deadline has passed: an operation that can fail
 * then fails on any failure of these. One of the table's is no verdict, and is tried again.
 */
export const pastDeadline = (ctx: TaskContext): TaskContext => ({
  ...ctx,
  engine: told(ctx.engine),
  trainer: told(ctx.trainer),
  objects: told(ctx.objects),
});
