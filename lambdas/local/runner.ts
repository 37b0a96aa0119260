import { StateMachine } from 'aws-local-stepfunctions';
import type { Execution, ExecutionInput, Log, ModelInput, WorkflowRunner } from '../domain/ports.ts';
import { workflowNames, type WorkflowName } from '../domain/workflows.ts';
import type { Progress, TaskContext, TaskData } from '../workflows/context.ts';
import { allMachines, statesOf, type Machine } from '../workflows/machines.ts';
import { taskOf } from '../workflows/tasks.ts';
import type { ExecutionMemory, ExecutionStatus } from './execution-memory.ts';

type Definition = ConstructorParameters<typeof StateMachine>[0];

export interface RunnerOptions {
  readonly memory: ExecutionMemory;
  readonly log: Log;
  /**
   * How many milliseconds a second of waiting takes: the workflows' waits are made for an engine that needs
   * minutes.
   */
  readonly pace: number;
  /**
   * The most milliseconds between two looks at what is being provisioned: waits grow, and here somebody waits
   * for a child that is ready in half a second.
   */
  readonly hostingLook?: number;
  /**
   * Resolves when a look at what is being provisioned tells something new, or after so many milliseconds: a
   * look before that costs the child its time.
   */
  readonly hostingNews?: (input: ModelInput, within: number) => Promise<void>;
  /** Milliseconds between the tries of a task that failed, instead of the workflow's own. */
  readonly retryAfter?: number;
}

/**
 * Step Functions on one machine: the same files, walked by an interpreter, and the same answers to names that
 * were used before.
 */
export class LocalRunner implements WorkflowRunner {
  readonly #options: RunnerOptions;
  readonly #machines: Readonly<Record<WorkflowName, Machine>> = allMachines();
  readonly #interpreters: Readonly<Record<WorkflowName, StateMachine>>;
  readonly #running = new Map<string, { readonly abort: () => void; readonly over: Promise<void> }>();
  #context: TaskContext | undefined;
  #closed = false;

  constructor(options: RunnerOptions) {
    this.#options = options;
    // The files are linted by a test; validating them again would cost every start of the host 100 ms.
    this.#interpreters = Object.fromEntries(
      workflowNames.map((name) => [
        name,
        new StateMachine(this.#machines[name] as unknown as Definition, {
          validationOptions: { noValidate: true },
        }),
      ]),
    ) as Record<WorkflowName, StateMachine>;
  }

  /** The tasks' context, which the composition root can make only when it has a runner. */
  serve(context: TaskContext): this {
    this.#context = context;
    return this;
  }

  async start(execution: Execution): Promise<'started' | 'exists'> {
    // asked twice, because the answer changes while others are waited for
    const closed = (): boolean => this.#closed;
    if (closed()) throw new Error('the host is closing');
    if (!(await this.#options.memory.open(execution))) return 'exists';
    if (closed()) {
      await this.#options.memory.close(execution.name, 'ABORTED');
      throw new Error('the host is closing');
    }
    this.#run(execution);
    return 'started';
  }

  /** Ends whatever runs; the rows stay due, and the next host goes on. */
  async close(): Promise<void> {
    this.#closed = true;
    const all = [...this.#running.values()];
    for (const { abort } of all) abort();
    await Promise.all(all.map(({ over }) => over));
  }

  /** Resolves when no execution runs. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all([...this.#running.values()].map(({ over }) => over));
  }

  /** As an operator would in the console. */
  abort(name: string): void {
    this.#running.get(name)?.abort();
  }

  names(): string[] {
    return [...this.#running.keys()];
  }

  #run({ workflow, name, input }: Execution): void {
    let wait = 0;
    const ofType = (type: string): string[] => statesOf(this.#machines[workflow], type);
    const handlers = Object.fromEntries(
      ofType('Task').map((state) => [
        state,
        async (data: TaskData<ExecutionInput>) => {
          const result = await this.#perform(workflow, state, data);
          wait = result?.wait ?? 0;
          return result ?? null;
        },
      ]),
    );
    const waits = {};
    for (const state of ofType('Wait'))
      Object.defineProperty(waits, state, { get: () => this.#pause(state, wait) });
    const { retryAfter } = this.#options;
    const run = this.#interpreters[workflow].run(input as never, {
      overrides: {
        taskResourceLocalHandlers: handlers as never,
        waitTimeOverrides: waits,
        ...(retryAfter !== undefined && {
          retryIntervalOverrides: Object.fromEntries(ofType('Task').map((state) => [state, retryAfter])),
        }),
      },
      context: {
        Execution: {
          Id: name,
          Name: name,
          Input: input as never,
          StartTime: new Date().toISOString(),
          RoleArn: '',
        },
      },
    });
    const over = run.result.then(
      () => this.#over(name, 'SUCCEEDED'),
      (error: unknown) => this.#over(name, statusOf(error), error),
    );
    this.#running.set(name, {
      abort: () => {
        run.abort();
      },
      over,
    });
  }

  #pause(state: string, seconds: number): number {
    const { pace, hostingLook = Infinity, hostingNews } = this.#options;
    if (state !== 'AwaitHosting') return seconds * pace;
    return hostingNews === undefined ? Math.min(seconds * pace, hostingLook) : 0;
  }

  /** As Lambda does it: the input arrives as a copy, and an error is reported as JSON under its name. */
  async #perform(
    workflow: WorkflowName,
    state: string,
    data: TaskData<ExecutionInput>,
  ): Promise<Progress | undefined> {
    const context = this.#context;
    const task = taskOf(workflow, state);
    if (context === undefined) throw new Error('the runner serves no context yet');
    const { hostingNews, hostingLook = 1000 } = this.#options;
    if (state === 'ObserveHosting') await hostingNews?.(data as TaskData<ModelInput>, hostingLook);
    try {
      return (
        (await task(structuredClone(data) as never, {
          ...context,
          log: context.log.with({ operationId: data.operationId, attempt: data.attempt, state }),
        })) ?? undefined
      );
    } catch (error) {
      const { name, message } = error instanceof Error ? error : new Error(String(error));
      throw Object.assign(
        new Error(JSON.stringify({ errorType: name, errorMessage: message }), { cause: error }),
        { name },
      );
    }
  }

  async #over(name: string, status: ExecutionStatus, error?: unknown): Promise<void> {
    this.#running.delete(name);
    if (status !== 'SUCCEEDED' && status !== 'ABORTED')
      this.#options.log.error('an execution ended early; the sweep goes on with it', {
        execution: name,
        status,
        error,
      });
    try {
      await this.#options.memory.close(name, status, error instanceof Error ? error.message : undefined);
    } catch (failure) {
      this.#options.log.warn('the end of an execution was not noted', { execution: name, error: failure });
    }
  }
}

const statusOf = (error: unknown): ExecutionStatus => {
  const name = error instanceof Error ? error.name : '';
  if (name.includes('Abort')) return 'ABORTED';
  return name.includes('Timeout') ? 'TIMED_OUT' : 'FAILED';
};
