import { describe, expect, test } from '@jest/globals';
import { DetectAnomaliesCommand, type ThrottlingException } from '@aws-sdk/client-lookoutvision';
import { rowOf, start, statusOf, stop, type Named } from '../helpers/flow.ts';
import { testService } from '../helpers/service.ts';
import type { World } from '../helpers/world.ts';

const service = testService();
const root = '/2020-11-20';
const user = 'arn:aws:iam::111122223333:user/test';

type Json = Record<string, unknown>;

async function send(
  world: World,
  path: string,
  body?: object,
  method = body === undefined ? 'GET' : 'POST',
  token?: string,
) {
  const response = await world.post(
    `${root}${path}`,
    body,
    token === undefined ? {} : { 'x-amzn-client-token': token },
    method,
  );
  return { status: response.status, ...((await response.json()) as Json) };
}
const ofProject = '/projects/parts/hostingpolicy';
const ofModel = '/projects/parts/models/1/hostingpolicy';
const put = (world: World, policy: object, path = ofProject) => send(world, path, { HostingPolicy: policy });
const detect = (world: World, model: Named) =>
  world.client.send(
    new DetectAnomaliesCommand({ ...model, Body: new Uint8Array([1]), ContentType: 'image/png' }),
  );
const lastRun = async (world: World, model: Named) => (await world.deployments(model)).at(-1);
const shift = (Start: string, End: string, Action = 'START_AND_STOP') => ({
  TimeZone: 'UTC',
  Windows: [{ Days: ['MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT', 'SUN'], Start, End }],
  Action,
});

async function hosted(world: World): Promise<Named> {
  const model = await world.trained();
  await start(world, model);
  await world.settle();
  return model;
}

/** Minute after minute, as in AWS. */
async function minutes(world: World, count: number): Promise<void> {
  for (let minute = 0; minute < count; minute += 1) await world.sweepAfter(60);
}

describe('a hosting policy', () => {
  test('is put, got, listed and deleted; what holds says where each member comes from', async () => {
    const world = await service.open({
      settings: { hostingPolicy: { MaxRunMinutes: 480, IdleStopMinutes: 60 } },
    });
    await world.trained();
    const own = {
      MaxRunMinutes: 30,
      WakeOnDetect: true,
      MonthlyUnitHours: 5,
      OnBudget: 'STOP',
      Schedule: shift('06:00', '22:00'),
    };
    expect(await put(world, own)).toEqual({ status: 200, HostingPolicy: own });
    expect(await put(world, { MaxRunMinutes: 0 }, ofModel)).toMatchObject({ status: 200 });
    expect(await send(world, ofModel)).toEqual({
      status: 200,
      HostingPolicy: { MaxRunMinutes: 0 },
      PolicyInForce: { MaxRunMinutes: 0, IdleStopMinutes: 60, WakeOnDetect: true, Schedule: own.Schedule },
      Sources: {
        MaxRunMinutes: 'MODEL',
        IdleStopMinutes: 'STAGE',
        Schedule: 'PROJECT',
        WakeOnDetect: 'PROJECT',
      },
    });
    const first = await send(world, '/hostingpolicies?maxResults=1');
    expect(first).toMatchObject({
      HostingPolicies: [{ ProjectName: 'parts', UpdatedBy: user, HostingPolicy: own }],
    });
    const next = encodeURIComponent(String((first as Json)['NextToken']));
    expect(await send(world, `/hostingpolicies?maxResults=1&nextToken=${next}`)).toMatchObject({
      HostingPolicies: [{ ProjectName: 'parts', ModelVersion: '1' }],
    });
    for (const path of [ofModel, ofProject, ofProject])
      expect((await send(world, path, {}, 'DELETE')).status).toBe(200);
    expect(await send(world, ofModel)).toMatchObject({ Sources: { MaxRunMinutes: 'STAGE' } });
    expect(await send(world, '/hostingpolicies')).toEqual({ status: 200, HostingPolicies: [] });
  });

  test('takes a client token, as every write does', async () => {
    const world = await service.open();
    await world.trained();
    const body = { HostingPolicy: { MaxRunMinutes: 30 } };
    expect((await send(world, ofProject, body, 'POST', 't1')).status).toBe(200);
    await put(world, { MaxRunMinutes: 60 });
    expect((await send(world, ofProject, body, 'POST', 't1')).status).toBe(200);
    expect(await send(world, ofProject)).toMatchObject({ HostingPolicy: { MaxRunMinutes: 60 } });
    expect((await send(world, ofProject, { HostingPolicy: {} }, 'POST', 't1')).status).toBe(400);
  });

  test.each([
    [{ MaxRunMinutes: -1 }, 'maxRunMinutes'],
    [{ OnBudget: 'PAY' }, 'onBudget'],
    [{ Schedule: { ...shift('06:00', '22:00'), TimeZone: 'Mars/Olympus' } }, 'timeZone'],
    [{ Schedule: shift('6:00', '22:00') }, 'start'],
    [{ Schedule: shift('06:00', '06:00') }, 'end'],
    [{ Schedule: { TimeZone: 'UTC', Windows: [], Action: 'STOP' } }, 'windows'],
    [
      {
        Schedule: { TimeZone: 'UTC', Windows: [{ Days: [], Start: '06:00', End: '07:00' }], Action: 'STOP' },
      },
      'days',
    ],
  ])('%j is refused, and the message names %s', async (policy, member) => {
    const world = await service.shared();
    const { status, Message } = (await put(world, policy)) as Json;
    expect([status, Message]).toEqual([400, expect.stringContaining(member)]);
  });

  test('of what is not there is not found; one that goes with its subject does not come back with the next', async () => {
    const world = await service.open();
    expect((await put(world, {})).status).toBe(404);
    await world.trained();
    expect((await put(world, {}, '/projects/parts/models/7/hostingpolicy')).status).toBe(404);
    expect((await send(world, '/projects/parts/models/7/hostingpolicy')).status).toBe(404);
  });
});

