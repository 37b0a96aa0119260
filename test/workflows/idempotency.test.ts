import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { Execution } from '../../lambdas/domain/ports.ts';
import { TestDynamo } from '../helpers/dynamo.ts';
import { close, drop, hosted, rowsOf, start, stop } from '../helpers/flow.ts';
import { walk, type Perform } from '../helpers/walk.ts';
import { World } from '../helpers/world.ts';

let dynamo: TestDynamo;
beforeAll(async () => {
  dynamo = await TestDynamo.start();
});
afterAll(() => dynamo.close());

const once: Perform = (_, task) => task();

/** The task did its work, its answer was lost, and it is delivered again. */
const again: Perform = async (_, task) => {
  await task().catch(() => undefined);
  return task();
};

/**
 * Delivered twice, and both are at work at once. One may find that the other has been there; the answer is
 * that of the one who was not in vain.
 */
const together: Perform = async (_, task) => {
  const [one, other] = await Promise.allSettled([task(), task()]);
  if (one.status === 'fulfilled') return one.value;
  if (other.status === 'fulfilled') return other.value;
  throw one.reason;
};

const begin = {
  'a start with a maximum': async (world: World) => {
    const model = await world.trained();
    return () => start(world, model, { MaxInferenceUnits: 3 });
  },
  'a start that fails': async (world: World) => {
    const model = await world.trained();
    world.engine.born = { state: 'failed', reason: 'No capacity.' };
    return () => start(world, model);
  },
  'a stop': async (world: World) => {
    const model = await hosted(world);
    return () => stop(world, model);
  },
  'a delete of what failed': async (world: World) => {
    world.engine.born = { state: 'failed', reason: 'No capacity.' };
    const model = await hosted(world);
    return () => drop(world, model);
  },
  'an import': async (world: World) => {
    await world.trained();
    return () => world.import('parts', { Source: { S3: { Bucket: 'models' } } });
  },
  'an import that is refused': async (world: World) => {
    await world.trained();
    world.engine.admission = { admitted: false, reason: 'There is no model.onnx.' };
    return () => world.import('parts', { Source: { S3: { Bucket: 'models' } } });
  },
} satisfies Record<string, (world: World) => Promise<() => Promise<unknown>>>;

/** The rows at the end of one walk, ids replaced by the order in which they turn up. */
async function rowsAfter(name: keyof typeof begin, perform: Perform): Promise<unknown> {
  const world = await World.open(dynamo, { pace: 0.1 });
  const act = await begin[name](world);
  const executions: Execution[] = [];
  const spy = jest.spyOn(world.runner, 'start').mockImplementation((execution) => {
    executions.push(execution);
    return Promise.resolve('started');
  });
  await act();
  spy.mockRestore();
  expect(executions).toHaveLength(1);
  for (const execution of executions) await walk(world, execution, perform);

  const { used, reserved } = await world.reserved();
  expect(used).toBe(reserved);
  expect([...world.engine.resources.keys()]).toHaveLength(name === 'a start with a maximum' ? 1 : 0);
  let text = JSON.stringify(await rowsOf(world));
  const ids = [...new Set(text.match(/"id":"[a-z0-9]{25}"/g))].map((each) => each.slice(6, -1));
  ids.forEach((id, index) => {
    text = text.replaceAll(id, `id${index}`).replaceAll(/"dueShard":"\d"/g, '"dueShard":"any"');
  });
  await close(world);
  // Of two calls that create at the same time the later may still arrive for longer.
  return JSON.parse(text.replaceAll(/"createUntil":\d+/g, '"createUntil":"any"'));
}

describe.each(Object.keys(begin) as (keyof typeof begin)[])('%s', (name) => {
  test.each<[string, Perform]>([
    ['again', again],
    ['together', together],
  ])('whose every task is delivered twice, %s, ends in the same rows', async (_, twice) => {
    expect(await rowsAfter(name, twice)).toEqual(await rowsAfter(name, once));
  });
});
