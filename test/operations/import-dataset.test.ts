import { expect, test } from '@jest/globals';
import {
  CreateProjectCommand,
  DeleteDatasetCommand,
  DescribeDatasetCommand,
  ListDatasetEntriesCommand,
  type DatasetDescription,
} from '@aws-sdk/client-lookoutvision';
import { localLimits } from '../../lambdas/domain/settings.ts';
import { testService } from '../helpers/service.ts';
import type { World, WorldOptions } from '../helpers/world.ts';

const service = testService();

const path = '/2020-11-20/projects/parts/datasets/import';
const train = { ProjectName: 'parts', DatasetType: 'train' };
const good = { Bucket: 'photos', Prefix: 'line-1/good/', Class: 'normal' };
const bad = { Bucket: 'photos', Prefix: 'line-1/bad', Class: 'anomaly' };

async function withPictures(options?: WorldOptions): Promise<World> {
  const world = await service.open(options);
  await world.client.send(new CreateProjectCommand({ ProjectName: 'parts' }));
  for (const key of [
    'line-1/good/b.PNG',
    'line-1/good/a.jpg',
    'line-1/good/deeper/c.jpeg',
    'line-1/good/notes.txt',
    'line-1/bad/x.jpg',
    'line-1/badly-named/y.jpg',
    'line-1/later/z.jpg',
  ])
    await world.objects.write({ bucket: 'photos', key }, Buffer.from('a picture'));
  return world;
}

interface Answer {
  readonly status: number;
  readonly type: string | null;
  readonly body: { readonly Message?: string };
}

async function post(world: World, body: unknown, token?: string): Promise<Answer> {
  const response = await world.post(path, body, token === undefined ? {} : { 'x-amzn-client-token': token });
  return {
    status: response.status,
    type: response.headers.get('x-amzn-errortype'),
    body: (await response.json()) as Answer['body'],
  };
}

const described = async (world: World): Promise<DatasetDescription> =>
  (await world.client.send(new DescribeDatasetCommand(train))).DatasetDescription ?? {};

const entries = async (world: World): Promise<Record<string, unknown>[]> =>
  ((await world.client.send(new ListDatasetEntriesCommand(train))).DatasetEntries ?? []).map(
    (line) => JSON.parse(line) as Record<string, unknown>,
  );

test('folders become a dataset, each picture with the class of its folder', async () => {
  const world = await withPictures();
  const later = { Bucket: 'photos', Prefix: 'line-1/later' };
  expect(await post(world, { DatasetType: 'train', Folders: [good, bad, later] })).toEqual({
    status: 202,
    type: null,
    body: {
      DatasetMetadata: {
        CreationTimestamp: 1_768_478_400,
        DatasetType: 'train',
        Status: 'CREATE_IN_PROGRESS',
        StatusMessage: 'The dataset is being created.',
      },
    },
  });
  await world.settle();
  expect(await described(world)).toMatchObject({
    Status: 'CREATE_COMPLETE',
    ImageStats: { Total: 5, Labeled: 4, Normal: 3, Anomaly: 1 },
  });
  const listed = await entries(world);
  expect(listed.map(({ 'source-ref': url }) => url)).toEqual([
    's3://photos/line-1/good/a.jpg',
    's3://photos/line-1/good/b.PNG',
    's3://photos/line-1/good/deeper/c.jpeg',
    's3://photos/line-1/bad/x.jpg',
    's3://photos/line-1/later/z.jpg',
  ]);
  expect(listed[3]).toMatchObject({
    'anomaly-label': 1,
    'anomaly-label-metadata': { 'class-name': 'anomaly', 'creation-date': '2026-01-15T12:00:00.000Z' },
  });
  expect(Object.keys(listed[4] ?? {})).toEqual(['source-ref']);
});

