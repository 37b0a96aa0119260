import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import {
  CreateDatasetCommand,
  CreateProjectCommand,
  DescribeDatasetCommand,
  StartModelPackagingJobCommand,
  UpdateDatasetEntriesCommand,
} from '@aws-sdk/client-lookoutvision';
import type { Execution } from '../../lambdas/domain/ports.ts';
import { TestDynamo } from '../helpers/dynamo.ts';
import { line, manifestOf } from '../helpers/manifests.ts';
import { transitionsOf, walk, type Perform } from '../helpers/walk.ts';
import { World } from '../helpers/world.ts';

let dynamo: TestDynamo;
let world: World;
beforeAll(async () => {
  dynamo = await TestDynamo.start();
  world = await World.open(dynamo);
  await world.client.send(new CreateProjectCommand({ ProjectName: 'parts' }));
});
afterAll(() => dynamo.close());

const visited = new Set<string>();

/** Does what begins an operation, and walks its execution. @returns its path, a repeated stretch told once */
async function follow(act: () => Promise<unknown>, perform?: Perform): Promise<string> {
  const caught: Execution[] = [];
  const spy = jest.spyOn(world.runner, 'start').mockImplementation((execution) => {
    caught.push(execution);
    return Promise.resolve('started');
  });
  await act();
  spy.mockRestore();
  const path = await walk(world, caught[0] as Execution, perform);
  path.slice(1).forEach((to, index) => visited.add(`${path[index] ?? ''} -> ${to}`));
  return path.join(' ').replace(/(\w+ Is\w+)( \1)+/g, '$1 ...');
}

const lines = (from: number, to: number): string =>
  manifestOf(Array.from({ length: to - from }, (_, index) => line(`${from + index}.jpg`, 'normal')));
const create = (DatasetType: string, manifest: string): Promise<unknown> => {
  world.objects.objects.set('photos/m', Buffer.from(manifest));
  return world.client.send(
    new CreateDatasetCommand({
      ProjectName: 'parts',
      DatasetType,
      DatasetSource: { GroundTruthManifest: { S3Object: { Bucket: 'photos', Key: 'm' } } },
    }),
  );
};
const update = (changes: string) =>
  world.client.send(
    new UpdateDatasetEntriesCommand({
      ProjectName: 'parts',
      DatasetType: 'train',
      Changes: Buffer.from(changes),
    }),
  );
const total = async () =>
  (await world.client.send(new DescribeDatasetCommand({ ProjectName: 'parts', DatasetType: 'train' })))
    .DatasetDescription?.ImageStats?.Total;

/** The sweep takes the operation over before the task runs. */
const overtaken =
  (task: string): Perform =>
  async (state, once) => {
    if (state === task) {
      const start = jest.spyOn(world.runner, 'start').mockResolvedValue('started');
      await world.sweepAfter(300);
      start.mockRestore();
    }
    return once();
  };

/** What the overtaking attempt still has to do. */
const finish = () => world.sweepAfter(300);

test('a manifest of more lines than a step takes', async () => {
  expect(await follow(() => create('train', lines(0, 1100)))).toBe(
    'Stage IsStaged ... Carry IsCarried Settle IsSettled ... Done',
  );
  expect(await total()).toBe(1100);
});

test('an update of as many', async () => {
  expect(await follow(() => update(lines(1099, 1101)))).toBe(
    'Stage IsStaged Carry IsCarried ... Settle IsSettled ... Done',
  );
  expect(await total()).toBe(1101);
});

test('a bad line ends it at once', async () => {
  expect(await follow(() => update('?'))).toBe('Stage IsStaged Done');
  expect(await total()).toBe(1101);
});

test.each([
  ['Stage', 'Stage Superseded'],
  ['Carry', 'Stage IsStaged Carry Superseded'],
  ['Settle', 'Stage IsStaged Carry IsCarried Settle Superseded'],
])('another attempt is in charge at %s', async (task, path) => {
  expect(await follow(() => create('test', lines(0, 3)), overtaken(task))).toBe(path);
  await finish();
  const { DatasetDescription } = await world.client.send(
    new DescribeDatasetCommand({ ProjectName: 'parts', DatasetType: 'test' }),
  );
  expect(DatasetDescription).toMatchObject({ Status: 'CREATE_COMPLETE', ImageStats: { Total: 3 } });
  const dataset = await world.store.datasets.get({ project: 'parts', type: 'test' });
  if (dataset !== undefined)
    await world.store.commit(world.store.datasets.delete(dataset), world.store.projects.dropDataset('parts'));
});

test('every way that datasets.asl.json has was walked', () => {
  expect([...visited].sort()).toEqual(transitionsOf('datasets').sort());
});

test('packaging is one step, and gives way like any other', async () => {
  visited.clear();
  world.objects.objects.set('artifacts/copy/model.onnx', Buffer.from('a graph'));
  const model = await world.trained();
  const start = () =>
    world.client.send(
      new StartModelPackagingJobCommand({
        ...model,
        Configuration: {
          Greengrass: {
            TargetDevice: 'jetson_xavier',
            S3OutputLocation: { Bucket: 'out' },
            ComponentName: 'part',
          },
        },
      }),
    );
  expect(await follow(start)).toBe('Package Done');
  expect(await follow(start, overtaken('Package'))).toBe('Package Superseded');
  await finish();
  expect(await world.store.quotas.used('PACKAGING_JOBS')).toBe(0);
  expect([...visited].sort()).toEqual(transitionsOf('packaging').sort());
});
