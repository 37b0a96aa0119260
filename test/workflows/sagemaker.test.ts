import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { CreateProjectCommand } from '@aws-sdk/client-lookoutvision';
import type { Execution } from '../../lambdas/domain/ports.ts';
import { sweep } from '../../lambdas/workflows/sweep/sweep.ts';
import { TestDynamo } from '../helpers/dynamo.ts';
import { minutes, seconds } from '../helpers/fake-sagemaker/clock.ts';
import type { FakeSageMaker } from '../helpers/fake-sagemaker/fake.ts';
import { fakeOn, hostingOn } from '../helpers/fake-sagemaker/hosting.ts';
import { close, rowsOf, start, statusOf, stop, type Named } from '../helpers/flow.ts';
import { walk, type Perform } from '../helpers/walk.ts';
import { World } from '../helpers/world.ts';

const figures = { f1Score: '0.9', precision: '1', recall: '0.82', evaluatedAt: '2026-01-01T00:00:00Z' };
const twoUnits = { MinInferenceUnits: 1, MaxInferenceUnits: 2 };
const hour = 3600;

let dynamo: TestDynamo;
let world: World;
let fake: FakeSageMaker;
let model: Named;
/** Executions that were started, and that nobody has carried out yet. */
let waiting: Execution[];

/**
 * What was started is walked to its end, in turn, and time passes while it waits; one that fails is left to
 * the sweep. @returns the paths
 */
async function carryOut(perform?: Perform): Promise<string[][]> {
  const paths: string[][] = [];
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift())
    paths.push(await walk(world, next, perform).catch(() => ['died']));
  return paths;
}

async function sweepAfter(more: number): Promise<void> {
  world.clock.advance(more);
  await sweep(world.context);
  await carryOut();
}

/** Minute after minute, as a scheduler does it. */
async function sweepUntil(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let minute = 0; minute < 200; minute += 1) {
    if (await holds()) return;
    await sweepAfter(60);
  }
  throw new Error(`in vain: ${JSON.stringify(await world.describe(model))}, ${fake.resources().join(' ')}`);
}

const nothingHeld = async (): Promise<boolean> => (await world.reserved()).reserved === 0;
const endpointName = (): string => [...fake.world.endpoints.keys()][0] ?? '';

async function begin(units = {}): Promise<void> {
  await start(world, model, units);
  await carryOut();
}

async function end(): Promise<void> {
  await stop(world, model);
  await carryOut();
}

beforeAll(async () => {
  dynamo = await TestDynamo.start();
});
afterAll(() => dynamo.close());

beforeEach(async () => {
  world = await World.open(dynamo, {
    engine: (clock, objects) => {
      fake = fakeOn(clock);
      return hostingOn(fake, objects);
    },
  });
  waiting = [];
  jest.spyOn(world.runner, 'start').mockImplementation((execution) => {
    waiting.push(execution);
    return Promise.resolve('started');
  });
  const arn = fake.addPackage('vision-defects-1', { CustomerMetadataProperties: figures });
  await world.client.send(new CreateProjectCommand({ ProjectName: 'lids' }));
  model = {
    ProjectName: 'lids',
    ModelVersion: await world.import('lids', { Source: { ModelPackageArn: arn } }),
  };
  await carryOut();
  expect(await statusOf(world, model)).toBe('TRAINED');
  fake.takeOperations();
});

/** However a test ended: nothing is paid for, nothing is counted, and nothing waits for anybody. */
afterEach(async () => {
  expect(fake.pendingFaults()).toBe(0);
  expect(fake.resources()).toEqual([]);
  expect(fake.world.violations).toEqual([]);
  expect(await world.reserved()).toEqual({ used: 0, reserved: 0 });
  expect(['TRAINED', 'HOSTING_FAILED']).toContain(await statusOf(world, model));
  expect((await rowsOf(world)).filter((row) => row['dueAt'] !== undefined)).toEqual([]);
  jest.restoreAllMocks();
  await close(world);
});

describe('a life', () => {
  test.each([
    ['without a maximum', {}, []],
    ['with a maximum', twoUnits, ['RegisterScalableTarget', 'PutScalingPolicy']],
  ])('%s goes from start to stop with the calls that it needs', async (_, units, scaling) => {
    await begin(units);
    expect(await world.describe(model)).toMatchObject({
      Status: 'HOSTED',
      StatusMessage: 'The model is running.',
    });
    // Five minutes of creating, seen after 5, 13, 24, 41, 66, 104, 161, 221, 281 and 341 seconds.
    const calls = fake.takeOperations();
    expect(calls).toEqual([
      'CreateModel',
      'CreateEndpointConfig',
      'CreateEndpoint',
      ...Array<string>(10).fill('DescribeEndpoint'),
      ...scaling,
    ]);
    await end();
    expect(await statusOf(world, model)).toBe('TRAINED');
  });
});

