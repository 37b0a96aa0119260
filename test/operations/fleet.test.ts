import { describe, expect, test } from '@jest/globals';
import { StartModelCommand } from '@aws-sdk/client-lookoutvision';
import { hold, rowsOf, start, statusOf, stop } from '../helpers/flow.ts';
import { testService } from '../helpers/service.ts';
import type { World } from '../helpers/world.ts';

const service = testService();
const root = '/2020-11-20';
const quotas = {
  projects: 100,
  modelsPerProject: 100,
  runningModels: 3,
  unitsPerModel: 5,
  concurrentTrainings: 2,
  concurrentPackagingJobs: 3,
};

type Json = Record<string, unknown>;
type Named = { ProjectName: string; ModelVersion: string };

async function send(world: World, path: string, method = 'POST', headers: Record<string, string> = {}) {
  const response = await world.post(`${root}${path}`, method === 'GET' ? undefined : {}, headers, method);
  return {
    status: response.status,
    type: response.headers.get('x-amzn-errortype'),
    ...((await response.json()) as Json),
  };
}
const fleetOf = async (world: World): Promise<Json[]> =>
  ((await send(world, '/hostedmodels', 'GET')) as Json)['HostedModels'] as Json[];

/** Two hosted models of two projects, and a third that nobody started. */
async function fleet(): Promise<{ world: World; lids: Named; parts: Named }> {
  const world = await service.open({ settings: { quotas } });
  const lids = await world.trained('lids');
  const parts = await world.trained('parts');
  await world.trained('parts');
  await start(world, lids, { MinInferenceUnits: 2, MaxInferenceUnits: 3 });
  await start(world, parts);
  await world.settle();
  return { world, lids, parts };
}

describe('the fleet', () => {
  test('is everything that runs, with since when, by whom, at what rate and what it came to', async () => {
    const { world, lids } = await fleet();
    world.clock.advance(1800);
    const models = await fleetOf(world);
    expect(models.map(({ ProjectName, ModelVersion }) => [ProjectName, ModelVersion])).toEqual([
      ['lids', '1'],
      ['parts', '1'],
    ]);
    expect(models[0]).toMatchObject({
      Status: 'HOSTED',
      StatusMessage: 'The model is running.',
      MinInferenceUnits: 2,
      MaxInferenceUnits: 3,
      StartedBy: 'arn:aws:iam::111122223333:user/test',
      StartedTimestamp: expect.any(Number),
      Engine: 'process',
      CostPerHour: 6,
      Cost: 3,
      UnitMinutes: 60,
      Currency: 'USD',
    });
    await stop(world, lids);
    await world.settle();
    expect((await fleetOf(world)).map(({ ProjectName }) => ProjectName)).toEqual(['parts']);
  });

  test('comes in pages', async () => {
    const { world } = await fleet();
    const first = (await send(world, '/hostedmodels?maxResults=1', 'GET')) as Json;
    expect(first['HostedModels']).toMatchObject([{ ProjectName: 'lids' }]);
    const next = encodeURIComponent(String(first['NextToken']));
    const second = (await send(world, `/hostedmodels?maxResults=1&nextToken=${next}`, 'GET')) as Json;
    expect(second['HostedModels']).toMatchObject([{ ProjectName: 'parts' }]);
    expect(second['NextToken']).toBeUndefined();
  });
});

