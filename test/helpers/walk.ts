import { StateMachine } from 'aws-local-stepfunctions';
import type { Execution, ExecutionInput } from '../../lambdas/domain/ports.ts';
import type { WorkflowName } from '../../lambdas/domain/workflows.ts';
import type { Progress, TaskData } from '../../lambdas/workflows/context.ts';
import { allMachines, statesOf } from '../../lambdas/workflows/machines.ts';
import { taskOf } from '../../lambdas/workflows/tasks.ts';
import type { World } from './world.ts';

export const definitions = allMachines();

/** Every way on that a workflow has, as `from -> to`. */
export const transitionsOf = (workflow: WorkflowName): string[] =>
  Object.entries(definitions[workflow].States).flatMap(
    ([from, { Next, Default, Choices = [], Catch = [] }]) =>
      [Next, Default, ...Choices.map((each) => each.Next), ...Catch.map((each) => each.Next)].flatMap((to) =>
        to === undefined ? [] : [`${from} -> ${to}`],
      ),
  );

export const namesOf = (workflow: WorkflowName, type: string): string[] =>
  statesOf(definitions[workflow], type);

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
        const task = taskOf(workflow, state);
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
