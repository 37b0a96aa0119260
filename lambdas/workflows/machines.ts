import { readFileSync } from 'node:fs';
import { workflowNames, type WorkflowName } from '../domain/workflows.ts';

interface Retrier {
  readonly ErrorEquals: readonly string[];
  readonly MaxAttempts: number;
}

interface Catcher {
  readonly ErrorEquals: readonly string[];
  readonly ResultPath: string | null;
  readonly Next: string;
}

/** A state of the Amazon States Language, as far as the files use it. */
export interface State {
  readonly Type: string;
  readonly Resource?: string;
  readonly TimeoutSeconds?: number;
  /** null: what the task returns is forgotten. */
  readonly ResultPath?: string | null;
  readonly Next?: string;
  readonly Default?: string;
  readonly Choices?: readonly (Readonly<Record<string, unknown>> & {
    readonly Variable: string;
    readonly Next: string;
  })[];
  readonly Retry?: readonly (Retrier & Readonly<Record<string, unknown>>)[];
  readonly Catch?: readonly Catcher[];
}

export interface Machine {
  readonly Comment: string;
  readonly StartAt: string;
  readonly TimeoutSeconds: number;
  readonly States: Readonly<Record<string, State>>;
}

/** A file that cannot be completed. The message names the workflow, the state and the rule. */
export class BadMachine extends Error {
  override readonly name = 'BadMachine';
}

/** What a task throws that another try cannot help: the user's failure, and a fence that has moved. */
const final = { ErrorEquals: ['EngineFailed', 'Superseded'], MaxAttempts: 0 } as const;

/** Everything else is tried again, for about a minute. */
const transient = {
  ErrorEquals: ['States.ALL'],
  IntervalSeconds: 2,
  BackoffRate: 2,
  MaxAttempts: 5,
  MaxDelaySeconds: 30,
  JitterStrategy: 'FULL',
} as const;

/** Whoever finds the fence moved ends quietly. */
const superseded: Catcher = { ErrorEquals: ['Superseded'], ResultPath: null, Next: 'Superseded' };

const isWildcard = ({ ErrorEquals }: { readonly ErrorEquals: readonly string[] }): boolean =>
  ErrorEquals.some((error) => error === 'States.ALL' || error === 'States.TaskFailed');

/**
 * A machine as its file shows it, with the Retry and Catch block that every task has.
 *
 * A task's own `Retry` may have one entry, for `States.ALL`; its members replace those of the block. A task's
 * own catchers keep their order. The first that fits wins, so the block's catcher comes behind those that
 * name errors and before one for all errors, which would swallow it.
 * @throws BadMachine if a task's own block says something that the block decides
 */
export function completed(name: string, machine: Machine): Machine {
  const complete = (state: string, definition: State): State => {
    if (definition.Type !== 'Task') return definition;
    const { Retry = [], Catch = [], Next, ...rest } = definition;
    const [own] = Retry;
    if (Retry.length > 1 || (own !== undefined && own.ErrorEquals.join() !== 'States.ALL'))
      throw new BadMachine(`${name}.${state}: its own Retry can have one entry, for States.ALL.`);
    if (Catch.some(({ ErrorEquals }) => ErrorEquals.includes('Superseded')))
      throw new BadMachine(`${name}.${state}: Superseded is caught for every task alike.`);
    const at = Catch.findIndex(isWildcard);
    const split = at < 0 ? Catch.length : at;
    return {
      ...rest,
      Retry: [final, { ...transient, ...own }],
      Catch: [...Catch.slice(0, split), superseded, ...Catch.slice(split)],
      ...(Next !== undefined && { Next }),
    };
  };
  if (machine.States['Superseded']?.Type !== 'Succeed')
    throw new BadMachine(`${name}: it needs a state Superseded of type Succeed.`);
  return {
    ...machine,
    States: Object.fromEntries(
      Object.entries(machine.States).map(([state, definition]) => [state, complete(state, definition)]),
    ),
  };
}

/**
 * The state machine of a workflow: `workflows/<name>/machine.asl.json`, completed. CDK, the local runner and
 * the tests take it from here.
 * @throws BadMachine
 */
export const machineOf = (name: WorkflowName): Machine =>
  completed(
    name,
    JSON.parse(readFileSync(new URL(`./${name}/machine.asl.json`, import.meta.url), 'utf8')) as Machine,
  );

export const allMachines = (): Readonly<Record<WorkflowName, Machine>> =>
  Object.fromEntries(workflowNames.map((name) => [name, machineOf(name)])) as Record<WorkflowName, Machine>;

/** The names of a machine's states of one type. */
export const statesOf = ({ States }: Machine, type: string): string[] =>
  Object.keys(States).filter((state) => States[state]?.Type === type);
