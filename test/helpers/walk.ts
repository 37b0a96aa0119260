import { StateMachine } from 'aws-local-stepfunctions';
import type { Execution, ExecutionInput, WorkflowName } from '../../lambdas/domain/ports.ts';
import type { Progress, TaskData } from '../../lambdas/workflows/context.ts';
import { tasks, type Task } from '../../lambdas/workflows/tasks.ts';
import datasets from '../../lambdas/workflows/datasets/machine.asl.json' with { type: 'json' };
import hosting from '../../lambdas/workflows/hosting/machine.asl.json' with { type: 'json' };
import importing from '../../lambdas/workflows/importing/machine.asl.json' with { type: 'json' };
import packaging from '../../lambdas/workflows/packaging/machine.asl.json' with { type: 'json' };
import training from '../../lambdas/workflows/training/machine.asl.json' with { type: 'json' };
import type { World } from './world.ts';

interface Rule {
  readonly Next: string;
  readonly ErrorEquals?: readonly string[];
}

/** The members of a state that these tests read. */
export interface State {
  readonly Type: string;
  readonly Resource?: string;
  readonly TimeoutSeconds?: number;
  readonly Next?: string;
  readonly Default?: string;
  readonly Choices?: readonly (Rule & Readonly<Record<string, unknown>>)[];
  readonly Catch?: readonly (Rule & { readonly ErrorEquals: readonly string[] })[];
  readonly Retry?: readonly ({
    readonly ErrorEquals: readonly string[];
    readonly MaxAttempts: number;
  } & Readonly<Record<string, unknown>>)[];
}

export const definitions: Readonly<
  Record<WorkflowName, { readonly StartAt: string; readonly States: Readonly<Record<string, State>> }>
> = { hosting, importing, training, datasets, packaging };

/** Every way on that a workflow has, as `from -> to`. */
export const transitionsOf = (workflow: WorkflowName): string[] =>
  Object.entries(definitions[workflow].States).flatMap(
    ([from, { Next, Default, Choices = [], Catch = [] }]) =>
      [Next, Default, ...Choices.map((each) => each.Next), ...Catch.map((each) => each.Next)].flatMap((to) =>
        to === undefined ? [] : [`${from} -> ${to}`],
      ),
  );

export const namesOf = (workflow: WorkflowName, type: string): string[] =>
  Object.entries(definitions[workflow].States).flatMap(([name, state]) =>
    state.Type === type ? [name] : [],
  );

/** How a task is carried out: once, by the real one, unless a test wants it otherwise. */
export type Perform = (
  state: string,
  once: () => Promise<Progress | undefined>,
) => Promise<Progress | undefined>;

/**
 * Walks one execution through the interpreter, task by task as the service would, and time passes while it
 * waits.
 * @returns the states in the order in which they were entered
 */
export async function walk(
  world: World,
  { workflow, input }: Pick<Execution, 'workflow' | 'input'>,
  perform: Perform = (_, once) => once(),
): Promise<string[]> {
  const machine = new StateMachine(definitions[workflow] as never, {
    validationOptions: { noValidate: true },
  });
  const states = namesOf(workflow, 'Task');
  const handlers = Object.fromEntries(
    states.map((state) => [
      state,
      async (data: TaskData<ExecutionInput>) => {
        const task = (tasks[workflow] as Readonly<Record<string, Task<never>>>)[state];
        if (task === undefined) throw new Error(`there is no task ${state}`);
        const result = await perform(
          state,
          async () => (await task(structuredClone(data) as never, world.context)) ?? undefined,
        );
        world.clock.advance(result?.wait ?? 0);
        return result ?? null;
      },
    ]),
  );
  const run = machine.run(input as never, {
    overrides: {
      taskResourceLocalHandlers: handlers as never,
      waitTimeOverrides: Object.fromEntries(namesOf(workflow, 'Wait').map((state) => [state, 1])),
      retryIntervalOverrides: Object.fromEntries(states.map((state) => [state, 1])),
    },
  });
  const failed = run.result.then(
    () => undefined,
    (error: unknown) => error,
  );
  const path: string[] = [];
  for await (const event of run.eventLogs) if (event.type === 'StateEntered') path.push(event.state.name);
  const error = await failed;
  if (error !== undefined) throw error as Error;
  return path;
}
