import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { executionOf } from '../../lambdas/domain/model.ts';
import { sweep } from '../../lambdas/workflows/sweep/sweep.ts';
import { TestDynamo } from '../helpers/dynamo.ts';
import {
  close,
  drop,
  hold,
  hosted,
  rowOf,
  rowsOf,
  start,
  statusOf,
  stop,
  until,
  type Named,
} from '../helpers/flow.ts';
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

/** Longer than any lease that a task takes. */
const lease = 200;

const nameOf = async (model: Named): Promise<string> => executionOf(await rowOf(world, model)).name;

describe('an execution that died', () => {
  test('by being aborted is taken over when its lease has run out, under a name that was never used', async () => {
    world = await World.open(dynamo, { pace: 0.1 });
    const model = await world.trained();
    world.engine.born = { state: 'creating' };
    await start(world, model);
    await until(() => world.engine.count('observe') > 0);
    const first = await nameOf(model);
    world.runner.abort(first);
    await world.settle();
    const {
      operation: { id },
    } = await rowOf(world, model);
    world.engine.resources.set(id, { state: 'ready' });

    await world.sweepAfter(30);
    expect(await nameOf(model)).toBe(first);
    await world.sweepAfter(lease);
    expect(await statusOf(world, model)).toBe('HOSTED');
    expect((await world.executions()).filter((name) => name.startsWith(id))).toEqual([`${id}-1`, `${id}-2`]);
    expect(world.engine.count('create')).toBe(2); // the same deployment, and so the same resources
    expect([...world.engine.resources.keys()]).toEqual([id]);
    expect(await world.runner.start({ ...executionOf(await rowOf(world, model)), name: first })).toBe(
      'exists',
    );
  });

  test('because a task threw until nobody tried again is taken over, and the engine has another chance', async () => {
    world = await World.open(dynamo, { pace: 0.1 });
    const model = await world.trained();
    world.engine.before = (call) => {
      if (call === 'create') throw new Error('the network is down');
    };
    await start(world, model);
    await world.settle();
    expect(world.engine.count('create')).toBe(6);
    expect(await statusOf(world, model)).toBe('STARTING_HOSTING');
    world.engine.before = () => undefined;
    await world.sweepAfter(lease);
    expect(await statusOf(world, model)).toBe('HOSTED');
    expect((await rowOf(world, model)).operation.attempt).toBe(2);
  });

  test('is taken over once, whoever many sweep', async () => {
    world = await World.open(dynamo, { pace: 0.1 });
    const model = await world.trained();
    const broken = jest.spyOn(world.runner, 'start').mockRejectedValueOnce(new Error('throttled'));
    await start(world, model);
    world.clock.advance(60);
    const reports = await Promise.all([1, 2, 3].map(() => sweep(world.context)));
    await world.settle();
    expect(reports.map(({ failed }) => failed)).toEqual([0, 0, 0]);
    expect((await rowOf(world, model)).operation.attempt).toBe(2);
    expect(broken).toHaveBeenCalledTimes(2);
    expect(world.engine.count('create')).toBe(1);
  });
});

const begin = {
  create: {
    way: async (model: Named) => {
      await start(world, model);
    },
    end: 'HOSTED',
  },
  observe: {
    way: async (model: Named) => {
      await start(world, model);
    },
    end: 'HOSTED',
  },
  scale: {
    way: async (model: Named) => {
      await start(world, model, { MaxInferenceUnits: 2 });
    },
    end: 'HOSTED',
  },
  remove: {
    way: async (model: Named) => {
      await stop(world, model);
    },
    end: 'TRAINED',
  },
  discard: {
    way: async (model: Named) => {
      await drop(world, model);
    },
    end: undefined,
  },
  admit: {
    way: async () => {
      await world.import('parts', { Source: { S3: { Bucket: 'models' } } });
    },
    end: 'TRAINED',
  },
} as const;

