import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { executionOf } from '../../lambdas/domain/model.ts';
import { sweep } from '../../lambdas/workflows/sweep/sweep.ts';
import { TestDynamo } from '../helpers/dynamo.ts';
import { close, drop, hold, hosted, rowOf, start, statusOf, stop, type Named } from '../helpers/flow.ts';
import { walk } from '../helpers/walk.ts';
import { World } from '../helpers/world.ts';

let dynamo: TestDynamo;
let world: World;
beforeAll(async () => {
  dynamo = await TestDynamo.start();
});
afterAll(() => dynamo.close());
afterEach(async () => {
  jest.restoreAllMocks();
  const { used, reserved } = await world.reserved();
  expect(used).toBe(reserved);
  await close(world);
});

/** For tests that have to come by every minute. */
const times = { delivery: 60, start: 600, import: 600, train: 600, release: 600, provision: 60, health: 60 };

const breakExecutions = () => jest.spyOn(world.runner, 'start').mockRejectedValue(new Error('throttled'));

/** Begins an operation whose execution the test walks itself, so that time passes while it waits. */
async function walked(model: Named, act: () => Promise<unknown>): Promise<string[]> {
  const broken = jest.spyOn(world.runner, 'start').mockResolvedValue('started');
  await act();
  broken.mockRestore();
  return walk(world, executionOf(await rowOf(world, model)));
}

describe('a start that stays in creating', () => {
  test('fails after its deadline, by a look made after it, and gives its place back only when nothing is left', async () => {
    world = await World.open(dynamo, { pace: 0.1 });
    const model = await world.trained();
    const { engine, clock } = world;
    engine.born = { state: 'creating', note: 'Instances are being launched.' };
    engine.removes = false;
    const from = clock.now();
    const looks: number[] = [];
    const messages = new Set<string | undefined>();
    engine.before = async (call) => {
      if (call !== 'observe' || engine.count('remove') > 0) return;
      looks.push((clock.now() - from) / 1000);
      messages.add((await rowOf(world, model)).statusMessage);
    };
    expect((await walked(model, () => start(world, model))).at(-1)).toBe('LeftToSweep');

    expect(await world.describe(model)).toMatchObject({
      Status: 'HOSTING_FAILED',
      StatusMessage:
        "The model was not ready after 60 minutes. Instances are being launched. Start it again; if it fails again, look at the engine's own log.",
    });
    expect(messages).toContain(
      'The model is starting. It can be used when its status is HOSTED. Instances are being launched.',
    );
    expect(looks.at(-1)).toBeGreaterThan(3600);
    expect(looks.filter((at) => at > 3600)).toHaveLength(1);
    expect(await world.reserved()).toEqual({ used: 1, reserved: 1 });

    const [deployment] = await world.deployments(model);
    engine.vanish(deployment?.id ?? '');
    await world.sweepAfter(120);
    expect(await world.reserved()).toEqual({ used: 0, reserved: 0 });
    expect((await world.deployments(model))[0]).toMatchObject({
      endReason: 'FAILED',
      releasedAt: expect.any(Number),
      endedAt: world.clock.now(),
    });
  });

  test('is not failed for hours in which nobody looked', async () => {
    world = await World.open(dynamo, { pace: 0.1 });
    const model = await world.trained();
    const held = hold(world.engine, 'create');
    await start(world, model);
    await held.reached;
    const before = await rowOf(world, model);
    for (const name of world.runner.names()) world.runner.abort(name);
    await world.settle();

    world.engine.born = { state: 'creating' };
    breakExecutions(); // and the first sweep after the night has a bad start
    world.clock.advance(8 * 3600);
    await sweep(world.context);
    const after = await rowOf(world, model);
    expect(after.status).toBe('STARTING_HOSTING');
    expect(after.operation.deadline - before.operation.deadline).toBe(
      world.clock.now() - (before.dueAt ?? 0),
    );
    jest.restoreAllMocks();
    world.engine.born = { state: 'ready' };
    await world.sweepAfter(60);
    expect(await statusOf(world, model)).toBe('HOSTED');
  });

  test.each(['Claim', 'Provision', 'ObserveHosting'])(
    'is not failed when the machine slept right before %s',
    async (task) => {
      world = await World.open(dynamo, { pace: 0.1 });
      const model = await world.trained();
      jest.spyOn(world.runner, 'start').mockResolvedValue('started');
      await start(world, model);
      world.engine.born = { state: 'creating' };
      let slept = false;
      const path = await walk(world, executionOf(await rowOf(world, model)), async (state, once) => {
        if (state === task && !slept) {
          slept = true;
          world.clock.advance(8 * 3600);
        } else if (state === 'ObserveHosting' && world.engine.count('observe') === 1) {
          for (const id of world.engine.resources.keys()) world.engine.resources.set(id, { state: 'ready' });
        }
        return once();
      });
      expect(path.slice(-2)).toEqual(['MarkHosted', 'Done']);
    },
  );
});

