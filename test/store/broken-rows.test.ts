import {
  CreateDatasetCommand,
  DescribeModelCommand,
  StartModelCommand,
  StartModelPackagingJobCommand,
} from '@aws-sdk/client-lookoutvision';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { scan } from '../../lambdas/local/execution-memory.ts';
import type { Row } from '../../lambdas/store/expression.ts';
import { UnreadableRow } from '../../lambdas/store/row-reader.ts';
import { TestDynamo } from '../helpers/dynamo.ts';
import { manifestOf } from '../helpers/manifests.ts';
import { World } from '../helpers/world.ts';

/** What a row has for the table: its place, its end, and its index, for which the table itself wants numbers. */
const ofTheTable = ['pk', 'sk', 'dueShard', 'dueAt', 'expiresAt'];

/** The members of a row at any depth, as a reader names them. What a request held is kept as it came. */
function pathsOf(value: unknown, path = ''): string[] {
  if (path === 'greengrass') return [path];
  if (Array.isArray(value)) return value.flatMap((each, index) => pathsOf(each, `${path}[${index}]`));
  if (typeof value !== 'object' || value === null) return [path];
  return Object.entries(value)
    .filter(([name]) => path !== '' || !ofTheTable.includes(name))
    .flatMap(([name, each]) => pathsOf(each, path === '' ? name : `${path}.${name}`));
}

/** The row with null, which no member ever is, at a path. */
function broken(row: Row, path: string): Row {
  const copy = structuredClone(row) as Record<string, unknown>;
  const steps = path.split(/[.[\]]+/).filter((step) => step !== '');
  let at = copy;
  for (const step of steps.slice(0, -1)) at = at[step] as Record<string, unknown>;
  at[steps.at(-1) ?? ''] = null;
  return copy;
}

let dynamo: TestDynamo;
let world: World;
const rows: Row[] = [];
const write = (row: Row): Promise<unknown> =>
  dynamo.client.send(new PutCommand({ TableName: world.tableName, Item: row }));
async function all(): Promise<Row[]> {
  const found: Row[] = [];
  for await (const row of scan(dynamo.client, world.tableName)) found.push(row);
  return found;
}

beforeAll(async () => {
  dynamo = await TestDynamo.start();
  world = await World.open(dynamo);
  world.objects.objects.set('artifacts/copy/model.onnx', Buffer.from('a graph'));
  world.objects.objects.set('artifacts/copy/model.json', Buffer.from('{}'));
  const model = await world.trained();
  world.objects.objects.set('bucket/m.manifest', Buffer.from(manifestOf([])));
  await world.client.send(
    new CreateDatasetCommand({
      ProjectName: model.ProjectName,
      DatasetType: 'train',
      DatasetSource: { GroundTruthManifest: { S3Object: { Bucket: 'bucket', Key: 'm.manifest' } } },
    }),
  );
  await world.client.send(new StartModelCommand({ ...model, MinInferenceUnits: 1, MaxInferenceUnits: 2 }));
  await world.client.send(
    new StartModelPackagingJobCommand({
      ...(await world.trained()),
      JobName: 'job',
      Configuration: {
        Greengrass: {
          TargetDevice: 'jetson_xavier',
          ComponentName: 'Part',
          S3OutputLocation: { Bucket: 'out' },
        },
      },
    }),
  );
  await world.settle();
  world.frozen = true;
  await world.store.commit(
    world.store.scheduledDeletions.schedule('a', { partitions: ['x'], dueAt: 1, project: 'p' }),
  );
  rows.push(...(await all()));
});
afterAll(async () => {
  await world.close();
  await dynamo.close();
});

const model = { project: 'parts', version: '1' };
const deploymentOf = (row: Row) => ({ ...model, id: String(row['id']) });

describe.each<
  [kind: string, find: (pk: string, sk: string) => boolean, read: (row: Row) => Promise<unknown>]
>([
  ['project', (pk) => pk === 'PROJECTS', () => world.store.projects.get('parts')],
  ['model', (_, sk) => sk === 'MODEL#0000000001', () => world.store.models.get(model)],
  ['dataset', (_, sk) => sk === 'DATASET#train', () => world.store.datasets.ofProject('parts')],
  [
    'deployment',
    (_, sk) => sk.startsWith('DEPLOYMENT#'),
    (row) => world.store.deployments.get(deploymentOf(row)),
  ],
  [
    'packaging job',
    (_, sk) => sk === 'JOB#job',
    () => world.store.jobs.get({ project: 'parts', name: 'job' }),
  ],
  ['scheduled deletion', (pk) => pk === 'DISCARD#a', () => world.store.scheduledDeletions.get('a')],
  ['quota', (_, sk) => sk === 'RUNNING_MODELS', () => world.store.quotas.used('RUNNING_MODELS')],
])('the row of a %s', (_, find, read) => {
  const row = (): Row => rows.find(({ pk, sk }) => find(String(pk), String(sk))) ?? {};

  test('is refused with its key and the member, whatever member is broken', async () => {
    const paths = pathsOf(row());
    expect(paths.length).toBeGreaterThan(0);
    for (const path of paths) {
      await write(broken(row(), path));
      const error: unknown = await read(row()).then(
        () => `${path} was read`,
        (reason: unknown) => reason,
      );
      expect(error).toBeInstanceOf(UnreadableRow);
      expect(error).toMatchObject({ key: `${String(row()['pk'])}/${String(row()['sk'])}`, member: path });
    }
    await write(row());
    await read(row());
  });
});

test('a call that finds such a row is answered with the fixed sentence, and changes nothing', async () => {
  const hosted = rows.find(({ sk }) => sk === 'MODEL#0000000001') ?? {};
  const unreadable = broken(hosted, 'operation.attempt');
  await write(unreadable);
  const before = await all();
  const calls = [
    () => world.client.send(new DescribeModelCommand({ ProjectName: 'parts', ModelVersion: '1' })),
    // The condition fails, and shows the row.
    () =>
      world.client.send(
        new StartModelCommand({ ProjectName: 'parts', ModelVersion: '1', MinInferenceUnits: 1 }),
      ),
  ];
  for (const call of calls) {
    world.logged.splice(0);
    await expect(call()).rejects.toMatchObject({
      name: 'InternalServerException',
      message: 'Crowsnest could not process the request. Try your call again.',
    });
    expect(world.logged.join('')).toContain(
      'the row P#parts/MODEL#0000000001 cannot be read: operation.attempt must be an integer',
    );
  }
  expect(await all()).toEqual(before);
  await write(hosted);
});

test('the sweep ends what else is due', async () => {
  const due = rows.find(({ pk }) => pk === 'DISCARD#a') ?? {};
  await write({ ...broken(due, 'partitions[0]'), pk: 'DISCARD#broken' });
  await world.sweepAfter(61);
  const left = (await all()).map(({ pk }) => pk);
  expect(left).toContain('DISCARD#broken');
  expect(left).not.toContain('DISCARD#a');
});
