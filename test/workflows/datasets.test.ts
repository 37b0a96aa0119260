import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { BatchWriteItemCommand } from '@aws-sdk/client-dynamodb';
import {
  CreateDatasetCommand,
  CreateProjectCommand,
  DeleteDatasetCommand,
  DescribeDatasetCommand,
  ListDatasetEntriesCommand,
  UpdateDatasetEntriesCommand,
} from '@aws-sdk/client-lookoutvision';
import type { Execution, ObjectStream } from '../../lambdas/domain/ports.ts';
import { localLimits } from '../../lambdas/domain/settings.ts';
import { scan } from '../../lambdas/local/execution-memory.ts';
import { sweep } from '../../lambdas/workflows/sweep/sweep.ts';
import { carry, settle, stage } from '../../lambdas/workflows/datasets/tasks.ts';
import { collect } from '../helpers/collect.ts';
import { TestDynamo } from '../helpers/dynamo.ts';
import { line, manifestOf } from '../helpers/manifests.ts';
import { World } from '../helpers/world.ts';

let dynamo: TestDynamo;
let world: World;

beforeAll(async () => {
  dynamo = await TestDynamo.start();
});
afterAll(() => dynamo.close());

const source = { GroundTruthManifest: { S3Object: { Bucket: 'photos', Key: 'm' } } };
const dataset = { ProjectName: 'parts', DatasetType: 'train' };

async function open(manifest: string, timeout = 3600): Promise<void> {
  world = await World.open(dynamo, {
    settings: {
      limits: { images: { ...localLimits.images, train: 20_000 } },
      times: {
        delivery: 60,
        start: 3600,
        import: timeout,
        train: timeout,
        release: 1800,
        provision: 60,
        health: 60,
      },
    },
  });
  world.objects.objects.set('photos/m', Buffer.from(manifest));
  await world.client.send(new CreateProjectCommand({ ProjectName: 'parts' }));
}

const described = async () =>
  (await world.client.send(new DescribeDatasetCommand(dataset))).DatasetDescription;
const create = () => world.client.send(new CreateDatasetCommand({ ...dataset, DatasetSource: source }));
const update = (changes: string) =>
  world.client.send(new UpdateDatasetEntriesCommand({ ...dataset, Changes: Buffer.from(changes) }));

/** What is in the table besides projects, datasets and tokens, by partition. */
async function loose(): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  for await (const row of scan(dynamo.client, world.tableName)) {
    const pk = String(row['pk']);
    if (/^(E|I|C|DISCARD)#/.test(pk)) found[pk] = (found[pk] ?? 0) + 1;
  }
  return found;
}

/** Keeps executions from being started, as a crash right behind the commit does. */
function undelivered(): Execution[] {
  const kept: Execution[] = [];
  const { runner } = world.context;
  const start = runner.start.bind(runner);
  deliverAgain = () => {
    runner.start = start;
  };
  runner.start = (execution) => {
    kept.push(execution);
    return Promise.resolve('started');
  };
  return kept;
}
let deliverAgain = (): void => undefined;

const inputOf = ({ input }: Execution) => {
  if (!('type' in input)) throw new Error('not a dataset');
  return input;
};

const lines = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) =>
    line(`${from + index}.jpg`, (from + index) % 4 === 0 ? 'anomaly' : 'normal'),
  );

