import { afterAll, afterEach, beforeAll, expect } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { TestDynamo } from './dynamo.ts';
import { World, type WorldOptions } from './world.ts';

export interface TestService {
  readonly dynamo: TestDynamo;
  open(options?: WorldOptions): Promise<World>;
  /** One world for all tests of the file that leave nothing behind in it. */
  shared(): Promise<World>;
}

/**
 * For a test file: one embedded DynamoDB, and as many worlds on it as its tests open. After every test
 * nothing answers in DynamoDB's place any more, no execution runs, and what is counted against the quota of
 * running models is what is reserved.
 */
export function testService(): TestService {
  let dynamo: TestDynamo | undefined;
  let worlds: World[] = [];
  let common: Promise<World> | undefined;
  const running = (): TestDynamo => {
    if (dynamo === undefined) throw new Error('the database runs while tests do');
    return dynamo;
  };
  beforeAll(async () => {
    dynamo = await TestDynamo.start();
  });
  afterEach(async () => {
    running().reset();
    for (const world of worlds.splice(0)) {
      await world.runner.close();
      await countedIsReserved(world);
    }
  });
  afterAll(async () => {
    worlds = [];
    await dynamo?.close();
  });
  return {
    get dynamo() {
      return running();
    },
    shared: () => (common ??= World.open(running())),
    open: async (options) => {
      const world = await World.open(running(), options);
      worlds.push(world);
      return world;
    },
  };
}

/** A task that was under way when its execution was ended may still be writing, so it gets a moment. */
async function countedIsReserved(world: World): Promise<void> {
  for (let look = 0; look < 10; look += 1) {
    const { used, reserved } = await world.reserved();
    if (used === reserved) return;
    await sleep(20);
  }
  const { used, reserved } = await world.reserved();
  expect(used).toBe(reserved);
}
