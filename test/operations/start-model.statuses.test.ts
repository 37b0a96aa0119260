import { describe, expect, test } from '@jest/globals';
import { StartModelCommand, StopModelCommand } from '@aws-sdk/client-lookoutvision';
import { conflict, refusal } from '../helpers/refusal.ts';
import { testService } from '../helpers/service.ts';
import type { World } from '../helpers/world.ts';

// "Status: the current running status of the model. Valid Values: STARTING_HOSTING | HOSTED | HOSTING_FAILED
// | STOPPING_HOSTING | SYSTEM_UPDATING". A repetition under the same token asks for nothing new, and is told
// where the model is by then. Every state here is reached as a user reaches it: by calls, and by what the
// engine does.

const service = testService();

interface Started {
  readonly world: World;
  readonly model: { ProjectName: string; ModelVersion: string };
  /** The same StartModel call again. */
  again(): Promise<string | undefined>;
  id(): Promise<string>;
}

async function started(prepare: (world: World) => void = () => undefined): Promise<Started> {
  const world = await service.open();
  const model = await world.trained();
  prepare(world);
  const command = () => new StartModelCommand({ ...model, MinInferenceUnits: 1, ClientToken: 'start-1' });
  expect(await world.client.send(command())).toMatchObject({ Status: 'STARTING_HOSTING' });
  return {
    world,
    model,
    again: async () => (await world.client.send(command())).Status,
    id: async () => (await world.deployments(model))[0]?.id ?? '',
  };
}

const stop = async ({ world, model }: Started, ClientToken: string): Promise<string | undefined> =>
  (await world.client.send(new StopModelCommand({ ...model, ClientToken }))).Status;

describe('a repeated StartModel answers', () => {
  test('STARTING_HOSTING while the engine is at it', async () => {
    const run = await started((world) => {
      world.engine.born = { state: 'creating' };
    });
    expect(await run.again()).toBe('STARTING_HOSTING');
  });

  test('HOSTED once it is', async () => {
    const run = await started();
    await run.world.settle();
    expect(await run.again()).toBe('HOSTED');
  });

  test('HOSTING_FAILED when the engine refused, and starts nothing', async () => {
    const run = await started((world) => {
      world.engine.born = {
        state: 'failed',
        reason: 'The model does not fit into a unit. Use a smaller one.',
      };
    });
    await run.world.settle();
    expect(await run.world.describe(run.model)).toMatchObject({
      StatusMessage: 'The model does not fit into a unit. Use a smaller one.',
    });
    expect(await run.again()).toBe('HOSTING_FAILED');
    expect(await run.world.deployments(run.model)).toHaveLength(1);
    expect(await run.world.reserved()).toEqual({ used: 0, reserved: 0 });
  });

  test('STOPPING_HOSTING while it is being stopped', async () => {
    const run = await started();
    await run.world.settle();
    run.world.engine.removes = false;
    expect(await stop(run, 'stop-1')).toBe('STOPPING_HOSTING');
    expect(await run.again()).toBe('STOPPING_HOSTING');
  });

  test('SYSTEM_UPDATING while the engine is being maintained', async () => {
    const run = await started();
    await run.world.settle();
    run.world.engine.resources.set(await run.id(), { state: 'updating' });
    await run.world.sweepAfter(61);
    expect(await run.again()).toBe('SYSTEM_UPDATING');
  });

  test('what it answered first, when the model is in none of the five any more', async () => {
    const run = await started();
    await run.world.settle();
    await stop(run, 'stop-1');
    await run.world.settle();
    expect(await run.world.describe(run.model)).toMatchObject({ Status: 'TRAINED' });
    expect(await run.again()).toBe('STARTING_HOSTING');
    expect(await run.world.describe(run.model)).toMatchObject({ Status: 'TRAINED' });
    expect(await run.world.deployments(run.model)).toHaveLength(1);
  });
});

