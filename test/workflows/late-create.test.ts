import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { Execution } from '../../lambdas/domain/ports.ts';
import { provision } from '../../lambdas/workflows/hosting/start-tasks.ts';
import { releaseStep } from '../../lambdas/workflows/hosting/release.ts';
import { sweep } from '../../lambdas/workflows/sweep/sweep.ts';
import { TestDynamo } from '../helpers/dynamo.ts';
import {
  close,
  drop,
  hold,
  keyOf,
  start,
  statusOf,
  stop,
  until,
  type Held,
  type Named,
} from '../helpers/flow.ts';
import { World } from '../helpers/world.ts';

/* The fence protects rows, not calls to the engine: here a create passes the fence, and takes effect only after the model was given up. */

let dynamo: TestDynamo;
let world: World;
beforeAll(async () => {
  dynamo = await TestDynamo.start();
});
afterAll(() => dynamo.close());
afterEach(async () => {
  jest.restoreAllMocks();
  expect(await world.reserved()).toEqual({ used: 0, reserved: 0 });
  expect([...world.engine.resources.keys()]).toEqual([]);
  await close(world);
});

const times = { delivery: 60, start: 600, import: 600, train: 600, release: 600, provision: 60, health: 60 };

/** A start whose create is on its way. */
async function startHeld(sealed: boolean): Promise<{ model: Named; held: Held }> {
  world = await World.open(dynamo, { pace: 0.1, settings: { times } });
  world.engine.sealed = sealed;
  const model = await world.trained();
  const held = hold(world.engine, 'create');
  await start(world, model);
  await held.reached;
  return { model, held };
}

/**
 * Until the engine was looked at so often, or the execution that looks has ended, and left the rest to the
 * sweep.
 */
const looks = (more: number): Promise<void> => {
  const from = world.engine.count('observe');
  return until(() => world.engine.count('observe') >= from + more || world.runner.names().length < 2);
};

describe('a stop during the start ends in TRAINED, with nothing left running,', () => {
  test('where "gone" is final, when the create takes effect while the stop is at work', async () => {
    const { model, held } = await startHeld(true);
    const stopHeld = hold(world.engine, 'remove');
    await stop(world, model);
    await stopHeld.reached;
    held.letGo();
    await until(() => world.engine.resources.size === 1);
    stopHeld.letGo();
    await world.settle();
    expect(await statusOf(world, model)).toBe('TRAINED');
  });

  test('where "gone" is final, when the create takes effect after the stop has ended', async () => {
    const { model, held } = await startHeld(true);
    await stop(world, model);
    await until(async () => (await statusOf(world, model)) === 'TRAINED');
    held.letGo();
    await world.settle();
    expect(await statusOf(world, model)).toBe('TRAINED');
  });

  test('where a call may arrive late, and only when none can any more', async () => {
    const { model, held } = await startHeld(false);
    await stop(world, model);
    await looks(3); // it is not found, and that is not believed
    world.clock.advance(59);
    await looks(2);
    expect(await statusOf(world, model)).toBe('STOPPING_HOSTING');
    expect(await world.reserved()).toEqual({ used: 1, reserved: 1 });
    held.letGo(); // in the last second
    await looks(2);
    expect(await statusOf(world, model)).toBe('STOPPING_HOSTING');
    world.clock.advance(2);
    await world.settle();
    await world.sweepAfter(130);
    expect(await statusOf(world, model)).toBe('TRAINED');
  });

  test("where a call may arrive late, when the stop's execution died and only the sweep comes by", async () => {
    const { model, held } = await startHeld(false);
    const broken = jest.spyOn(world.runner, 'start').mockRejectedValue(new Error('throttled'));
    await stop(world, model);
    world.clock.advance(30);
    held.letGo();
    await world.settle();
    expect(world.engine.resources.size).toBe(1);
    for (let minute = 0; minute < 30 && (await statusOf(world, model)) !== 'TRAINED'; minute += 1)
      await world.sweepAfter(60);
    expect(await statusOf(world, model)).toBe('TRAINED');
    expect(broken.mock.calls.length).toBeGreaterThan(5);
  });
});

