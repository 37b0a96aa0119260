import { expect, test } from '@jest/globals';
import { hostingLife } from './hosting-life.ts';
import { learningLife } from './learning-life.ts';
import type { Life } from './life.ts';
import { crashMatrix } from './matrix.ts';

// A few points, others each time; all of them: npm run chaos -- --only crashes
test.each([
  [hostingLife, 80],
  [learningLife, 60],
] as [Life, number][])(
  'a host that is killed at a named point is followed by one that ends what it began: %#',
  async (life, least) => {
    const { points, killedAt, wrong } = await crashMatrix(life, Date.now() + 14_000, shuffled, 3);
    expect(wrong).toEqual([]);
    expect(points).toBeGreaterThanOrEqual(least);
    expect(killedAt.length).toBeGreaterThanOrEqual(3);
  },
  600_000,
);

const shuffled = <T>(list: readonly T[]): T[] =>
  list
    .map((item) => [Math.random(), item] as const)
    .sort(([a], [b]) => a - b)
    .map(([, item]) => item);