describe('a lease', () => {
  test('ends a run no later than a sweep after it, with an actor, a reason and a message', async () => {
    const world = await service.open();
    const model = await hosted(world);
    await put(world, { MaxRunMinutes: 30 });
    const [run] = await world.deployments(model);
    expect(((await send(world, '/hostedmodels')) as Json)['HostedModels']).toMatchObject([
      {
        EndsBecause: 'LEASE',
        EndsBy: 'policy:project/parts',
        EndsTimestamp: ((run?.startedAt ?? 0) + 1_800_000) / 1000,
      },
    ]);
    await minutes(world, 32);
    expect(await world.describe(model)).toMatchObject({
      Status: 'TRAINED',
      StatusMessage:
        'Its lease of 30 minutes has ended. The model is not running. Call StartModel to start it.',
    });
    const ended = await lastRun(world, model);
    expect(ended).toMatchObject({ endReason: 'LEASE', endedBy: 'policy:project/parts' });
    expect((ended?.releasedAt ?? Infinity) - (run?.startedAt ?? 0)).toBeLessThanOrEqual(31 * 60_000);
    expect(ended?.timeline?.map(({ status, actor }) => [status, actor]).slice(2)).toEqual([
      ['STOPPING_HOSTING', 'policy:project/parts'],
      ['ENDED', 'policy:project/parts'],
    ]);
    await start(world, model); // a person's start gets a lease of its own
    await world.settle();
    await minutes(world, 20);
    expect(await statusOf(world, model)).toBe('HOSTED');
  });

  test('of the stage holds where nobody says otherwise, and is switched off by 0', async () => {
    const world = await service.open({ settings: { hostingPolicy: { MaxRunMinutes: 10 } } });
    const model = await hosted(world);
    await put(world, { MaxRunMinutes: 0 }, ofModel);
    await minutes(world, 15);
    expect(await statusOf(world, model)).toBe('HOSTED');
    await send(world, ofModel, {}, 'DELETE');
    await minutes(world, 2);
    expect(await lastRun(world, model)).toMatchObject({ endReason: 'LEASE', endedBy: 'policy:stage' });
  });

  test('ends a run although the engine does not answer, and stops no other run', async () => {
    const world = await service.open();
    const model = await hosted(world);
    await put(world, { MaxRunMinutes: 5 });
    world.engine.before = (call) => {
      if (call === 'observe') throw new Error('no answer');
    };
    await minutes(world, 6);
    expect(await statusOf(world, model)).toBe('STOPPING_HOSTING');
    world.engine.before = () => undefined;
    await world.sweepAfter(1800);
    expect(await lastRun(world, model)).toMatchObject({ endReason: 'LEASE' });
    const { runId } = { runId: (await world.deployments(model))[0]?.id ?? '' };
    await start(world, model);
    await world.settle();
    const cause = { reason: 'LEASE', message: 'Late.' } as const;
    expect(
      await world.context.models.stop(
        { project: 'parts', version: '1', runId },
        { actor: 'policy:stage', cause },
      ),
    ).toBe(false);
    expect(await statusOf(world, model)).toBe('HOSTED');
  });
});