describe('a deletion after a failed start leaves nothing running', () => {
  test.each([[true], [false]])(
    'when the create of its first attempt arrives late, with "gone" final: %s',
    async (sealed) => {
      const { model, held } = await startHeld(sealed);
      world.engine.born = { state: 'failed', reason: 'No capacity.' };
      world.clock.advance(130);
      await sweep(world.context); // the second attempt finds that it failed
      await until(async () => (await statusOf(world, model)) === 'HOSTING_FAILED');
      world.engine.born = { state: 'ready' };
      await drop(world, model);
      await looks(3);
      expect(await world.reserved()).toEqual(sealed ? { used: 0, reserved: 0 } : { used: 1, reserved: 1 });
      world.clock.advance(59);
      held.letGo();
      await looks(2);
      world.clock.advance(2);
      await world.settle();
      await world.sweepAfter(130);
      await expect(world.describe(model)).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    },
  );
});

describe('a start that only the sweep can bring to its end', () => {
  test.each([[true], [false]])(
    'leaves nothing running although its create arrives at the last moment, with "gone" final: %s',
    async (sealed) => {
      const { model, held } = await startHeld(sealed);
      jest.spyOn(world.runner, 'start').mockRejectedValue(new Error('throttled'));
      const pass = async (seconds: number): Promise<void> => {
        world.clock.advance(seconds);
        await sweep(world.context);
      };
      for (let minute = 0; minute < 30 && (await statusOf(world, model)) !== 'HOSTING_FAILED'; minute += 1)
        await pass(60);
      expect(await statusOf(world, model)).toBe('HOSTING_FAILED');
      if (!sealed)
        // minutes late: nothing but a tombstone keeps out what comes later than it was announced
        held.letGo();
      else {
        await pass(120);
        expect(await world.reserved()).toEqual({ used: 0, reserved: 0 });
        held.letGo();
      }
      await world.settle();
      await world.sweepAfter(120);
      await world.sweepAfter(120);
    },
  );
});

test('a task that was held up does not take back the time that another has announced for its call', async () => {
  world = await World.open(dynamo, { pace: 0.1, settings: { times } });
  world.engine.sealed = false;
  const model = await world.trained();
  const executions: Execution[] = [];
  const kept = jest.spyOn(world.runner, 'start').mockImplementation((execution) => {
    executions.push(execution);
    return Promise.resolve('started');
  });
  await start(world, model);
  const [execution] = executions;
  if (execution?.input.kind !== 'start') throw new Error('nothing was started');
  const { input } = execution;
  kept.mockRestore();

  // The first has read the row, and is held up before it announces its call; the second is not.
  const read = world.store.deployments.get.bind(world.store.deployments);
  const held = Promise.withResolvers<undefined>();
  const reached = Promise.withResolvers<undefined>();
  jest.spyOn(world.store.deployments, 'get').mockImplementationOnce(async (key) => {
    const row = await read(key);
    reached.resolve(undefined);
    await held.promise;
    return row;
  });
  const first = provision(input, world.context);
  await reached.promise;
  world.clock.advance(40);
  const call = hold(world.engine, 'create');
  const second = provision(input, world.context);
  await call.reached;
  const key = { ...keyOf(model), id: input.operationId };
  const announced = (await read(key))?.createUntil;
  held.resolve(undefined);
  await expect(first).rejects.toThrow('did not hold');
  expect((await read(key))?.createUntil).toBe(announced);
  call.letGo();
  await second;
  await stop(world, model);
  world.clock.advance(130);
  await world.settle();
  await world.sweepAfter(130);
  expect(await statusOf(world, model)).toBe('TRAINED');
});

test('a deployment does not end while a call that creates has been announced since it was read', async () => {
  const { model, held } = await startHeld(false);
  const [deployment] = await world.deployments(model);
  if (deployment === undefined) throw new Error('there is no deployment');
  const { createUntil: _, ...before } = deployment; // as it was read before the task announced its call
  expect(await releaseStep(world.context, before, 'FAILED')).toBe(false);
  expect(await world.reserved()).toEqual({ used: 1, reserved: 1 });
  expect(
    (await world.store.deployments.get({ ...keyOf(model), id: deployment.id }))?.endedAt,
  ).toBeUndefined();

  await stop(world, model);
  held.letGo();
  world.clock.advance(61);
  await world.settle();
  await world.sweepAfter(130);
  expect(await statusOf(world, model)).toBe('TRAINED');
});