describe('a start that cannot succeed is HOSTING_FAILED with a remedy, and leaves nothing', () => {
  test('when the endpoint fails', async () => {
    fake.world.life.outcome = {
      failed: 'Unable to provision requested ML compute capacity due to InsufficientInstanceCapacity error.',
    };
    await begin(twoUnits);
    expect(await world.describe(model)).toMatchObject({
      Status: 'HOSTING_FAILED',
      StatusMessage:
        'AWS has no ml.c5.2xlarge instances free in this region just now. Start again later, or configure another instance type for this stage. ' +
        '(SageMaker: Unable to provision requested ML compute capacity due to InsufficientInstanceCapacity error.)',
    });
    expect((await world.deployments(model))[0]).toMatchObject({ endReason: 'FAILED' });
  });

  test("when the account's quota is used up", async () => {
    fake.world.quotas.set('ml.c5.2xlarge', 0);
    await begin();
    const { Status, StatusMessage } = await world.describe(model);
    expect(Status).toBe('HOSTING_FAILED');
    expect(StatusMessage).toMatch(
      /^The account's quota of ml\.c5\.2xlarge instances for endpoints is used up\. Stop another model, or request a higher quota/,
    );
    await sweepUntil(nothingHeld);
  });

  test('when the endpoint is still Creating at the deadline, and for as long as it refuses to go', async () => {
    fake.world.life.outcome = 'stuck';
    await begin();
    const { Status, StatusMessage } = await world.describe(model);
    expect(Status).toBe('HOSTING_FAILED');
    expect(StatusMessage).toMatch(/^The model was not ready after 60 minutes\. Downloading the model data\./);
    await sweepAfter(2 * hour);
    expect(await world.reserved()).toEqual({ used: 1, reserved: 1 });
    // its configuration and model too, because it would hang without them
    expect(fake.resources()).toHaveLength(3);
    fake.force(endpointName(), 'Failed', {
      reason: 'The primary container did not pass the ping health check.',
    });
    await sweepUntil(nothingHeld);
  });
});

describe('a stop', () => {
  test('while the endpoint is Creating waits until it may be deleted', async () => {
    await start(world, model);
    let looks = 0;
    const [path] = await carryOut(async (state, once) => {
      if (state === 'ObserveHosting') looks += 1;
      if (state === 'ObserveHosting' && looks === 3) await stop(world, model);
      return once();
    });
    expect(path?.at(-1)).toBe('Superseded');
    expect(fake.operations().filter((each) => each === 'DeleteEndpoint').length).toBeGreaterThan(1);
    expect(await statusOf(world, model)).toBe('TRAINED');
  });

  test('while SageMaker maintains the endpoint waits until it is done', async () => {
    await begin(twoUnits);
    fake.force(endpointName(), 'SystemUpdating', { lasting: minutes(50) });
    await end();
    const { Status, StatusMessage } = await world.describe(model);
    expect(Status).toBe('STOPPING_HOSTING');
    expect(StatusMessage).toContain('The engine takes unusually long');
    expect(fake.resources()).toHaveLength(3);
    await sweepUntil(async () => (await statusOf(world, model)) === 'TRAINED');
  });
});

describe('throttling', () => {
  test('of every other call delays a life, and changes nothing else', async () => {
    fake.world.life.creating = seconds(20);
    for (let after = 0; after < 20; after += 1) fake.inject('*', 'throttled', { after: after + 1 });
    await begin(twoUnits);
    await sweepUntil(async () => (await statusOf(world, model)) === 'HOSTED');
    await end();
    await sweepUntil(async () => (await statusOf(world, model)) === 'TRAINED');
    fake.heal();
  });

  test('of every call for more than its hour fails the start, and what it may have made goes when calls are heard again', async () => {
    fake.inject('*', 'throttled', { times: Infinity });
    await begin();
    for (let minute = 0; minute < 75; minute += 1) await sweepAfter(60);
    expect(await statusOf(world, model)).toBe('HOSTING_FAILED');
    fake.heal();
    await sweepUntil(
      async () => (await statusOf(world, model)) === 'HOSTING_FAILED' && (await nothingHeld()),
    );
  });
});

describe('whichever call a task dies after,', () => {
  /**
   * The answer to that call is lost, and with it the task; `forEver`: and every other task of the execution.
   */
  const dying = (call: number, forEver: boolean): Perform => {
    fake.inject('*', 'lost', { after: call });
    let dead = false;
    return async (_, once) => {
      if (dead && forEver) throw new Error('the account is out of concurrency');
      try {
        return await once();
      } finally {
        dead ||= fake.pendingFaults() === 0;
      }
    };
  };

  test.each<['start' | 'stop', string, boolean]>([
    ['start', 'is retried', false],
    ['start', 'dies with its execution', true],
    ['stop', 'is retried', false],
    ['stop', 'dies with its execution', true],
  ])('a %s that %s comes to its end', async (which, _, forEver) => {
    fake.world.life.creating = seconds(10);
    fake.world.life.deleting = seconds(10);
    let call = 0;
    for (let reached = true; reached; call += 1) {
      await start(world, model, twoUnits);
      await carryOut(which === 'start' ? dying(call, forEver) : undefined);
      await sweepUntil(async () => (await statusOf(world, model)) === 'HOSTED');
      expect(fake.resources()).toHaveLength(4);
      if (which === 'start') reached = fake.pendingFaults() === 0;
      fake.heal();
      world.clock.advance(60); // no call that creates can arrive any more
      await stop(world, model);
      await carryOut(which === 'stop' ? dying(call, forEver) : undefined);
      await sweepUntil(async () => (await statusOf(world, model)) === 'TRAINED');
      if (which === 'stop') reached = fake.pendingFaults() === 0;
      fake.heal();
      expect([call, fake.resources()]).toEqual([call, []]);
      expect(await world.reserved()).toEqual({ used: 0, reserved: 0 });
    }
    expect(call).toBeGreaterThan(which === 'start' ? 7 : 12);
  });
});

test('an endpoint that is deleted from outside is missed in two looks, and what it left is removed', async () => {
  await begin();
  fake.world.endpoints.clear();
  await sweepAfter(60);
  expect(await statusOf(world, model)).toBe('HOSTED');
  await sweepAfter(60);
  expect(await world.describe(model)).toMatchObject({
    Status: 'HOSTING_FAILED',
    StatusMessage: 'The hosting resources of the model were removed from outside. Start it again.',
  });
  expect(fake.resources()).toHaveLength(2);
  await sweepUntil(nothingHeld);
});
