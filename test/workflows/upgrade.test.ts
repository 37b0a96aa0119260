import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import type { Execution } from '../../lambdas/domain/ports.ts';
import release from '../fixtures/release-0.1.0.json' with { type: 'json' };
import { TestDynamo } from '../helpers/dynamo.ts';
import { walk } from '../helpers/walk.ts';
import { World } from '../helpers/world.ts';

let dynamo: TestDynamo;
beforeAll(async () => {
  dynamo = await TestDynamo.start();
});
afterAll(() => dynamo.close());

/** The table and the engine as an upgrade finds them. */
async function upgraded(): Promise<World> {
  const world = await World.open(dynamo, { now: release.now });
  for (const Item of release.rows)
    await dynamo.client.send(new PutCommand({ TableName: world.tableName, Item }));
  for (const id of ['0mkfdzzzz0startstartstart', '0mkfdzzzy1hostedhostedhos', '0mkfdzzzx4hostedhostedhos'])
    world.engine.resources.set(id, { state: 'ready' });
  return world;
}

async function expectTheEnd(world: World): Promise<void> {
  const statuses = [];
  for await (const { version, status } of world.store.models.list('parts'))
    statuses.push(`${version} ${status}`);
  expect(statuses).toEqual(['5 HOSTED', '4 TRAINED', '2 TRAINED', '1 HOSTED']);
  expect([...world.engine.resources.keys()].sort()).toEqual([
    '0mkfdzzzx4hostedhostedhos',
    '0mkfdzzzz0startstartstart',
  ]);
  expect(await world.reserved()).toEqual({ used: 2, reserved: 2 });
  expect((await world.store.projects.get('parts'))?.models).toBe(4);
  const [first] = await world.deployments({ ProjectName: 'parts', ModelVersion: '1' });
  expect(first).toMatchObject({ hostedAt: expect.any(Number), reserved: true });
  expect(world.engine.units.get('0mkfdzzzz0startstartstart')).toEqual({ min: 2, max: 3 });
}

describe('what release 0.1.0 left under way is brought to its end', () => {
  test("by its own executions, carried out by today's tasks", async () => {
    const world = await upgraded();
    for (const execution of release.executions as Execution[]) await walk(world, execution);
    await expectTheEnd(world);
  });

  test('by the sweep, where its executions have died', async () => {
    const world = await upgraded();
    await world.sweepAfter(1);
    await expectTheEnd(world);
  });

  test('and its models serve all the while', async () => {
    const world = await upgraded();
    world.clock.advance(120);
    await world.sweepAfter(1);
    expect((await world.describe({ ProjectName: 'parts', ModelVersion: '5' })).Status).toBe('HOSTED');
    expect(world.engine.calls.filter((call) => call === 'remove 0mkfdzzzx4hostedhostedhos')).toEqual([]);
  });
});
