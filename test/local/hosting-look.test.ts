import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ExecutionMemory } from '../../lambdas/local/execution-memory.ts';
import { LocalRunner } from '../../lambdas/local/runner.ts';
import { sweep } from '../../lambdas/workflows/sweep.ts';
import { TestDynamo } from '../helpers/dynamo.ts';
import { World } from '../helpers/world.ts';

let dynamo: TestDynamo;

beforeAll(async () => { dynamo = await TestDynamo.start(); });
afterAll(() => dynamo.close());

test('whoever waits for a child does not wait as the workflow waits for a fleet', async () => {
  const world = await World.open(dynamo);
  const model = await world.trained();
  world.frozen = true;
  await world.post('/2020-11-20/projects/parts/models/1/start', { MinInferenceUnits: 1 });
  // The first wait is 5 s, and a second takes a minute here: without its own bound the look would come after this test has been given up.
  const memory = new ExecutionMemory(dynamo.client, world.executionsName, world.clock);
  const runner = new LocalRunner({ memory, log: world.log, pace: 60_000, hostingLook: 1 }).serve(world.context);
  world.clock.advance(61);
  await sweep({ ...world.context, runner });
  await runner.idle();
  expect(await world.describe(model)).toMatchObject({ Status: 'HOSTED' });
});
