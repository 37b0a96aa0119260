import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { lookAfter } from '../../lambdas/workflows/hosting/health.ts';
import { TestDynamo } from '../helpers/dynamo.ts';
import { close, hosted, rowOf, start, statusOf, stop, until, type Named } from '../helpers/flow.ts';
import { World } from '../helpers/world.ts';

let dynamo: TestDynamo;
let world: World;
beforeAll(async () => {
  dynamo = await TestDynamo.start();
});
afterAll(() => dynamo.close());
afterEach(async () => {
  const { used, reserved } = await world.reserved();
  expect(used).toBe(reserved);
  await close(world);
});

const deploymentOf = async (model: Named): Promise<string> => (await rowOf(world, model)).deploymentId ?? '';

describe('a hosted model', () => {
  test('follows its engine into maintenance and back, and says so', async () => {
    world = await World.open(dynamo, { pace: 0.1 });
    const model = await hosted(world);
    const id = await deploymentOf(model);
    world.engine.resources.set(id, { state: 'updating', note: 'A patch is being applied.' });
    await world.sweepAfter(60);
    expect(await world.describe(model)).toMatchObject({
      Status: 'SYSTEM_UPDATING',
      StatusMessage:
        'The model is running. Its hosting resources are being maintained and cannot be changed until that has ended. A patch is being applied.',
    });
    world.engine.resources.set(id, { state: 'ready', note: 'The number of units in service is changing.' });
    await world.sweepAfter(60);
    expect(await world.describe(model)).toMatchObject({
      Status: 'HOSTED',
      StatusMessage: 'The model is running. The number of units in service is changing.',
    });
    world.engine.resources.set(id, { state: 'ready' });
    await world.sweepAfter(60);
    expect(await world.describe(model)).toMatchObject({
      Status: 'HOSTED',
      StatusMessage: 'The model is running.',
    });
  });

  test("that fails is HOSTING_FAILED with the engine's reason, and its resources are removed", async () => {
    world = await World.open(dynamo, { pace: 0.1 });
    const model = await hosted(world);
    const id = await deploymentOf(model);
    world.engine.resources.set(id, {
      state: 'failed',
      reason: 'The container keeps crashing. Look into its log.',
    });
    await world.sweepAfter(60);
    expect(await world.describe(model)).toMatchObject({
      Status: 'HOSTING_FAILED',
      StatusMessage: 'The container keeps crashing. Look into its log.',
    });
    expect(await world.reserved()).toEqual({ used: 1, reserved: 1 });
    await world.sweepAfter(60);
    expect(world.engine.resources.size).toBe(0);
    expect(await world.reserved()).toEqual({ used: 0, reserved: 0 });
    expect((await world.deployments(model))[0]).toMatchObject({ endReason: 'FAILED' });
  });

  test('that is not found once is believed to be there, twice in a row to be gone', async () => {
    world = await World.open(dynamo, { pace: 0.1 });
    const model = await hosted(world);
    const id = await deploymentOf(model);
    world.engine.resources.delete(id);
    await world.sweepAfter(60);
    expect(await statusOf(world, model)).toBe('HOSTED');
    world.engine.resources.set(id, { state: 'ready' });
    await world.sweepAfter(60);
    world.engine.resources.delete(id); // not in a row
    await world.sweepAfter(60);
    expect(await statusOf(world, model)).toBe('HOSTED');
    await world.sweepAfter(60);
    expect(await world.describe(model)).toMatchObject({
      Status: 'HOSTING_FAILED',
      StatusMessage: 'The hosting resources of the model were removed from outside. Start it again.',
    });
    await world.sweepAfter(60);
    expect(await world.reserved()).toEqual({ used: 0, reserved: 0 });
  });

  test('shows what the newest look saw, also where an older one is late', async () => {
    world = await World.open(dynamo, { pace: 0.1 });
    const model = await hosted(world);
    const id = await deploymentOf(model);
    const key = { project: model.ProjectName, version: model.ModelVersion, id };
    world.clock.advance(60);
    const observe = world.engine.observe.bind(world.engine);
    const [seen, late] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
    world.engine.observe = async (ref) => {
      world.engine.observe = observe; // of the first look alone
      seen.resolve(undefined);
      await late.promise;
      await observe(ref);
      return { state: 'updating' as const };
    };
    const older = lookAfter(world.context, key, world.clock.now());
    await seen.promise;
    await lookAfter(world.context, key, world.clock.now());
    late.resolve(undefined);
    await expect(older).rejects.toThrow('did not hold');
    expect(await statusOf(world, model)).toBe('HOSTED');
  });

  test('is looked at only when it is due', async () => {
    world = await World.open(dynamo, { pace: 0.1 });
    const first = await hosted(world);
    world.clock.advance(30);
    const second = await hosted(world);
    const [firstId, secondId] = [await deploymentOf(first), await deploymentOf(second)];
    const from = world.engine.calls.length;
    expect(await world.sweepAfter(30)).toEqual({ looked: 1, failed: 0 });
    expect(await world.sweepAfter(29)).toEqual({ looked: 0, failed: 0 });
    expect(await world.sweepAfter(1)).toEqual({ looked: 1, failed: 0 });
    expect(world.engine.calls.slice(from)).toEqual([`observe ${firstId}`, `observe ${secondId}`]);
  });
});

