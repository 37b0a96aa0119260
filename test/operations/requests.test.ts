import { expect, test } from '@jest/globals';
import { DescribeModelCommand, StartModelCommand, StopModelCommand } from '@aws-sdk/client-lookoutvision';
import { testService } from '../helpers/service.ts';
import type { World } from '../helpers/world.ts';

// What a call costs: the requests to DynamoDB between the call and its answer. Nothing carries executions out
// meanwhile.

const service = testService();
const model = { ProjectName: 'parts', ModelVersion: '1' };
const latest = { ProjectName: 'parts', ModelVersion: 'latest' };

async function requests(
  world: World,
  call: () => Promise<unknown>,
): Promise<{ table: string[]; executions: string[] }> {
  world.frozen = true;
  const before = service.dynamo.passed.length;
  await call();
  const passed = service.dynamo.passed.slice(before);
  const of = (name: string) => passed.filter(({ table }) => table === name).map(({ operation }) => operation);
  return { table: of(world.tableName), executions: of(world.executionsName) };
}

async function hosted(): Promise<World> {
  const world = await service.open();
  await world.trained();
  await world.client.send(new StartModelCommand({ ...model, MinInferenceUnits: 1 }));
  await world.settle();
  return world;
}

test('a start is one transaction, and one start of an execution', async () => {
  const world = await service.open();
  await world.trained();
  expect(
    await requests(world, () => world.client.send(new StartModelCommand({ ...model, MinInferenceUnits: 1 }))),
  ).toEqual({ table: ['TransactWriteItems'], executions: ['PutItem'] });
});

test('a start of the latest version needs to know which that is', async () => {
  const world = await service.open();
  await world.trained();
  expect(
    await requests(world, () =>
      world.client.send(new StartModelCommand({ ...latest, MinInferenceUnits: 1 })),
    ),
  ).toEqual({ table: ['Query', 'TransactWriteItems'], executions: ['PutItem'] });
});

test('a stop is the same', async () => {
  const world = await hosted();
  expect(await requests(world, () => world.client.send(new StopModelCommand(model)))).toEqual({
    table: ['TransactWriteItems'],
    executions: ['PutItem'],
  });
});

test('a stop of the latest version is the same', async () => {
  const world = await hosted();
  expect(await requests(world, () => world.client.send(new StopModelCommand(latest)))).toEqual({
    table: ['Query', 'TransactWriteItems'],
    executions: ['PutItem'],
  });
});

test('a stop without a token is one row', async () => {
  const world = await hosted();
  expect(
    await requests(world, () => world.post('/2020-11-20/projects/parts/models/1/stop', undefined)),
  ).toEqual({ table: ['UpdateItem'], executions: ['PutItem'] });
});

test('a repetition reads the model once more, and starts nothing', async () => {
  const world = await hosted();
  const call = () => world.client.send(new StopModelCommand({ ...model, ClientToken: 'one' }));
  world.frozen = true;
  await call();
  expect(await requests(world, call)).toEqual({ table: ['TransactWriteItems', 'GetItem'], executions: [] });
});

test("a refusal for the model's state needs no read: the condition showed the row", async () => {
  const world = await hosted();
  expect(
    await requests(world, () =>
      world.client.send(new StartModelCommand({ ...model, MinInferenceUnits: 1 })).catch(() => undefined),
    ),
  ).toEqual({ table: ['TransactWriteItems'], executions: [] });
});

test('a missing model costs one read: of the project, which may be what is missing', async () => {
  const world = await service.open();
  await world.trained();
  expect(
    await requests(world, () =>
      world.client
        .send(new StartModelCommand({ ...model, ModelVersion: '2', MinInferenceUnits: 1 }))
        .catch(() => undefined),
    ),
  ).toEqual({ table: ['TransactWriteItems', 'GetItem'], executions: [] });
});

test('what the parameters say is wrong costs nothing', async () => {
  const world = await service.open();
  expect(
    await requests(world, () =>
      world.client.send(new StartModelCommand({ ...model, MinInferenceUnits: 0 })).catch(() => undefined),
    ),
  ).toEqual({ table: [], executions: [] });
});

test('a description is one strong read', async () => {
  const world = await service.open();
  await world.trained();
  const consistent: unknown[] = [];
  service.dynamo.intercept = (_operation, { ConsistentRead }) => void consistent.push(ConsistentRead);
  expect(await requests(world, () => world.client.send(new DescribeModelCommand(model)))).toEqual({
    table: ['GetItem'],
    executions: [],
  });
  expect(consistent).toEqual([true]);
});

test('the call that could not start its execution is answered all the same, and the sweep delivers it', async () => {
  const world = await service.open();
  await world.trained();
  service.dynamo.intercept = (operation, { TableName }) =>
    operation === 'PutItem' && TableName === world.executionsName
      ? { status: 400, body: { __type: 'com.amazonaws.dynamodb.v20120810#AccessDeniedException' } }
      : undefined;
  expect(await world.client.send(new StartModelCommand({ ...model, MinInferenceUnits: 1 }))).toMatchObject({
    Status: 'STARTING_HOSTING',
  });
  service.dynamo.reset();
  expect(await world.describe(model)).toMatchObject({ Status: 'STARTING_HOSTING' });
  await world.sweepAfter(61);
  expect(await world.describe(model)).toMatchObject({ Status: 'HOSTED' });
});
