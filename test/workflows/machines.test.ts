import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { workflowNames } from '../../lambdas/domain/workflows.ts';
import {
  BadMachine,
  completed,
  machineOf,
  statesOf,
  type Machine,
  type State,
} from '../../lambdas/workflows/machines.ts';

const withTask = (task: Partial<State>): Machine => ({
  Comment: 'one task',
  StartAt: 'Work',
  TimeoutSeconds: 60,
  States: {
    Work: { Type: 'Task', Resource: '${Work}', ...task, Next: 'Done' },
    Done: { Type: 'Succeed' },
    Superseded: { Type: 'Succeed' },
  },
});
const workOf = (task: Partial<State>): State => completed('test', withTask(task)).States['Work'] as State;

const superseded = { ErrorEquals: ['Superseded'], ResultPath: null, Next: 'Superseded' };
const block = {
  Retry: [
    { ErrorEquals: ['EngineFailed', 'Superseded'], MaxAttempts: 0 },
    {
      ErrorEquals: ['States.ALL'],
      IntervalSeconds: 2,
      BackoffRate: 2,
      MaxAttempts: 5,
      MaxDelaySeconds: 30,
      JitterStrategy: 'FULL',
    },
  ],
  Catch: [superseded],
};

test('a task gets the block, and nothing else of a machine is touched', () => {
  const machine = withTask({ TimeoutSeconds: 120, ResultPath: null });
  expect(completed('test', machine)).toEqual({
    ...machine,
    States: { ...machine.States, Work: { ...machine.States['Work'], ...block } },
  });
});

test('the typed errors are never tried again, for their retrier comes first', () => {
  expect(workOf({}).Retry?.map(({ ErrorEquals }) => ErrorEquals)).toEqual([
    ['EngineFailed', 'Superseded'],
    ['States.ALL'],
  ]);
});

test("a task's own Retry changes members of the block", () => {
  const { Retry } = workOf({ Retry: [{ ErrorEquals: ['States.ALL'], MaxAttempts: 20 }] });
  expect(Retry).toEqual([block.Retry[0], { ...block.Retry[1], MaxAttempts: 20 }]);
});

test('own catchers keep their order; Superseded comes behind them, and before one for all errors', () => {
  const one = { ErrorEquals: ['EngineFailed'], ResultPath: '$.failure', Next: 'Done' };
  const other = { ErrorEquals: ['States.Timeout'], ResultPath: null, Next: 'Done' };
  const all = { ErrorEquals: ['States.ALL'], ResultPath: null, Next: 'Done' };
  expect(workOf({ Catch: [one, other] }).Catch).toEqual([one, other, superseded]);
  expect(workOf({ Catch: [one, all] }).Catch).toEqual([one, superseded, all]);
});

test.each<readonly [string, Machine, string]>([
  [
    'another retrier',
    withTask({ Retry: [{ ErrorEquals: ['EngineFailed'], MaxAttempts: 3 }] }),
    'test.Work: its own Retry can have one entry, for States.ALL.',
  ],
  [
    'a catcher of Superseded',
    withTask({ Catch: [{ ErrorEquals: ['Superseded'], ResultPath: null, Next: 'Done' }] }),
    'test.Work: Superseded is caught for every task alike.',
  ],
  [
    'no state for those who give way',
    { ...withTask({}), States: {} },
    'test: it needs a state Superseded of type Succeed.',
  ],
])('a file with %s is refused', (_, machine, message) => {
  expect(() => completed('test', machine)).toThrow(new BadMachine(message));
});

test.each(workflowNames)('%s: the file shows only what is particular to a task', (name) => {
  const file = JSON.parse(
    readFileSync(new URL(`../../lambdas/workflows/${name}/machine.asl.json`, import.meta.url), 'utf8'),
  ) as Machine;
  const own = statesOf(file, 'Task').map((state) => file.States[state]?.Retry?.[0]?.MaxAttempts);
  expect(own.filter((attempts) => attempts === 5)).toEqual([]);
  for (const state of statesOf(machineOf(name), 'Task')) {
    const { Retry, Catch } = machineOf(name).States[state] as State;
    expect(Retry).toHaveLength(2);
    expect(Catch?.at(-1)).toEqual(superseded);
  }
});