describe('two deployments of one model', () => {
  /** Hosted anew, while the resources of the start that failed are still on their way out. */
  async function hostedAnew(): Promise<{ model: Named; old: string; young: string }> {
    world = await World.open(dynamo, { pace: 0.1 });
    world.engine.born = { state: 'failed', reason: 'No capacity.' };
    const model = await world.trained();
    world.engine.removes = false;
    await start(world, model);
    await until(async () => (await statusOf(world, model)) === 'HOSTING_FAILED');
    const old = await deploymentOf(model);
    world.engine.born = { state: 'ready' };
    world.clock.advance(1); // ids are ordered by time, and the old one comes first
    await start(world, model);
    await world.settle(); // the first start's execution finds itself overtaken
    expect(await statusOf(world, model)).toBe('HOSTED');
    expect(await world.reserved()).toEqual({ used: 2, reserved: 2 });
    return { model, old, young: await deploymentOf(model) };
  }

  test('the old one is released although the new one serves', async () => {
    const { model, old, young } = await hostedAnew();
    await world.sweepAfter(60);
    expect(await world.reserved()).toEqual({ used: 2, reserved: 2 });
    world.engine.vanish(old);
    await world.sweepAfter(60);
    expect(await statusOf(world, model)).toBe('HOSTED');
    expect(await world.reserved()).toEqual({ used: 1, reserved: 1 });
    expect((await world.deployments(model)).map(({ endReason }) => endReason)).toEqual(['FAILED', undefined]);
    world.engine.removes = true;
    await stop(world, model);
    await world.settle();
    expect(await statusOf(world, model)).toBe('TRAINED');
    expect(await world.reserved()).toEqual({ used: 0, reserved: 0 });
    expect((await world.deployments(model)).map(({ id, endReason }) => [id, endReason])).toEqual([
      [old, 'FAILED'],
      [young, 'STOPPED'],
    ]);
  });

  test('a stop removes the new one although the engine has trouble with the old one, and ends when both are gone', async () => {
    const { model, old, young } = await hostedAnew();
    world.engine.removes = true;
    world.engine.before = (call, id) => {
      if (call === 'remove' && id === old) throw new Error('internal failure');
    };
    await stop(world, model);
    await world.settle();
    expect([...world.engine.resources.keys()]).toEqual([old]);
    expect(world.engine.calls).toContain(`remove ${young}`);
    expect(await statusOf(world, model)).toBe('STOPPING_HOSTING');
    world.engine.before = () => undefined;
    await world.sweepAfter(200);
    expect(await statusOf(world, model)).toBe('TRAINED');
    expect(await world.reserved()).toEqual({ used: 0, reserved: 0 });
    expect(world.engine.resources.size).toBe(0);
  });
});
