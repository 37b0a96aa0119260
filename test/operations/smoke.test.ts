import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { StartModelCommand, StopModelCommand, DetectAnomaliesCommand } from '@aws-sdk/client-lookoutvision';
import { TestDynamo } from '../helpers/dynamo.ts';
import { World } from '../helpers/world.ts';

let dynamo: TestDynamo;
beforeAll(async () => { dynamo = await TestDynamo.start(); });
afterAll(() => dynamo.close());

test('life', async () => {
  const world = await World.open(dynamo);
  const model = await world.trained();
  dynamo.passed.length = 0;
  const r = await world.client.send(new StartModelCommand({ ...model, MinInferenceUnits: 1 }));
  expect(r.Status).toBe('STARTING_HOSTING');
  await world.settle();
  expect((await world.describe(model)).Status).toBe('HOSTED');
  const d = await world.client.send(new DetectAnomaliesCommand({ ...model, ContentType: 'image/png', Body: Buffer.from('x') }));
  expect(d.DetectAnomalyResult?.IsAnomalous).toBe(true);
  await world.client.send(new StopModelCommand(model));
  await world.settle();
  console.log(world.logged.join('\n'), await world.describe(model), await world.deployments(model), await world.executions(), dynamo.passed);
  expect((await world.describe(model)).Status).toBe('TRAINED');
  expect(await world.reserved()).toEqual({ used: 0, reserved: 0 });
  await world.close();
});