describe('a slow attempt, held up in', () => {
  test.each(Object.entries(begin))(
    '%s, changes nothing when it comes back after the next one has ended',
    async (call, { way, end }) => {
      world = await World.open(dynamo, { pace: 0.1 });
      const model = call === 'remove' ? await hosted(world) : await world.trained();
      const subject = call === 'admit' ? { ...model, ModelVersion: '2' } : model;
      const held = hold(world.engine, call as keyof typeof begin);
      await way(model);
      await held.reached;
      world.clock.advance(lease);
      await sweep(world.context);
      await until(
        async () =>
          (await world.store.models.get({ project: 'parts', version: subject.ModelVersion }))?.status === end,
      );
      const running = world.runner.names();
      expect(running.filter((name) => name.endsWith('-1'))).toHaveLength(1);
      await until(() => world.runner.names().length === 1);

      const rows = await rowsOf(world);
      const resources = [...world.engine.resources];
      const calls = world.engine.calls.length;
      held.letGo();
      await world.settle();
      expect(await rowsOf(world)).toEqual(rows);
      expect([...world.engine.resources]).toEqual(resources);
      expect(world.engine.calls).toHaveLength(calls);
    },
  );

  test('admit, clears away what it made if the model was deleted meanwhile', async () => {
    world = await World.open(dynamo, { pace: 0.1 });
    const { ProjectName } = await world.trained();
    const held = hold(world.engine, 'admit');
    const model = {
      ProjectName,
      ModelVersion: await world.import(ProjectName, { Source: { S3: { Bucket: 'models' } } }),
    };
    await held.reached;
    world.clock.advance(lease);
    await sweep(world.context);
    await until(async () => (await statusOf(world, model)) === 'TRAINED');
    await drop(world, model);
    await until(
      async () => (await world.store.models.get({ project: ProjectName, version: '2' })) === undefined,
    );
    expect(world.engine.calls.at(-1)).toBe('discard 2');
    held.letGo();
    await world.settle();
    expect(world.engine.calls.slice(-2)).toEqual(['discard 2', 'discard 2']);
  });
});

describe('what was promised', () => {
  test('is delivered by the sweep, after 60 seconds and not before, when the workflow could not be started', async () => {
    world = await World.open(dynamo, { pace: 0.1 });
    const model = await world.trained();
    jest.spyOn(world.runner, 'start').mockRejectedValueOnce(new Error('throttled'));
    const answer = await start(world, model);
    expect(answer).toMatchObject({ Status: 'STARTING_HOSTING', $metadata: { httpStatusCode: 202 } });
    expect(await world.sweepAfter(59)).toEqual({ looked: 0, failed: 0 });
    expect(await statusOf(world, model)).toBe('STARTING_HOSTING');
    await world.sweepAfter(1);
    expect(await statusOf(world, model)).toBe('HOSTED');
  });
});

describe('a sweep', () => {
  test('costs four reads of the index when nothing is due, however much there is', async () => {
    world = await World.open(dynamo, { pace: 0.1 });
    for (let count = 0; count < 3; count += 1) await world.trained();
    await hosted(world);
    const before = dynamo.passed.length;
    expect(await world.sweepAfter(59)).toEqual({ looked: 0, failed: 0 });
    expect(dynamo.passed.slice(before).filter(({ table }) => table === world.tableName)).toEqual(
      [1, 2, 3, 4].map(() => ({ operation: 'Query', table: world.tableName })),
    );
  });

  test('looks after the others when one row makes trouble, and comes back to that one', async () => {
    world = await World.open(dynamo, { pace: 0.1 });
    const [sick, well] = [await hosted(world), await hosted(world)];
    const [sickId, wellId] = [
      (await rowOf(world, sick)).deploymentId ?? '',
      (await rowOf(world, well)).deploymentId ?? '',
    ];
    world.engine.before = (call, id) => {
      if (call === 'observe' && id === sickId) throw new Error('access denied');
    };
    world.engine.resources.set(wellId, { state: 'updating' });
    expect(await world.sweepAfter(60)).toEqual({ looked: 2, failed: 1 });
    expect([await statusOf(world, sick), await statusOf(world, well)]).toEqual(['HOSTED', 'SYSTEM_UPDATING']);
    expect(world.logged.join('\n')).toContain('the sweep could not look after a row');

    world.engine.before = () => undefined;
    world.engine.resources.set(sickId, { state: 'updating' });
    expect(await world.sweepAfter(1)).toEqual({ looked: 1, failed: 0 });
    expect(await statusOf(world, sick)).toBe('SYSTEM_UPDATING');
  });
});