describe('an idle stop', () => {
  test('counts from the last picture, which is noted once a minute and no more', async () => {
    const world = await service.open();
    const model = await hosted(world);
    await put(world, { IdleStopMinutes: 10 });
    await minutes(world, 8);
    const before = world.dynamo.passed.length;
    for (let picture = 0; picture < 20; picture += 1) await detect(world, model);
    const notes = world.dynamo.passed.slice(before).filter(({ operation }) => operation.includes('Update'));
    expect(notes).toHaveLength(1);
    await minutes(world, 10);
    expect(await statusOf(world, model)).toBe('HOSTED');
    await minutes(world, 3);
    expect(await lastRun(world, model)).toMatchObject({ endReason: 'IDLE', lastUsedAt: expect.any(Number) });
    expect(await world.describe(model)).toMatchObject({
      StatusMessage: expect.stringContaining('not used for 10 minutes'),
    });
  });
});

describe('a schedule', () => {
  const noon = Date.parse('2026-01-15T12:00:00Z');

  test('stops at the end of a window and starts at the next with the same units; a person wins until then', async () => {
    const world = await service.open({ now: noon });
    const model = await world.trained();
    await start(world, model, { MinInferenceUnits: 2, MaxInferenceUnits: 3 });
    await world.settle();
    await put(world, { Schedule: shift('06:00', '13:00') });
    await minutes(world, 62);
    expect(await lastRun(world, model)).toMatchObject({
      endReason: 'SCHEDULE',
      endedBy: 'policy:project/parts',
    });
    expect(await statusOf(world, model)).toBe('TRAINED');
    await world.sweepAfter(17 * 3600 - 120);
    await minutes(world, 4);
    expect(await statusOf(world, model)).toBe('HOSTED');
    expect(await lastRun(world, model)).toMatchObject({
      startedBy: 'policy:project/parts',
      units: { min: 2, max: 3 },
    });
    await stop(world, model);
    await world.settle();
    await minutes(world, 10);
    expect(await statusOf(world, model)).toBe('TRAINED'); // what somebody has stopped stays so
    await world.sweepAfter(10 * 3600);
    await start(world, model); // between two windows
    await world.settle();
    await minutes(world, 30);
    expect(await statusOf(world, model)).toBe('HOSTED');
  });

  test('of a model starts that model, also one that never ran, and tries again while it is refused', async () => {
    const world = await service.open({ now: noon });
    const model = await world.trained();
    const others = [await world.trained('lids'), await world.trained('lids')];
    for (const other of others) await start(world, other);
    await world.settle();
    await put(world, { Schedule: shift('12:10', '20:00', 'START') }, ofModel);
    await minutes(world, 12);
    expect(await statusOf(world, model)).toBe('TRAINED');
    expect(world.logged.some((line) => line.includes('policy.refused'))).toBe(true);
    await stop(world, others[0] as Named);
    await world.settle();
    await minutes(world, 7);
    expect(await statusOf(world, model)).toBe('HOSTED');
    expect(await lastRun(world, model)).toMatchObject({
      startedBy: 'policy:model/parts/1',
      units: { min: 1 },
    });
  });

  test('does not open a window before its time when a host looks at everything that is due at some time', async () => {
    const world = await service.open({ now: noon });
    const model = await world.trained();
    await put(world, { Schedule: shift('18:00', '20:00') }, ofModel);
    const { restore } = await import('../../lambdas/local/restore.ts');
    await restore(world.context);
    await world.settle();
    expect(await statusOf(world, model)).toBe('TRAINED');
    await world.sweepAfter(6 * 3600 + 60);
    expect(await statusOf(world, model)).toBe('HOSTED');
  });
});

