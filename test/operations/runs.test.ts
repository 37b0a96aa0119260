import { describe, expect, test } from '@jest/globals';
import { DeleteProjectCommand, DeleteModelCommand } from '@aws-sdk/client-lookoutvision';
import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { keys } from '../../lambdas/store/keys.ts';
import { drop, hosted, keyOf, start, stop } from '../helpers/flow.ts';
import { testService } from '../helpers/service.ts';
import type { World } from '../helpers/world.ts';

const service = testService();
const root = '/2020-11-20';
const user = 'arn:aws:iam::111122223333:user/test';

type Json = Record<string, unknown>;

async function get(world: World, path: string): Promise<Json> {
  const response = await world.post(`${root}${path}`, undefined, {}, 'GET');
  return { status: response.status, ...((await response.json()) as Json) };
}

const runsOf = async (world: World, query = ''): Promise<Json[]> =>
  (await get(world, `/projects/parts/models/1/runs${query}`))['Runs'] as Json[];
const usageOf = async (world: World, query = ''): Promise<Json[]> =>
  (await get(world, `/usage${query}`))['Usage'] as Json[];

describe('a run', () => {
  test('is told of whole: who, from where, when, with which units, why it ended, and what it came to', async () => {
    const world = await service.open();
    const model = await world.trained();
    const startedAt = world.clock.now();
    await start(world, model, { MinInferenceUnits: 2, MaxInferenceUnits: 3 });
    await world.settle();
    world.clock.advance(90 * 60);
    await stop(world, model);
    await world.settle();
    const [run] = await runsOf(world);
    const hostedAt = run?.['HostedTimestamp'] as number;
    expect(run).toEqual({
      RunId: expect.stringMatching(/^[a-z0-9]{25}$/),
      Status: 'ENDED',
      StartedTimestamp: startedAt / 1000,
      HostedTimestamp: hostedAt,
      EndedTimestamp: expect.any(Number),
      StartedBy: user,
      EndedBy: user,
      EndReason: 'STOPPED',
      MinInferenceUnits: 2,
      MaxInferenceUnits: 3,
      UnitMinutes: 180,
      Cost: 9,
      Currency: 'USD',
    });
    const { RunDescription: described } = await get(
      world,
      `/projects/parts/models/1/runs/${String(run?.['RunId'])}`,
    );
    expect(described).toMatchObject({
      Run: run,
      StartedFrom: expect.stringMatching(/127\.0\.0\.1$/),
      Engine: 'process',
      UnitType: 'process',
      PricePerUnitHour: 3,
      EngineResources: [],
      UnitHistory: [
        { Timestamp: startedAt / 1000, MinInferenceUnits: 2, MaxInferenceUnits: 3, InferenceUnits: 2 },
      ],
    });
    expect((described as { Timeline: Json[] }).Timeline.map(({ Status, Actor }) => [Status, Actor])).toEqual([
      ['STARTING_HOSTING', user],
      ['HOSTED', user],
      ['STOPPING_HOSTING', user],
      ['ENDED', user],
    ]);
  });

  test('that the engine lost has failed, and is paid for until then', async () => {
    const world = await service.open();
    const model = await hosted(world);
    const [deployment] = await world.deployments(model);
    world.clock.advance(600);
    world.engine.resources.set(deployment?.id ?? '', { state: 'failed', reason: 'The unit has no memory.' });
    await world.sweepAfter(0);
    await world.sweepAfter(120);
    const [run] = await runsOf(world);
    expect(run).toMatchObject({ Status: 'ENDED', EndReason: 'FAILED', EndedBy: 'engine', UnitMinutes: 10 });
    expect((await world.deployments(model))[0]?.timeline?.at(-2)).toMatchObject({
      status: 'HOSTING_FAILED',
      message: 'The unit has no memory.',
    });
  });

  test('of a scaled model has the units that serve, as the engine tells them', async () => {
    const world = await service.open();
    const model = await world.trained();
    await start(world, model, { MinInferenceUnits: 1, MaxInferenceUnits: 4 });
    await world.settle();
    const [deployment] = await world.deployments(model);
    world.engine.resources.set(deployment?.id ?? '', { state: 'ready', unitsInService: 4 });
    await world.sweepAfter(60);
    world.engine.resources.set(deployment?.id ?? '', { state: 'ready', unitsInService: 1 });
    await world.sweepAfter(600);
    await world.sweepAfter(120);
    expect((await world.deployments(model))[0]?.unitHistory?.map(({ count }) => count)).toEqual([1, 4, 1]);
    expect((await runsOf(world))[0]).toMatchObject({ Status: 'HOSTED', UnitMinutes: 1 + 40 + 2 });
  });

  test('stays told of when its model is deleted; what never was is not found', async () => {
    const world = await service.open();
    const model = await hosted(world);
    world.clock.advance(300);
    await stop(world, model);
    await world.settle();
    await drop(world, model);
    await world.settle();
    expect(await runsOf(world)).toMatchObject([{ EndReason: 'STOPPED', UnitMinutes: 5 }]);
    for (const path of [
      '/projects/parts/models/2/runs',
      '/projects/other/models/1/runs',
      '/projects/parts/models/1/runs/abc',
    ])
      expect((await get(world, path))['status']).toBe(404);
    expect((await get(world, '/projects/parts/models/1/runs/UPPER'))['status']).toBe(400);
  });

  test('runs are listed the newest first, page by page', async () => {
    const world = await service.open();
    const model = await world.trained();
    for (let index = 0; index < 3; index += 1) {
      await start(world, model);
      await world.settle();
      world.clock.advance(60);
      await stop(world, model);
      await world.settle();
    }
    const all = await runsOf(world);
    const times = all.map(({ StartedTimestamp: at }) => at as number);
    expect(times).toEqual([...times].sort((a, b) => b - a));
    const first = await get(world, '/projects/parts/models/latest/runs?maxResults=2');
    const next = encodeURIComponent(String(first['NextToken']));
    const second = await get(world, `/projects/parts/models/1/runs?maxResults=2&nextToken=${next}`);
    expect([...(first['Runs'] as Json[]), ...(second['Runs'] as Json[])]).toEqual(all);
    expect(second['NextToken']).toBeUndefined();
  });

  test('of 0.1 is read: its reason is one of today, and its units are those of its start', async () => {
    const world = await service.open();
    const model = await hosted(world);
    world.clock.advance(600);
    await stop(world, model);
    await world.settle();
    const [deployment] = await world.deployments(model);
    await world.dynamo.client.send(
      new UpdateCommand({
        TableName: world.tableName,
        Key: keys.deployment({ ...keyOf(model), id: deployment?.id ?? '' }),
        UpdateExpression: 'SET endReason = :reason REMOVE unitHistory, timeline, endedBy, rate',
        ExpressionAttributeValues: { ':reason': 'the engine failed' },
      }),
    );
    expect(await runsOf(world)).toMatchObject([{ Status: 'ENDED', EndReason: 'FAILED', UnitMinutes: 10 }]);
  });
});

