import { expect, test } from '@jest/globals';
import { feed } from './artifacts.ts';
import { besiege } from './run.ts';

// Other requests each time; the seed is in the failure. Many more: npm run chaos -- --only hostile
const seed = Date.now() % 2 ** 31;

/** Numbers decide, not time: on a busy machine a few seconds have room for nothing. */
const within = (): number => Date.now() + 240_000;

test('hostile requests get typed refusals, and change nothing', async () => {
  const { wrong, sent, heap } = await besiege(800, within(), seed);
  expect({ seed, wrong }).toEqual({ seed, wrong: [] });
  expect(sent).toBeGreaterThanOrEqual(800);
  expect(heap[1] - heap[0]).toBeLessThan(20 * 1024 * 1024);
}, 300_000);

test('hostile pictures and artifacts are refused, and end nothing', async () => {
  const { wrong, pictures, models } = await feed({ pictures: 60, models: 2, graphs: 1500 }, within(), seed);
  expect({ seed, wrong }).toEqual({ seed, wrong: [] });
  expect(pictures.refused).toBeGreaterThan(0);
  expect(models.refused + models.admitted).toBe(2);
}, 300_000);
