import { createReadStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import {
  CreateProjectCommand,
  DeleteDatasetCommand,
  DeleteModelCommand,
  DescribeDatasetCommand,
  DescribeProjectCommand,
  DetectAnomaliesCommand,
  ListModelsCommand,
  ResourceNotFoundException,
  UpdateDatasetEntriesCommand,
} from '@aws-sdk/client-lookoutvision';
import { close, hold, hosted, start, statusOf, stop, until } from '../helpers/flow.ts';
import { testService } from '../helpers/service.ts';
import {
  changes,
  create,
  createModel,
  describeDataset,
  lines,
  project,
  train,
  withDataset,
} from './points.ts';

// What a service must get right so that unmodified clients of the original work: what happens, and when it is
// to be seen. Each point comes from published code, which does not ask twice: a status one look too old ends
// a script.

const service = testService();

test('1. the status changes before the call that changes it returns', async () => {
  const world = await withDataset(await service.open());
  const model = await world.trained();
  world.frozen = true; // nothing but the calls themselves changes anything
  await start(world, model);
  expect(await statusOf(world, model)).toBe('STARTING_HOSTING');
  await stop(world, model);
  expect(await statusOf(world, model)).toBe('STOPPING_HOSTING');
  await world.client.send(new UpdateDatasetEntriesCommand({ ...train, Changes: changes(lines(1, 0)) }));
  expect((await describeDataset(world))?.Status).toBe('UPDATE_IN_PROGRESS');
  await create(world, lines(1, 0), 'test');
  expect(
    (await world.client.send(new DescribeDatasetCommand({ ...project, DatasetType: 'test' })))
      .DatasetDescription?.Status,
  ).toBe('CREATE_IN_PROGRESS');
});

test('1. and what describes a model or a dataset reads strongly', async () => {
  const world = await withDataset(await service.open());
  const model = await world.trained();
  const reads: unknown[] = [];
  service.dynamo.intercept = (_, { TableName, ConsistentRead }) => {
    if (TableName === world.tableName) reads.push(ConsistentRead);
    return undefined;
  };
  await world.describe(model);
  await describeDataset(world);
  await world.client.send(new DescribeProjectCommand(project));
  expect(new Set(reads)).toEqual(new Set([true]));
  expect(reads.length).toBeGreaterThanOrEqual(4);
});

test('2. no other status is ever seen on the way, whatever the engine goes through meanwhile', async () => {
  const world = await service.open();
  const model = await world.trained();
  const seen = { start: new Set<string | undefined>(), stop: new Set<string | undefined>() };
  for (const [way, call, act, last] of [
    ['start', 'create', start, 'HOSTED'],
    ['stop', 'remove', stop, 'TRAINED'],
  ] as const) {
    const held = hold(world.engine, call);
    world.engine.born = { state: 'updating', note: 'The engine is being updated.' };
    world.engine.removes = false;
    await act(world, model);
    await held.reached;
    seen[way].add(await statusOf(world, model));
    held.letGo();
    const looks = world.engine.count('observe');
    await until(() => world.engine.count('observe') > looks + 2);
    seen[way].add(await statusOf(world, model));
    for (const id of world.engine.resources.keys()) {
      if (way === 'start') world.engine.resources.set(id, { state: 'ready' });
      else world.engine.vanish(id);
    }
    let status = await statusOf(world, model);
    for (; status !== last; status = await statusOf(world, model)) seen[way].add(status);
  }
  expect([...seen.start]).toEqual(['STARTING_HOSTING']);
  expect([...seen.stop]).toEqual(['STOPPING_HOSTING']);
  await close(world);
});

test('9. a deleted version vanishes from ListModels', async () => {
  const world = await service.open();
  const model = await world.trained();
  await world.client.send(new DeleteModelCommand(model));
  await world.settle();
  expect((await world.client.send(new ListModelsCommand(project))).Models).toEqual([]);
  await expect(world.describe(model)).rejects.toBeInstanceOf(ResourceNotFoundException);
});

test('11. StopModel always ends in TRAINED, even if the engine fails to remove at first', async () => {
  const world = await service.open();
  const model = await hosted(world);
  let refusals = 3;
  world.engine.before = (call) => {
    if (call === 'remove' && refusals > 0) {
      refusals -= 1;
      throw new Error('the engine is not there');
    }
  };
  await stop(world, model);
  await world.settle();
  for (let looks = 0; (await statusOf(world, model)) !== 'TRAINED' && looks < 20; looks += 1) {
    expect(await statusOf(world, model)).toBe('STOPPING_HOSTING');
    await world.sweepAfter(120);
  }
  expect([await statusOf(world, model), refusals]).toEqual(['TRAINED', 0]);
});

test('12. CreateDataset succeeds straight after DeleteDataset', async () => {
  const world = await withDataset(await service.open());
  for (let times = 0; times < 3; times += 1) {
    await world.client.send(new DeleteDatasetCommand(train));
    expect(await create(world, lines(2, times))).toMatchObject({ Status: 'CREATE_IN_PROGRESS' });
    await world.settle();
    expect((await describeDataset(world))?.ImageStats?.Total).toBe(2 + times);
  }
});

test('14. DetectAnomalies takes chunked bodies, and bytes as they are', async () => {
  const world = await service.open();
  const model = await hosted(world);
  // every byte there is, and more than a chunk
  const all = Uint8Array.from({ length: 70_000 }, (_, index) => index % 256);
  all.set([0xff, 0xd8, 0xff], 0);
  let arrived = new Uint8Array();
  const detect = world.engine.detect.bind(world.engine);
  world.engine.detect = (deployment, picture, type) => {
    arrived = Uint8Array.from(picture);
    return detect(deployment, picture, type);
  };
  const folder = await mkdtemp(join(tmpdir(), 'crowsnest-chunks-'));
  const path = join(folder, 'part.jpg');
  await writeFile(path, all);
  for (const Body of [createReadStream(path, { highWaterMark: 10_000 }), all]) {
    arrived = new Uint8Array();
    await world.client.send(new DetectAnomaliesCommand({ ...model, Body, ContentType: 'image/jpeg' }));
    expect(Buffer.compare(arrived, all)).toBe(0);
  }
  await rm(folder, { recursive: true });
});

test('15. CreateModel right behind CreateDataset is a conflict that names the dataset, and is taken a moment later', async () => {
  const world = await service.open();
  await world.client.send(new CreateProjectCommand(project));
  world.frozen = true;
  await create(world);
  await expect(createModel(world)).rejects.toMatchObject({
    name: 'ConflictException',
    ResourceType: 'DATASET',
    ResourceId: 'parts/train',
  });
  world.frozen = false;
  await world.sweepAfter(100);
  expect(await createModel(world)).toMatchObject({ ModelVersion: '1', Status: 'TRAINING' });
});