describe('a budget', () => {
  test('that is used up stops what runs, within a sweep, and refuses starts until the next month', async () => {
    const world = await service.open({ now: Date.parse('2026-01-31T20:00:00Z') });
    const model = await world.trained();
    await start(world, model, { MinInferenceUnits: 2 });
    await world.settle();
    await put(world, { MonthlyUnitHours: 1, OnBudget: 'STOP' });
    await minutes(world, 32);
    expect(await lastRun(world, model)).toMatchObject({
      endReason: 'BUDGET',
      endedBy: 'policy:project/parts',
    });
    const { Usage } = (await send(world, '/usage')) as unknown as { Usage: { UnitMinutes: number }[] };
    expect(Usage[0]?.UnitMinutes).toBeLessThanOrEqual(60 + 4);
    await expect(start(world, model)).rejects.toMatchObject({
      name: 'ServiceQuotaExceededException',
      QuotaCode: 'MONTHLY_UNIT_HOURS',
    });
    expect(await send(world, ofProject)).toMatchObject({
      BudgetExhaustedUntil: Date.parse('2026-02-01T00:00:00Z') / 1000,
    });
    world.clock.advance(4 * 3600);
    await start(world, model);
    await world.settle();
    expect(await statusOf(world, model)).toBe('HOSTED');
  });

  test('that refuses lets run what runs; a higher one lets start at once', async () => {
    const world = await service.open({ now: Date.parse('2026-01-10T20:00:00Z') });
    const model = await hosted(world);
    await minutes(world, 61);
    await put(world, { MonthlyUnitHours: 1, OnBudget: 'REFUSE' }, ofModel);
    await minutes(world, 2);
    expect(await statusOf(world, model)).toBe('HOSTED');
    await stop(world, model);
    await world.settle();
    await expect(start(world, model)).rejects.toMatchObject({ QuotaCode: 'MONTHLY_UNIT_HOURS' });
    await put(world, { MonthlyUnitHours: 2, OnBudget: 'REFUSE' }, ofModel);
    await start(world, model);
    await world.settle();
    expect(await statusOf(world, model)).toBe('HOSTED');
  });
});

describe('a model that may be waked', () => {
  test('is started by the next picture, which is told to try again until it serves', async () => {
    const world = await service.open();
    const model = await hosted(world);
    await put(world, { MaxRunMinutes: 5, WakeOnDetect: true });
    await minutes(world, 7);
    expect(await statusOf(world, model)).toBe('TRAINED');
    const refused = (await detect(world, model).catch((error: unknown) => error)) as ThrottlingException;
    expect(refused).toMatchObject({ name: 'ThrottlingException', RetryAfterSeconds: 10 });
    await expect(detect(world, model)).rejects.toMatchObject({ name: 'ThrottlingException' });
    await world.sweepAfter(1);
    expect((await detect(world, model)).DetectAnomalyResult?.IsAnomalous).toBe(true);
    expect(await lastRun(world, model)).toMatchObject({ startedBy: 'policy:wake' });
  });

  test('is not waked where somebody stopped it, and is asked for no more when there is no room', async () => {
    const world = await service.open();
    const model = await hosted(world);
    await put(world, { MaxRunMinutes: 5, WakeOnDetect: true }, ofModel);
    await minutes(world, 7);
    const others = [await world.trained(), await world.trained()];
    for (const other of others) await start(world, other);
    await world.settle();
    await expect(detect(world, model)).rejects.toMatchObject({ name: 'ThrottlingException' });
    await world.sweepAfter(1);
    expect((await rowOf(world, model)).dueAt).toBeUndefined();
    for (const other of others) await stop(world, other);
    await world.settle();
    await start(world, model);
    await world.settle();
    await stop(world, model);
    await world.settle();
    await expect(detect(world, model)).rejects.toMatchObject({ name: 'ConflictException' });
  });
});