test('the manifest lies beside the pictures, or where the caller says', async () => {
  const world = await withPictures();
  await post(world, { DatasetType: 'train', Folders: [bad] });
  await world.settle();
  const made = [...world.objects.objects.keys()].filter((key) => key.endsWith('.manifest'));
  expect(made).toEqual([expect.stringMatching(/^photos\/crowsnest\/parts\/train-[a-z0-9]{25}\.manifest$/)]);

  await world.client.send(new DeleteDatasetCommand(train));
  const Manifest = { Bucket: 'results', Key: 'mine.manifest' };
  await post(world, { DatasetType: 'train', Folders: [bad], Manifest });
  await world.settle();
  const text = Buffer.from(world.objects.objects.get('results/mine.manifest') ?? []).toString();
  expect(text.trim().split('\n')).toHaveLength(1);
  expect(text).toContain('"source-ref":"s3://photos/line-1/bad/x.jpg"');
});

test('a repetition is answered from memory, and makes nothing', async () => {
  const world = await withPictures();
  const body = { DatasetType: 'train', Folders: [good, bad] };
  const first = await post(world, body, 'once');
  await world.settle();
  expect(await post(world, body, 'once')).toEqual(first);
  expect(await post(world, { ...body, Folders: [good] }, 'once')).toMatchObject({
    status: 400,
    type: 'ValidationException',
  });
  expect(await post(world, body)).toMatchObject({ status: 409, type: 'ConflictException' });
  expect((await world.executions()).length).toBe(1);
});

test.each<[string, object, RegExp]>([
  ['no folders', { Folders: [] }, /at 'folders' failed.*length greater than or equal to 1/],
  ['a class that there is not', { Folders: [{ ...good, Class: 'fine' }] }, /folders\.1\.member\.class/],
  [
    'a folder in another',
    { Folders: [good, { ...bad, Prefix: 'line-1/good/deeper' }] },
    /folders\.2\.member\.prefix.*must not lie in the folder of folders\.1\.member/,
  ],
  ['one folder twice', { Folders: [good, { ...good, Class: 'anomaly' }] }, /must not lie in the folder/],
  ['no type', { Folders: [good], DatasetType: undefined }, /datasetType/],
  [
    'a bucket that is not listed',
    { Folders: [{ ...good, Bucket: 'secrets' }] },
    /buckets that this deployment/,
  ],
  [
    'a bucket for the manifest that is not listed',
    { Folders: [good], Manifest: { Bucket: 'secrets', Key: 'a' } },
    /manifest\.bucket/,
  ],
])('%s is refused, and nothing is made', async (_, body, told) => {
  const world = await withPictures({ settings: { buckets: ['photos'] } });
  const { status, type, body: answer } = await post(world, { DatasetType: 'train', ...body });
  expect({ status, type }).toEqual({ status: 400, type: 'ValidationException' });
  expect(answer.Message).toMatch(told);
  await expect(described(world)).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
});

test('a project that is not there is refused', async () => {
  const world = await service.open();
  expect(await post(world, { DatasetType: 'train', Folders: [good] })).toMatchObject({
    status: 404,
    type: 'ResourceNotFoundException',
  });
});

test.each<[string, object, RegExp]>([
  ['empty', { ...good, Prefix: 'nowhere/' }, /The folder s3:\/\/photos\/nowhere\/ has no pictures/],
  ['in a bucket that is not there', { ...good, Bucket: 'nowhere' }, /has no pictures/],
  ['too large', good, /more than the 2 images of a train dataset/],
])('a folder that is %s ends in CREATE_FAILED with the reason', async (_, folder, told) => {
  const world = await withPictures({
    settings: { limits: { images: { ...localLimits.images, train: 2 } } },
  });
  await post(world, { DatasetType: 'train', Folders: [folder] });
  await world.settle();
  const { Status, StatusMessage } = await described(world);
  expect(Status).toBe('CREATE_FAILED');
  expect(StatusMessage).toMatch(told);
});

test('two callers at once: one dataset', async () => {
  const world = await withPictures();
  const answers = await Promise.all(
    [good, bad].map((folder) => post(world, { DatasetType: 'train', Folders: [folder] })),
  );
  await world.settle();
  expect(answers.map(({ status }) => status).sort()).toEqual([202, 409]);
});

test('with extensions off there is no such operation', async () => {
  const world = await withPictures({ settings: { extensions: false } });
  expect(await post(world, { DatasetType: 'train', Folders: [good] })).toMatchObject({
    status: 404,
    type: 'UnknownOperationException',
  });
});