describe('while executions cannot be started at all', () => {
  /** Minute after minute. @returns how many until the model was there */
  async function minutesUntil(status: string | undefined, model: Named): Promise<number> {
    for (let minute = 0; minute < 40; minute += 1) {
      if (
        (await world.store.models.get({ project: model.ProjectName, version: model.ModelVersion }))
          ?.status === status
      )
        return minute;
      await world.sweepAfter(60);
    }
    throw new Error(`never ${String(status)}`);
  }

  test('a start fails, and its place is given back', async () => {
    world = await World.open(dynamo, { pace: 0.1, settings: { times } });
    const model = await world.trained();
    breakExecutions();
    await start(world, model);
    expect(await minutesUntil('HOSTING_FAILED', model)).toBe(11);
    expect((await world.describe(model)).StatusMessage).toContain('was not ready after 10 minutes');
    await world.sweepAfter(60);
    expect(await world.reserved()).toEqual({ used: 0, reserved: 0 });
  });

  test('a start whose resources are there ends in HOSTED', async () => {
    world = await World.open(dynamo, { pace: 0.1, settings: { times } });
    const model = await world.trained();
    breakExecutions();
    await start(world, model, { MaxInferenceUnits: 2 });
    const {
      operation: { id },
    } = await rowOf(world, model);
    world.engine.resources.set(id, { state: 'ready' });
    await minutesUntil('HOSTED', model);
    expect(world.engine.units.get(id)).toEqual({ min: 1, max: 2 });
  });

  test('a start fails after its deadline also when no look succeeds', async () => {
    world = await World.open(dynamo, { pace: 0.1, settings: { times } });
    const model = await world.trained();
    breakExecutions();
    await start(world, model);
    world.engine.before = () => {
      throw new Error('access denied');
    };
    for (let minute = 0; minute < 15; minute += 1) await world.sweepAfter(60);
    expect(await statusOf(world, model)).toBe('HOSTING_FAILED');
    world.engine.before = () => undefined;
    await world.sweepAfter(120);
  });

  test('a stop, a deletion and an import end too', async () => {
    world = await World.open(dynamo, { pace: 0.1, settings: { times } });
    const [stopped, deleted] = [await hosted(world), await world.trained()];
    breakExecutions();
    await stop(world, stopped);
    await drop(world, deleted);
    const imported = {
      ProjectName: 'parts',
      ModelVersion: await world.import('parts', { Source: { S3: { Bucket: 'models' } } }),
    };
    expect(await minutesUntil('TRAINED', stopped)).toBe(11);
    expect((await world.deployments(stopped))[0]).toMatchObject({
      endReason: 'STOPPED',
      releasedAt: expect.any(Number),
    });
    await minutesUntil(undefined, deleted);
    expect(world.engine.calls).toContain(`discard ${deleted.ModelVersion}`);
    await minutesUntil('TRAINING_FAILED', imported);
    expect((await world.describe(imported)).StatusMessage).toContain('could not be checked in time');
    expect(await world.reserved()).toEqual({ used: 0, reserved: 0 });
  });
});

