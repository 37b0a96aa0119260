import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Deployment } from '../../lambdas/domain/model.ts';
import { costOf, firstUnits, notBefore, unitMinutes, withUnits } from '../../lambdas/domain/run.ts';

const start = Date.parse('2026-03-27T21:17:00Z');
const day = 24 * 3600;

interface Step {
  /** Seconds by which the clock moves before it; a clock that is set back moves the other way. */
  readonly after: number;
  readonly count: number;
}

/**
 * What was served, second by second: a clock that is set back stands still until it has caught up, as the
 * record has it. @returns how many units serve in each second, from `start` on
 */
function served(hosted: number, steps: readonly Step[], end: number): number[] {
  const units: number[] = [];
  let count = 1;
  let at = 0;
  const fill = (until: number): void => {
    while (units.length < until) units.push(units.length < hosted ? 0 : count);
  };
  for (const step of steps) {
    at = Math.max(at, at + step.after);
    fill(at);
    count = step.count;
  }
  fill(end);
  return units.slice(0, end);
}

function runOf(hosted: number, steps: readonly Step[], end: number): Deployment {
  let run: Deployment = {
    v: 1,
    id: 'a',
    project: 'parts',
    version: '1',
    units: { min: 1, max: 5 },
    startedBy: 'anna',
    startedAt: start,
    hostedAt: start + hosted * 1000,
    unitHistory: [firstUnits({ min: 1, max: 5 }, start)],
  };
  let at = 0;
  for (const { after, count } of steps) {
    const clock = at + after;
    at = Math.max(at, clock);
    run = { ...run, unitHistory: withUnits(run, { at: start + clock * 1000, min: 1, max: 5, count }) };
  }
  return { ...run, releasedAt: start + end * 1000 };
}

const sum = (units: readonly number[], from: number, to: number): number =>
  units.slice(Math.max(0, from), Math.max(0, to)).reduce((total, each) => total + each, 0);

const steps = (most: number) =>
  fc.array(
    fc.record({ after: fc.integer({ min: -3600, max: 4 * 3600 }), count: fc.integer({ min: 1, max: 5 }) }),
    {
      maxLength: most,
    },
  );

describe('unit-minutes', () => {
  test('are those of a count second by second, and days add up to the run, to the minute', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 7200 }),
        steps(40),
        fc.integer({ min: 0, max: 10 * day }),
        (hosted, changes, more) => {
          const last = changes.reduce((at, { after }) => Math.max(at, at + after), hosted);
          const end = Math.max(hosted, last) + (more % (2 * day));
          const run = runOf(hosted, changes, end);
          const units = served(hosted, changes, end);
          const total = unitMinutes(run, -Infinity, Infinity, start + 99 * day * 1000);
          expect(total).toBe(Math.round(sum(units, 0, end) / 60));
          let added = 0;
          const midnight = Date.parse('2026-03-27T00:00:00Z');
          for (let from = midnight; from < start + end * 1000; from += day * 1000) {
            const minutes = unitMinutes(run, from, from + day * 1000, start + 99 * day * 1000);
            const exact = sum(units, (from - start) / 1000, (from - start) / 1000 + day) / 60;
            expect(Math.abs(minutes - exact)).toBeLessThanOrEqual(1);
            added += minutes;
          }
          expect(added).toBe(total);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('stay what they are, day by day, when a long history becomes averages', () => {
    const changes = Array.from({ length: 2000 }, (_, index) => ({
      after: 200 + ((index * 37) % 301),
      count: 1 + (index % 5),
    }));
    const end = changes.reduce((at, { after }) => at + after, 0) + 600;
    const run = runOf(300, changes, end);
    const units = served(300, changes, end);
    expect(run.unitHistory?.length).toBeLessThan(400);
    expect(unitMinutes(run, -Infinity, Infinity, Infinity)).toBe(Math.round(sum(units, 0, end) / 60));
    for (let from = Date.parse('2026-03-27T00:00:00Z'); from < start + end * 1000; from += day * 1000) {
      const second = (from - start) / 1000;
      const exact = sum(units, second, second + day) / 60;
      expect(Math.abs(unitMinutes(run, from, from + day * 1000, Infinity) - exact)).toBeLessThanOrEqual(1);
    }
  });

  test('begin when the model serves, end when it is released, and go on until now while it runs', () => {
    const run = runOf(60, [], 660);
    expect(unitMinutes(run, -Infinity, Infinity, Infinity)).toBe(10);
    const { releasedAt: _, ...going } = run;
    expect(unitMinutes(going, -Infinity, Infinity, start + 360_000)).toBe(5);
    const { hostedAt: __, ...starting } = going;
    expect(unitMinutes(starting, -Infinity, Infinity, start + 360_000)).toBe(0);
  });

  test('of a row of 0.1 are those of its units from start to end', () => {
    const { unitHistory: _, ...old } = runOf(0, [], 600);
    expect(unitMinutes({ ...old, units: { min: 3 } }, -Infinity, Infinity, Infinity)).toBe(30);
  });
});

test('a cost is known where a price is', () => {
  expect(costOf(90, { perHour: 0.026 })).toBe(0.039);
  expect(costOf(90, {})).toBeUndefined();
  expect(costOf(90, undefined)).toBeUndefined();
});

test('what is noted later never stands before what was noted earlier', () => {
  expect([notBefore(5, undefined), notBefore(5, 3), notBefore(5, 8)]).toEqual([5, 5, 8]);
});