describe('a repeated StopModel answers', () => {
  async function stopped(): Promise<Started> {
    const run = await started();
    await run.world.settle();
    await stop(run, 'stop-1');
    return run;
  }

  test('STOPPING_HOSTING while the engine is at it', async () => {
    const run = await started();
    await run.world.settle();
    run.world.engine.removes = false;
    await stop(run, 'stop-1');
    expect(await stop(run, 'stop-1')).toBe('STOPPING_HOSTING');
    run.world.engine.vanish(await run.id());
    await run.world.settle();
    expect(await run.world.describe(run.model)).toMatchObject({
      Status: 'TRAINED',
      StatusMessage: 'The model is not running. Call StartModel to start it.',
    });
  });

  test('STOPPING_HOSTING when it has long been stopped, for TRAINED is none of the five', async () => {
    const run = await stopped();
    await run.world.settle();
    expect(await stop(run, 'stop-1')).toBe('STOPPING_HOSTING');
    expect(await run.world.describe(run.model)).toMatchObject({ Status: 'TRAINED' });
  });

  test('STARTING_HOSTING, HOSTED and SYSTEM_UPDATING when it was started again since', async () => {
    const run = await stopped();
    await run.world.settle();
    run.world.engine.born = { state: 'creating' };
    await run.world.client.send(
      new StartModelCommand({ ...run.model, MinInferenceUnits: 1, ClientToken: 'start-2' }),
    );
    expect(await stop(run, 'stop-1')).toBe('STARTING_HOSTING');
    const second = (await run.world.deployments(run.model))[1]?.id ?? '';
    run.world.engine.born = { state: 'ready' };
    run.world.engine.resources.set(second, { state: 'ready' });
    await run.world.settle();
    expect(await stop(run, 'stop-1')).toBe('HOSTED');
    run.world.engine.resources.set(second, { state: 'updating' });
    await run.world.sweepAfter(61);
    expect(await stop(run, 'stop-1')).toBe('SYSTEM_UPDATING');
  });

  test('HOSTING_FAILED when the next start failed', async () => {
    const run = await stopped();
    await run.world.settle();
    run.world.engine.born = { state: 'failed', reason: 'No capacity. Try again later.' };
    await run.world.client.send(new StartModelCommand({ ...run.model, MinInferenceUnits: 1 }));
    await run.world.settle();
    expect(await stop(run, 'stop-1')).toBe('HOSTING_FAILED');
  });
});

describe('a new call', () => {
  const refused = (status: string) =>
    conflict('parts/1', `Model version 1 of project parts cannot be started while its status is ${status}.`);
  const startOf = ({ world, model }: Started) =>
    world.client.send(new StartModelCommand({ ...model, MinInferenceUnits: 1, ClientToken: 'start-2' }));

  test('is refused while the model starts, runs, is maintained and stops; and starts it when it is stopped', async () => {
    const run = await started((world) => {
      world.engine.born = { state: 'creating' };
    });
    expect(await refusal(startOf(run))).toEqual(refused('STARTING_HOSTING'));
    run.world.engine.born = { state: 'ready' };
    const first = await run.id();
    run.world.engine.resources.set(first, { state: 'ready' });
    await run.world.settle();
    expect(await refusal(startOf(run))).toEqual(refused('HOSTED'));
    run.world.engine.resources.set(first, { state: 'updating' });
    await run.world.sweepAfter(61);
    expect(await refusal(startOf(run))).toEqual(refused('SYSTEM_UPDATING'));
    run.world.engine.removes = false;
    await stop(run, 'stop-1');
    expect(await refusal(startOf(run))).toEqual(refused('STOPPING_HOSTING'));
    run.world.engine.vanish(first);
    await run.world.settle();
    // under the token of four refusals: only successes are remembered
    expect(await startOf(run)).toMatchObject({ Status: 'STARTING_HOSTING' });
  });

  test('starts a model whose last start failed', async () => {
    const run = await started((world) => {
      world.engine.born = { state: 'failed', reason: 'No capacity. Try again later.' };
    });
    await run.world.settle();
    run.world.engine.born = { state: 'ready' };
    expect(await startOf(run)).toMatchObject({ Status: 'STARTING_HOSTING' });
    await run.world.settle();
    expect(await run.world.describe(run.model)).toMatchObject({ Status: 'HOSTED' });
    expect(await run.world.reserved()).toEqual({ used: 1, reserved: 1 });
  });
});