describe('usage', () => {
  /**
   * Two models of two projects: 30 minutes of two units before midnight of a month's end, and 45 after it.
   */
  async function used(): Promise<World> {
    const world = await service.open({ now: Date.parse('2026-03-31T23:00:00Z') });
    for (const [project, units] of [
      ['parts', 1],
      ['lids', 2],
    ] as const) {
      const model = await world.trained(project);
      await start(world, model, { MinInferenceUnits: units });
      await world.settle();
    }
    world.clock.advance((Date.parse('2026-04-01T00:45:00Z') - world.clock.now()) / 1000);
    return world;
  }
  const span = 'from=2026-03-01T00:00:00Z&to=2026-05-01T00:00:00Z';

  test('is told by project, by model, by month and by day, and adds up', async () => {
    const world = await used();
    const whole = await usageOf(world, `?${span}`);
    expect(whole.map(({ ProjectName }) => ProjectName)).toEqual(['lids', 'parts']);
    const minutes = (rows: Json[]): number =>
      rows.reduce((sum, row) => sum + (row['UnitMinutes'] as number), 0);
    const months = await usageOf(world, `?${span}&groupBy=MODEL&groupBy=MONTH`);
    expect(
      months.map(({ ProjectName, ModelVersion, Period }) => [ProjectName, ModelVersion, Period]),
    ).toEqual([
      ['lids', '1', '2026-03'],
      ['lids', '1', '2026-04'],
      ['parts', '1', '2026-03'],
      ['parts', '1', '2026-04'],
    ]);
    expect(months.filter(({ Period }) => Period === '2026-04').map((row) => row['UnitMinutes'])).toEqual([
      90, 45,
    ]);
    const days = await usageOf(world, `?${span}&groupBy=DAY`);
    for (const rows of [months, days]) expect(minutes(rows)).toBe(minutes(whole));
    expect(months[1]).toMatchObject({ Cost: 4.5, Currency: 'USD', Runs: 1 });
    expect(await usageOf(world)).toMatchObject([{ UnitMinutes: 90 }, { UnitMinutes: 45 }]); // this month
  });

  test('is the same as CSV', async () => {
    const world = await used();
    const response = await world.post(
      `${root}/usage?${span}&groupBy=MODEL&groupBy=MONTH`,
      undefined,
      { accept: 'text/csv' },
      'GET',
    );
    expect(response.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    const lines = (await response.text()).split('\r\n');
    expect(lines[0]).toBe('ProjectName,ModelVersion,Period,Runs,UnitMinutes,Cost,Currency');
    expect(lines[2]).toBe('lids,1,2026-04,1,90,4.5,USD');
    expect(lines).toHaveLength(6);
    const page = await world.post(
      `${root}/usage?${span}&maxResults=1`,
      undefined,
      { accept: 'text/csv' },
      'GET',
    );
    const token = page.headers.get('x-crowsnest-next-token') ?? '';
    expect(await usageOf(world, `?${span}&nextToken=${encodeURIComponent(token)}`)).toMatchObject([
      { ProjectName: 'parts' },
    ]);
  });

  test('counts the runs of models and projects that are gone, once, also when a project is made anew', async () => {
    const world = await used();
    const model = { ProjectName: 'lids', ModelVersion: '1' };
    await stop(world, model);
    await world.settle();
    const before = await usageOf(world, `?${span}`);
    await world.client.send(new DeleteModelCommand(model));
    await world.settle();
    await world.client.send(new DeleteProjectCommand({ ProjectName: 'lids' }));
    expect(await usageOf(world, `?${span}`)).toEqual(before);
    await world.trained('lids');
    expect(await usageOf(world, `?${span}`)).toEqual(before);
  });

  test('is no higher for a clock that was set back, nor lower than what was', async () => {
    const world = await service.open();
    const model = await hosted(world);
    world.clock.advance(1800);
    world.clock.advance(-3600);
    await stop(world, model);
    await world.settle();
    expect(await runsOf(world)).toMatchObject([{ UnitMinutes: 0, EndReason: 'STOPPED' }]);
  });

  test.each([
    ['from=2026-05-01T00:00:00Z&to=2026-04-01T00:00:00Z', 'from'],
    ['from=2024-05-01T00:00:00Z&to=2026-04-01T00:00:00Z', '400 days'],
    ['groupBy=DAY&groupBy=MONTH', 'groupBy'],
    ['groupBy=WEEK', 'groupBy'],
    ['from=yesterday', 'from'],
    ['nextToken=abc', 'nextToken'],
  ])('%s is refused', async (query, names) => {
    const world = await service.shared();
    const answer = await get(world, `/usage?${query}`);
    expect([answer['status'], answer['Message']]).toEqual([400, expect.stringContaining(names)]);
  });
});
