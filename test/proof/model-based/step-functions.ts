import type { Execution, ExecutionInput, WorkflowRunner } from '../../../lambdas/domain/ports.ts';
import type { Progress, TaskData } from '../../../lambdas/workflows/context.ts';
import { allMachines, type State } from '../../../lambdas/workflows/machines.ts';

const files = allMachines();

export interface Run {
  readonly execution: Execution;
  readonly startedAt: number;
  state: string;
  data: TaskData<ExecutionInput>;
  tries: number;
  /** A wait, or a retry, is over then. */
  readyAt: number;
  /** A task of it is being carried out. */
  busy: boolean;
}

/**
 * Step Functions, one transition at a time, at the will of a history: it takes no step by itself, so that
 * every order of steps can be had, and had again. It remembers names as the service does. The files' own
 * grammar is tested elsewhere, in a real interpreter.
 */
export class StepFunctions implements WorkflowRunner {
  readonly names = new Set<string>();
  runs: Run[] = [];
  /** How many states were entered, and how many tasks carried out, of all executions: what is paid for. */
  entered = 0;
  carriedOut = 0;
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  start(execution: Execution): Promise<'started' | 'exists'> {
    if (this.names.has(execution.name)) return Promise.resolve('exists');
    this.names.add(execution.name);
    const { StartAt } = files[execution.workflow];
    const run: Run = {
      execution,
      startedAt: this.#now(),
      state: StartAt,
      data: execution.input,
      tries: 0,
      readyAt: 0,
      busy: false,
    };
    this.runs.push(run);
    this.#pass(run);
    return Promise.resolve('started');
  }

  abort(run: Run): void {
    this.runs = this.runs.filter((other) => other !== run);
  }

  /** The state machine's own time limit. */
  expire(): void {
    this.runs = this.runs.filter(
      ({ startedAt, execution: { workflow } }) =>
        this.#now() <= startedAt + files[workflow].TimeoutSeconds * 1000,
    );
  }

  succeeded(run: Run, progress: Progress | undefined): void {
    this.carriedOut += 1;
    run.busy = false;
    run.tries = 0;
    if (this.#state(run).ResultPath !== null && progress !== undefined) run.data = { ...run.data, progress };
    this.#enter(run, this.#state(run).Next);
  }

  failed(run: Run, name: string, message: string): void {
    run.busy = false;
    const { Retry = [], Catch = [] } = this.#state(run);
    const fits = ({ ErrorEquals }: { readonly ErrorEquals: readonly string[] }): boolean =>
      ErrorEquals.includes(name) || ErrorEquals.includes('States.ALL');
    if (run.tries < (Retry.find(fits)?.MaxAttempts ?? 0)) {
      run.tries += 1;
      run.readyAt = this.#now() + 1000 * 2 ** run.tries;
      return;
    }
    const caught = Catch.find(fits);
    if (caught === undefined) return this.abort(run); // the execution has failed; the sweep goes on
    run.tries = 0;
    if (caught.ResultPath !== null)
      run.data = {
        ...run.data,
        failure: { Error: name, Cause: JSON.stringify({ errorType: name, errorMessage: message }) },
      };
    this.#enter(run, caught.Next);
  }

  #state({ execution, state }: Run): State {
    return files[execution.workflow].States[state] as State;
  }

  #enter(run: Run, next: string | undefined): void {
    if (next === undefined) throw new Error(`${run.state} leads nowhere`);
    run.state = next;
    this.#pass(run);
  }

  /** Through choices and waits to the next task. */
  #pass(run: Run): void {
    this.entered += 1;
    const state = this.#state(run);
    if (state.Type === 'Succeed') this.abort(run);
    if (state.Type === 'Wait') {
      run.readyAt = this.#now() + (run.data.progress?.wait ?? 0) * 1000;
      this.#enter(run, state.Next);
    }
    if (state.Type === 'Choice') {
      const met = state.Choices?.find(
        ({ Variable, StringEquals }) => valueAt(run.data, Variable) === StringEquals,
      );
      this.#enter(run, met?.Next ?? state.Default);
    }
  }
}

const valueAt = (data: object, path: string): unknown =>
  path
    .split('.')
    .slice(1)
    .reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined)?.[name], data);