describe('an import', () => {
  const begin = async (): Promise<Named> => ({
    ProjectName: 'parts',
    ModelVersion: await world.import('parts', { Source: { S3: { Bucket: 'models' } } }),
  });

  test.each([
    [
      'whose check never succeeds',
      () => {
        world.engine.before = (call) => {
          if (call === 'admit') throw new Error('out of memory');
        };
      },
    ],
    [
      'that the engine never finishes',
      () => {
        world.engine.admission = { admitted: 'pending', note: 'A package is being made.' };
      },
    ],
  ])('%s fails after its deadline', async (_, trouble) => {
    world = await World.open(dynamo, { pace: 0.1, settings: { times } });
    await world.trained();
    trouble();
    jest.spyOn(world.runner, 'start').mockResolvedValue('started');
    const model = await begin();
    for (let attempt = 0; attempt < 60 && (await statusOf(world, model)) === 'TRAINING'; attempt += 1) {
      await walk(world, executionOf(await rowOf(world, model))).catch(() => undefined);
      world.clock.advance(125);
      await sweep(world.context);
    }
    expect(await world.describe(model)).toMatchObject({
      Status: 'TRAINING_FAILED',
      StatusMessage: expect.stringContaining('could not be checked in time'),
    });
  });
});

describe('a stop, and a deletion, cannot fail:', () => {
  test.each([
    ['stop', stop, 'STOPPING_HOSTING', 'The model is stopping.', 'TRAINED'],
    ['delete', drop, 'DELETING', 'The model is being deleted.', undefined],
  ] as const)(
    'a %s for which the engine takes hours goes on after its execution has ended',
    async (...[, act, status, message, end]) => {
      world = await World.open(dynamo, { pace: 0.1 });
      if (act === drop) world.engine.born = { state: 'failed', reason: 'No capacity.' };
      world.engine.removes = false;
      const model = await hosted(world);
      expect((await walked(model, () => act(world, model))).at(-1)).toBe('LeftToSweep');
      expect(await world.describe(model)).toMatchObject({
        Status: status,
        StatusMessage: `${message} The engine takes unusually long to remove its resources; it is asked again until they are gone.`,
      });
      for (let hour = 0; hour < 3; hour += 1) await world.sweepAfter(3600);
      expect(await statusOf(world, model)).toBe(status);
      expect(await world.reserved()).toEqual({ used: 1, reserved: 1 });

      for (const id of world.engine.resources.keys()) world.engine.vanish(id);
      await world.sweepAfter(3600);
      expect(
        (await world.store.models.get({ project: model.ProjectName, version: model.ModelVersion }))?.status,
      ).toBe(end);
      expect(await world.reserved()).toEqual({ used: 0, reserved: 0 });
    },
  );
});

describe('past its deadline an operation that can fail fails on any error:', () => {
  test.each(['observe', 'scale'] as const)('a start, when the engine refuses %s', async (broken) => {
    world = await World.open(dynamo, { pace: 0.1, settings: { times } });
    const model = await world.trained();
    world.engine.before = (call) => {
      if (call === broken) throw new Error('ValidationException: not in these words');
    };
    await start(world, model, { MinInferenceUnits: 1, MaxInferenceUnits: 2 });
    await world.settle();
    for (let look = 0; look < 12 && (await statusOf(world, model)) === 'STARTING_HOSTING'; look += 1)
      await world.sweepAfter(125);
    expect(await world.describe(model)).toMatchObject({
      Status: 'HOSTING_FAILED',
      StatusMessage: expect.stringMatching(
        /^The model could not start in time, and asking after it fails\. Start the model again; if it fails again, look into the log for operation [a-z0-9]{25}\.$/,
      ),
    });
    expect(world.logged.join('\n')).toContain('ValidationException: not in these words');
    world.engine.before = () => undefined;
    for (let look = 0; look < 3; look += 1) await world.sweepAfter(125);
    expect(await world.reserved()).toEqual({ used: 0, reserved: 0 });
    expect(world.engine.resources.size).toBe(0);
  });
});