describe('stopping', () => {
  const stopped = [
    { ProjectName: 'lids', ModelVersion: '1' },
    { ProjectName: 'parts', ModelVersion: '1' },
  ];

  test('everything stops everything, once for a token', async () => {
    const { world, lids, parts } = await fleet();
    const token = { 'x-amzn-client-token': 'all-1' };
    const answer = await send(world, '/stop', 'POST', token);
    expect(answer).toMatchObject({ status: 202, Stopped: stopped });
    await world.settle();
    expect([await statusOf(world, lids), await statusOf(world, parts)]).toEqual(['TRAINED', 'TRAINED']);
    await start(world, lids);
    await world.settle();
    expect(await send(world, '/stop', 'POST', token)).toEqual(answer);
    expect(await statusOf(world, lids)).toBe('HOSTED');
    expect(await send(world, '/stop')).toMatchObject({ Stopped: [stopped[0]] });
    expect(await send(world, '/stop')).toMatchObject({ status: 202 });
  });

  test('a project stops its models and no others; one that is not there is not found', async () => {
    const { world, lids } = await fleet();
    expect(await send(world, '/projects/parts/stop')).toMatchObject({ status: 202, Stopped: [stopped[1]] });
    await world.settle();
    expect(await statusOf(world, lids)).toBe('HOSTED');
    expect(await send(world, '/projects/none/stop')).toMatchObject({
      status: 404,
      type: 'ResourceNotFoundException',
    });
  });

  test('a call that was cut off is repeated: it stops what is left, and names all that are stopping', async () => {
    const { world, lids, parts } = await fleet();
    const held = hold(world.engine, 'remove');
    await stop(world, lids);
    await held.reached;
    expect(await send(world, '/stop', 'POST', { 'x-amzn-client-token': 'all-1' })).toMatchObject({
      Stopped: stopped,
    });
    held.letGo();
    await world.settle();
    expect([await statusOf(world, lids), await statusOf(world, parts)]).toEqual(['TRAINED', 'TRAINED']);
  });

  test('two callers at once stop each model once', async () => {
    const { world, lids } = await fleet();
    const token = { 'x-amzn-client-token': 'all-1' };
    const answers = await Promise.all([
      send(world, '/stop', 'POST', token),
      send(world, '/stop', 'POST', token),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([202, 202]);
    await world.settle();
    expect(await statusOf(world, lids)).toBe('TRAINED');
    expect((await world.executions()).filter((name) => name.endsWith('-1'))).toHaveLength(3 + 2 + 2);
  });
});

describe('a dry run of StartModel', () => {
  const dry = async (world: World, body: object, version = '1', value = 'true') => {
    const response = await world.post(`${root}/projects/parts/models/${version}/start`, body, {
      'x-crowsnest-dry-run': value,
    });
    return { status: response.status, ...((await response.json()) as Json) };
  };

  test('tells what a start would cost and how long it may take, and changes nothing', async () => {
    const world = await service.open();
    const model = await world.trained();
    const before = await rowsOf(world);
    expect(await dry(world, { MinInferenceUnits: 2 }, 'latest')).toEqual({
      status: 200,
      WouldStart: true,
      ModelVersion: '1',
      MinInferenceUnits: 2,
      Engine: 'process',
      UnitType: 'process',
      CostPerHour: 6,
      Currency: 'USD',
    });
    expect(await rowsOf(world)).toEqual(before);
    expect(await statusOf(world, model)).toBe('TRAINED');
    await start(world, model);
    await world.settle();
    await stop(world, model);
    await world.settle();
    expect(await dry(world, { MinInferenceUnits: 1 })).toMatchObject({
      ExpectedStartSeconds: expect.any(Number),
    });
  });

  test('gets the error that a start would get', async () => {
    const world = await service.open();
    const first = await world.trained();
    expect(await dry(world, { MinInferenceUnits: 6 })).toMatchObject({ status: 402 });
    expect(await dry(world, { MinInferenceUnits: 0 })).toMatchObject({ status: 400 });
    expect(await dry(world, { MinInferenceUnits: 1 }, '9')).toMatchObject({ status: 404 });
    await start(world, first);
    expect(await dry(world, { MinInferenceUnits: 1 })).toMatchObject({ status: 409 });
    await world.trained();
    await world.client.send(new StartModelCommand({ ...first, ModelVersion: '2', MinInferenceUnits: 1 }));
    await world.trained();
    expect(await dry(world, { MinInferenceUnits: 1 }, '3')).toMatchObject({ status: 402 });
  });

  test.each([
    ['of what has none', '/projects/parts/models/1/stop', 'true'],
    ['that is neither true nor false', '/projects/parts/models/1/start', 'yes'],
  ])('%s is refused, and nothing happens', async (_, path, value) => {
    const world = await service.open();
    const model = await world.trained();
    await start(world, model);
    await world.settle();
    const response = await world.post(
      `${root}${path}`,
      { MinInferenceUnits: 1 },
      { 'x-crowsnest-dry-run': value },
    );
    expect(response.status).toBe(400);
    expect(await statusOf(world, model)).toBe('HOSTED');
  });

  test('is refused where extensions are off: a start must not come of it', async () => {
    const world = await service.open();
    const off = await service.open({ settings: { extensions: false } });
    expect(world.url).not.toBe(off.url);
    expect(await dry(off, { MinInferenceUnits: 1 })).toMatchObject({ status: 400 });
  });
});

test('a key reaches the fleet, usage and stops of its own projects only', async () => {
  const world = await service.open({ settings: { quotas } });
  const lids = await world.trained('lids');
  const parts = await world.trained('parts');
  await start(world, lids);
  await start(world, parts);
  await world.settle();
  const { ListHostedModels, StopAllModels } = await import('../../lambdas/operations/hosting/fleet.ts');
  const { GetUsage } = await import('../../lambdas/operations/hosting/usage.ts');
  const call = { requestId: 'r', caller: 'line', log: world.log, reach: { projects: ['par*'], buckets: [] } };
  world.clock.advance(600);
  expect((await ListHostedModels({}, world.context, call)).HostedModels).toMatchObject([
    { ProjectName: 'parts' },
  ]);
  expect((await GetUsage({}, world.context, call)).Usage).toMatchObject([{ ProjectName: 'parts' }]);
  expect(await StopAllModels({}, world.context, call)).toEqual({
    Stopped: [{ ProjectName: 'parts', ModelVersion: '1' }],
  });
  await world.settle();
  expect([await statusOf(world, lids), await statusOf(world, parts)]).toEqual(['HOSTED', 'TRAINED']);
});
