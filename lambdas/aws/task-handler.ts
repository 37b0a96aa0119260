import type { ExecutionInput, ObjectStore } from '../domain/ports.ts';
import type { TaskGroup, TasksOf } from '../domain/workflows.ts';
import type { HostingEngine, ModelImporter } from '../engines/engine.ts';
import type { Trainer } from '../engines/trainer.ts';
import type { Progress, TaskContext } from '../workflows/context.ts';
import type { Task } from '../workflows/tasks.ts';

type Slow = 'engine' | 'importer' | 'trainer' | 'objects';

/**
 * What a function of one group of tasks has; for the rest of a task's ports its role has no rights, and its
 * bundle no code for.
 */
export type TaskParts = Omit<TaskContext, Slow> & Partial<Pick<TaskContext, Slow>>;

/** Why the task cannot be done here: a mistake in the stack, not in the world. */
class NotEntitled extends Error {
  override readonly name = 'NotEntitled';
}

/** A Lambda handler that Step Functions calls. A result is never undefined: a state's result must be JSON. */
export function serveTask<Input extends ExecutionInput>(
  task: Task<Input>,
  parts: TaskParts,
): (input: Input) => Promise<Progress | null> {
  const ctx: TaskContext = {
    engine: noEngine,
    importer: noImporter,
    trainer: noTrainer,
    objects: noObjects,
    ...parts,
  };
  return async (input) => (await task(input, { ...ctx, log: ctx.log.with(about(input)) })) ?? null;
}

/** The handlers of a group of tasks: of all that the table of workflows gives it, and of no other. */
export const serveTasks = <G extends TaskGroup>(
  tasks: Readonly<Record<TasksOf<G>, Task<never>>>,
  parts: TaskParts,
): Readonly<Record<TasksOf<G>, (input: never) => Promise<Progress | null>>> =>
  Object.fromEntries(
    Object.entries<Task<never>>(tasks).map(([name, task]) => [name, serveTask(task, parts)]),
  ) as Readonly<Record<TasksOf<G>, (input: never) => Promise<Progress | null>>>;

const about = ({ v: _, ...input }: ExecutionInput): Record<string, unknown> => {
  const { operationId, attempt, kind, project } = input;
  const what =
    'version' in input
      ? { model: `${project}/${input.version}` }
      : 'type' in input
        ? { dataset: `${project}/${input.type}` }
        : { job: `${project}/${input.job}` };
  return { operationId, attempt, kind, ...what };
};

const refuse = (what: string) => (): never => {
  throw new NotEntitled(`This function has no right to the ${what}.`);
};

const noEngine: HostingEngine = {
  create: refuse('engine'),
  observe: refuse('engine'),
  scale: refuse('engine'),
  remove: refuse('engine'),
  detect: refuse('engine'),
};
const noImporter: ModelImporter = { admit: refuse('importer'), discard: refuse('importer') };
const noTrainer: Trainer = {
  get artifacts() {
    return refuse('trainer')();
  },
  start: refuse('trainer'),
  observe: refuse('trainer'),
  stop: refuse('trainer'),
};
const noObjects: ObjectStore = {
  read: refuse('objects'),
  stream: refuse('objects'),
  write: refuse('objects'),
  list: refuse('objects'),
  removeAll: refuse('objects'),
};