describe('an operation that was interrupted', () => {
  test('is taken over by the sweep, begins anew, and ends in one generation with nothing left over', async () => {
    await open(manifestOf([...lines(0, 1100), ...lines(0, 10)]));
    const kept = undelivered();
    await create();
    const input = inputOf(kept[0] as Execution);
    const first = await stage(input, world.context); // the first step is done, and then the host dies
    expect(first).toMatchObject({ state: 'more', lines: 1000 });
    deliverAgain();
    expect((await described())?.StatusMessage).toBe('The dataset is being created.');
    await world.sweepAfter(200);
    expect(await described()).toMatchObject({
      Status: 'CREATE_COMPLETE',
      ImageStats: { Total: 1100, Labeled: 1100, Normal: 825, Anomaly: 275 },
    });

    // The old execution wakes up: it finds the fence moved, and changes nothing.
    for (const task of [stage, carry, settle])
      await expect(task({ ...input, progress: first }, world.context)).rejects.toThrow('no longer in charge');
    await world.sweepAfter(3601);
    const [place = '', ...others] = Object.keys(await loose());
    expect(others).toEqual([]);
    expect(place).toBe(`E#${input.operationId}-2`);
    expect((await loose())[place]).toBe(1100);
  });

  test('repeats its steps without any difference', async () => {
    await open(manifestOf([...lines(0, 20), ...lines(5, 8)]));
    const kept = undelivered();
    await create();
    const input = inputOf(kept[0] as Execution);
    const staged = await stage(input, world.context);
    expect(await stage(input, world.context)).toEqual(staged);
    const carried = await carry({ ...input, progress: staged }, world.context);
    await settle({ ...input, progress: carried }, world.context);
    expect((await described())?.ImageStats).toEqual({ Total: 20, Labeled: 20, Normal: 15, Anomaly: 5 });

    await update(manifestOf([...lines(19, 22)]));
    const next = inputOf(kept[1] as Execution);
    const again = await stage(next, world.context);
    await carry({ ...next, progress: again }, world.context);
    const both = await carry({ ...next, progress: again }, world.context);
    await settle({ ...next, progress: both }, world.context);
    await expect(settle({ ...next, progress: both }, world.context)).rejects.toThrow('no longer in charge');
    expect((await described())?.ImageStats).toEqual({ Total: 22, Labeled: 22, Normal: 16, Anomaly: 6 });
    const { DatasetEntries } = await world.client.send(new ListDatasetEntriesCommand(dataset));
    expect(DatasetEntries).toHaveLength(22);
  });

  test('shows the same when what its steps sent arrives once more, after they were killed and it is whole', async () => {
    await open(manifestOf([...lines(0, 4), ...lines(1, 3)]));
    const sent: Record<string, unknown>[] = [];
    dynamo.intercept = (operation, body) => {
      if (operation === 'BatchWriteItem') sent.push(body);
      return undefined;
    };
    await create();
    await world.settle();
    dynamo.reset();
    const shown = async () =>
      (await world.client.send(new ListDatasetEntriesCommand(dataset))).DatasetEntries;
    const whole = await shown();
    expect(whole).toEqual([0, 3, 1, 2].map((index) => JSON.stringify(lines(index, index + 1)[0])));
    expect(sent.length).toBeGreaterThan(0);
    for (const body of sent.reverse())
      await dynamo.client.send(new BatchWriteItemCommand(body as never) as never);
    expect(await shown()).toEqual(whole);
  });

  test('fails when it cannot be done in time, and an update then leaves what there was', async () => {
    await open(manifestOf(lines(0, 3)), 120);
    await create();
    await world.settle();
    undelivered();
    await update(manifestOf(lines(2, 4)));
    for (let looks = 0; looks < 4; looks += 1) await world.sweepAfter(61);
    expect(await described()).toMatchObject({
      Status: 'UPDATE_FAILED_ROLLBACK_COMPLETE',
      StatusMessage: expect.stringContaining('could not be done in time'),
      ImageStats: { Total: 3 },
    });
    await world.sweepAfter(3601);
    expect(Object.values(await loose())).toEqual([3]);
    expect(await sweep(world.context)).toEqual({ looked: 0, failed: 0 });
  });

  test('is tried again when the store fails, and fails itself when the manifest is replaced in between', async () => {
    await open(manifestOf(lines(0, 1200)));
    const stream = world.objects.stream.bind(world.objects);
    let asked = 0;
    world.objects.stream = (location, from): Promise<ObjectStream | undefined> => {
      asked += 1;
      if (asked === 1) return Promise.reject(new Error('the network is down'));
      if (asked === 3) world.objects.objects.set('photos/m', Buffer.from(manifestOf(lines(1, 1201))));
      return stream(location, from);
    };
    await create();
    await world.settle();
    expect(asked).toBe(3);
    expect(await described()).toMatchObject({
      Status: 'CREATE_FAILED',
      StatusMessage: expect.stringContaining('s3://photos/m was changed while it was being read'),
    });
  });

  test('does not take half of the changes for all of them', async () => {
    await open('');
    await create();
    await world.settle();
    const kept = undelivered();
    await update(
      manifestOf(
        [{ 'source-ref': 's3://photos/a.jpg', note: 'x'.repeat(7000) }].concat(
          Array.from({ length: 60 }, (_, index) => ({
            'source-ref': `s3://photos/${index}.jpg`,
            note: 'x'.repeat(7000),
          })),
        ),
      ),
    );
    const input = inputOf(kept[0] as Execution);
    const places = Object.keys(await loose()).filter((pk) => pk.startsWith('C#'));
    expect(places).toHaveLength(1);
    await world.store.scheduledDeletions.empty(places[0] ?? '', () => true);
    expect(await stage(input, world.context)).toMatchObject({ state: 'concluded' });
    expect((await described())?.StatusMessage).toContain('The changes are no longer there');
  });
});

