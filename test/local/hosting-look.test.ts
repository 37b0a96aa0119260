import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ExecutionMemory } from '../../lambdas/local/execution-memory.ts';
import { LocalRunner } from '../../lambdas/local/runner.ts';
import type { ModelInput } from '../../lambdas/domain/ports.ts';
import { sweep } from '../../lambdas/workflows/sweep/sweep.ts';
import { TestDynamo } from '../helpers/dynamo.ts';
import { until } from '../helpers/engine.ts';
import { World } from '../helpers/world.ts';

let dynamo: TestDynamo;

beforeAll(async () => {
  dynamo = await TestDynamo.start();
});
afterAll(() => dynamo.close());

test('a start is looked at when the engine has news, and not before', async () => {
  const world = await World.open(dynamo);
  const model = await world.trained();
  world.frozen = true;
  await world.post('/2020-11-20/projects/parts/models/1/start', { MinInferenceUnits: 1 });
  const memory = new ExecutionMemory(dynamo.client, world.executionsName, world.clock);
  const asked: unknown[] = [];
  const news = Promise.withResolvers<undefined>();
  const hostingNews = async ({ project, version }: ModelInput, within: number): Promise<void> => {
    asked.push([project, version, within]);
    await news.promise;
  };
  const runner = new LocalRunner({
    memory,
    log: world.log,
    pace: 60_000,
    hostingLook: 500,
    hostingNews,
  }).serve(world.context);
  world.clock.advance(61);
  await sweep({ ...world.context, runner });
  await until(() => asked.length > 0);
  expect(await world.describe(model)).toMatchObject({ Status: 'STARTING_HOSTING' });
  news.resolve(undefined);
  await runner.idle();
  expect(await world.describe(model)).toMatchObject({ Status: 'HOSTED' });
  expect(asked).toEqual([['parts', '1', 500]]);
});

test('whoever waits for a child does not wait as the workflow waits for a fleet', async () => {
  const world = await World.open(dynamo);
  const model = await world.trained();
  world.frozen = true;
  await world.post('/2020-11-20/projects/parts/models/1/start', { MinInferenceUnits: 1 });
  // The first wait is 5 s, and a second takes a minute here: without its own bound the look would come after
  // this test has been given up.
  const memory = new ExecutionMemory(dynamo.client, world.executionsName, world.clock);
  const runner = new LocalRunner({ memory, log: world.log, pace: 60_000, hostingLook: 1 }).serve(
    world.context,
  );
  world.clock.advance(61);
  await sweep({ ...world.context, runner });
  await runner.idle();
  expect(await world.describe(model)).toMatchObject({ Status: 'HOSTED' });
});
