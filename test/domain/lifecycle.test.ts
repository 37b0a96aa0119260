import { describe, expect, test } from '@jest/globals';
import {
  isHosting,
  isPassing,
  mayBegin,
  passingState,
  servingStates,
  statusMessage,
} from '../../lambdas/domain/lifecycle.ts';
import { waitOf } from '../../lambdas/workflows/context.ts';

describe('the lifecycle of a model', () => {
  /**
   * State by state: what may begin there, whether it is on its way, whether StartModel may answer it, whether
   * it serves.
   */
  const states = {
    TRAINING: { begins: [], passing: true, hosting: false, serving: false },
    TRAINED: { begins: ['start', 'delete'], passing: false, hosting: false, serving: false },
    TRAINING_FAILED: { begins: ['delete'], passing: false, hosting: false, serving: false },
    STARTING_HOSTING: { begins: ['stop'], passing: true, hosting: true, serving: false },
    HOSTED: { begins: ['stop'], passing: false, hosting: true, serving: true },
    HOSTING_FAILED: { begins: ['start', 'stop', 'delete'], passing: false, hosting: true, serving: false },
    STOPPING_HOSTING: { begins: [], passing: true, hosting: true, serving: false },
    SYSTEM_UPDATING: { begins: ['stop'], passing: false, hosting: true, serving: true },
    DELETING: { begins: [], passing: true, hosting: false, serving: false },
  } as const;

  test.each(Object.entries(states))('%s', (name, expected) => {
    const state = name as keyof typeof states;
    const begins = (['start', 'stop', 'delete'] as const).filter((kind) =>
      (mayBegin[kind] as readonly string[]).includes(state),
    );
    expect({
      begins,
      passing: isPassing(state),
      hosting: isHosting(state),
      serving: servingStates.includes(state),
    }).toEqual(expected);
  });

  test('each kind of operation holds a model in one state', () => {
    expect(passingState).toEqual({
      import: 'TRAINING',
      train: 'TRAINING',
      start: 'STARTING_HOSTING',
      stop: 'STOPPING_HOSTING',
      delete: 'DELETING',
    });
  });

  test('no message is empty', () => {
    for (const message of Object.values(statusMessage)) expect(message).toMatch(/^[A-Z].*\.$/);
  });
});

describe('waits', () => {
  test('grow by half from five seconds to a minute, in whole seconds, and to two after four hours', () => {
    expect([0, 1, 2, 3, 4, 5, 6, 7, 40, 240].map(waitOf)).toEqual([5, 8, 11, 17, 25, 38, 57, 60, 60, 60]);
    expect([241, 5000].map(waitOf)).toEqual([120, 120]);
  });

  test("keep the history of two days' training short of Step Functions' 25,000 events", () => {
    let rounds = 0;
    for (let seconds = 0; seconds < 48 * 3600; rounds += 1) seconds += waitOf(rounds);
    expect(rounds * 10).toBeLessThan(25_000);
  });

  test("keep the history of the slowest start short of Step Functions' 25,000 events", () => {
    let rounds = 0;
    for (let seconds = 0; seconds < 10_800; rounds += 1) seconds += waitOf(rounds);
    expect(rounds * 9).toBeLessThan(25_000 / 10); // a wait, a task and a choice are nine events
  });
});