test('a file of line ends is one step, not one for every thousand of them', async () => {
  await open(`${'\n'.repeat(300_000)}${manifestOf([line('a.jpg', 'normal')])}${'\r\n'.repeat(300_000)}`);
  const kept = undelivered();
  await create();
  const input = inputOf(kept[0] as Execution);
  expect(await stage(input, world.context)).toMatchObject({ state: 'staged', entries: 1, lines: 600_001 });
});

test.each([1000, 2000])(
  'a manifest of as many lines as steps take, %d, is not read from its end on',
  async (amount) => {
    await open(manifestOf(lines(0, amount)));
    await create();
    await world.settle();
    expect(await described()).toMatchObject({ Status: 'CREATE_COMPLETE', ImageStats: { Total: amount } });
  },
);

test('a test dataset takes 4,000 pictures, as the original did, and no line more', async () => {
  const type = { ...dataset, DatasetType: 'test' };
  const describe = async () => (await world.client.send(new DescribeDatasetCommand(type))).DatasetDescription;
  await open(manifestOf(lines(0, 4000)));
  await world.client.send(new CreateDatasetCommand({ ...type, DatasetSource: source }));
  await world.settle();
  expect(await describe()).toMatchObject({
    Status: 'CREATE_COMPLETE',
    ImageStats: { Total: 4000, Labeled: 4000, Normal: 3000, Anomaly: 1000 },
  });
  await world.client.send(
    new UpdateDatasetEntriesCommand({
      ...type,
      Changes: Buffer.from(manifestOf([...lines(0, 5), line('one-more.jpg', 'normal')])),
    }),
  );
  await world.settle();
  expect(await describe()).toMatchObject({
    Status: 'UPDATE_FAILED_ROLLBACK_COMPLETE',
    StatusMessage: expect.stringContaining('It would have 4001 images; a test dataset can have at most 4000'),
    ImageStats: { Total: 4000 },
  });
  await world.client.send(new DeleteDatasetCommand(type));
  world.objects.objects.set('photos/m', Buffer.from(manifestOf(lines(0, 4001))));
  await world.client.send(new CreateDatasetCommand({ ...type, DatasetSource: source }));
  await world.settle();
  expect(await describe()).toMatchObject({
    Status: 'CREATE_FAILED',
    StatusMessage: expect.stringContaining('Line 4001: a test dataset can have at most 4000 images'),
    ImageStats: { Total: 0 },
  });
}, 300_000);

test('20,000 lines: memory does not grow with them, and the last page costs what the first does', async () => {
  const amount = 20_000;
  await open('');
  let peak = 0;
  const measure = (): void => {
    collect();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    peak = Math.max(peak, heapUsed + arrayBuffers);
  };
  // The manifest is never whole in memory: its 12 MB are made as they are read, in lines of one length.
  const each = (index: number): Buffer =>
    Buffer.from(
      manifestOf([
        {
          ...line(`${String(index).padStart(5, '0')}.jpg`, index % 4 === 0 ? 'anomaly' : 'normal'),
          note: 'x'.repeat(index % 4 === 0 ? 399 : 400),
        },
      ]),
    );
  world.objects.stream = (_, from) => {
    async function* bytes(): AsyncGenerator<Uint8Array> {
      for (let index = (from ?? 0) / each(0).length; index < amount; index += 1) {
        if (index % 1000 === 0) measure();
        yield await Promise.resolve(each(index));
      }
    }
    return Promise.resolve({ tag: 'same', bytes: bytes() });
  };
  measure();
  const before = peak;
  peak = 0;
  await create();
  await world.settle();
  measure();
  expect(await described()).toMatchObject({
    Status: 'CREATE_COMPLETE',
    ImageStats: { Total: amount, Labeled: amount, Normal: 15_000, Anomaly: 5000 },
  });

  const cost = async (NextToken?: string) => {
    dynamo.passed.length = 0;
    const { NextToken: next, DatasetEntries } = await world.client.send(
      new ListDatasetEntriesCommand({ ...dataset, NextToken }),
    );
    return {
      next,
      entries: DatasetEntries?.length,
      requests: dynamo.passed
        .filter(({ table }) => table === world.tableName)
        .map(({ operation }) => operation),
    };
  };
  const first = await cost();
  let page = first;
  for (let pages = 1; page.next !== undefined; pages += 1) {
    page = await cost(page.next);
    if (pages > 200) throw new Error('there is no end');
  }
  expect(first).toMatchObject({ entries: 100, requests: ['GetItem', 'Query'] });
  expect(page).toMatchObject({ entries: 100, requests: ['GetItem', 'Query'] });
  expect(peak - before).toBeLessThan(8e6); // less than the manifest has
}, 600_000);
