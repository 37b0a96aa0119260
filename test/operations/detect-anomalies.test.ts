import { Readable } from 'node:stream';
import { expect, jest, test } from '@jest/globals';
import { localLimits } from '../../lambdas/domain/settings.ts';
import { DetectAnomaliesCommand, StartModelCommand, StopModelCommand } from '@aws-sdk/client-lookoutvision';
import { EngineBusy, type Observation } from '../../lambdas/engines/engine.ts';
import { PictureRefused } from '../../lambdas/domain/verdict.ts';
import { conflict, invalid, refusal } from '../helpers/refusal.ts';
import { testService } from '../helpers/service.ts';
import type { World, WorldOptions } from '../helpers/world.ts';

const service = testService();

const model = { ProjectName: 'parts', ModelVersion: '1' };
const latest = { ProjectName: 'parts', ModelVersion: 'latest' };
const detect = (
  world: World,
  Body: Uint8Array | Readable = Buffer.from('picture'),
  ContentType = 'image/png',
  which = model,
) => world.client.send(new DetectAnomaliesCommand({ ...which, Body, ContentType }));
const start = (world: World, which = model) =>
  world.client.send(new StartModelCommand({ ...which, MinInferenceUnits: 1 }));

async function hosted(options?: WorldOptions): Promise<World> {
  const world = await service.open(options);
  await world.trained();
  await start(world);
  await world.settle();
  return world;
}

const reads = (world: World): number =>
  service.dynamo.passed.filter(({ table, operation }) => table === world.tableName && operation === 'GetItem')
    .length;

test('a classification has neither anomalies nor a mask; a segmentation has both', async () => {
  const world = await hosted();
  const classified = await detect(world);
  expect(classified.$metadata.httpStatusCode).toBe(200);
  expect(classified.DetectAnomalyResult).toEqual({
    Source: { Type: 'direct' },
    IsAnomalous: true,
    Confidence: 0.9700000286102295,
  });
  const mask = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 255]);
  world.engine.verdict = {
    isAnomalous: false,
    confidence: 0.9996867775917053,
    mask,
    anomalies: [
      { name: 'background', area: 0.75, color: '#FFFFFF' },
      { name: 'crack', area: 0.25, color: '#23A436' },
    ],
  };
  const { DetectAnomalyResult: segmented } = await detect(world);
  expect(segmented).toMatchObject({
    IsAnomalous: false,
    Confidence: 0.9996867775917053,
    Anomalies: [
      { Name: 'background', PixelAnomaly: { TotalPercentageArea: 0.75, Color: '#FFFFFF' } },
      { Name: 'crack', PixelAnomaly: { TotalPercentageArea: 0.25, Color: '#23A436' } },
    ],
  });
  expect([...(segmented?.AnomalyMask ?? [])]).toEqual([...mask]);
});

test('the picture arrives as it was sent, whole or in chunks, under its type', async () => {
  const world = await hosted();
  const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 256));
  const seen: { equal: boolean; type: string }[] = [];
  const verdict = world.engine.detect.bind(world.engine);
  world.engine.detect = (ref, picture, type) => {
    seen.push({ equal: Buffer.compare(picture, bytes) === 0, type });
    return verdict(ref, picture, type);
  };
  await detect(world, bytes, 'image/jpeg');
  await detect(
    world,
    Readable.from([bytes.subarray(0, 1), bytes.subarray(1, 200_000), bytes.subarray(200_000)]),
    'IMAGE/PNG; charset=binary',
  );
  expect(seen).toEqual([
    { equal: true, type: 'image/jpeg' },
    { equal: true, type: 'image/png' },
  ]);
});

test.each(['image/gif', 'application/octet-stream', 'image/*', 'png'])('%s is refused', async (type) => {
  const world = await service.open();
  expect(await refusal(detect(world, undefined, type))).toEqual(
    invalid(
      "1 validation error detected: Value at 'contentType' failed to satisfy constraint: Member must satisfy enum value set: [image/png, image/jpeg]",
    ),
  );
});

test('no type and no picture are told', async () => {
  const world = await service.open();
  const bare = await fetch(`${world.url}/2020-11-20/projects/parts/models/1/detect`, {
    method: 'POST',
    body: Buffer.from('x'),
  });
  expect(await bare.json()).toMatchObject({
    Message:
      "1 validation error detected: Value null at 'contentType' failed to satisfy constraint: Member must not be null",
  });
  expect(await refusal(detect(world, Buffer.alloc(0)))).toEqual(
    invalid('The picture is empty. Send the bytes of a PNG or JPEG file as the body.'),
  );
});

test('a picture of exactly the limit is taken; a larger one is refused by name and number, whether its length was announced or not', async () => {
  const world = await hosted({ settings: { limits: { ...localLimits, picture: 1000, body: 500 } } });
  expect(await detect(world, Buffer.alloc(1000))).toHaveProperty('DetectAnomalyResult');
  const tooLarge = invalid(
    'The picture is larger than the 1000 bytes that this deployment takes. Send a smaller one.',
  );
  expect(await refusal(detect(world, Buffer.alloc(1001)))).toEqual(tooLarge);
  // the client tells that it will not send a stream twice
  const warned = jest.spyOn(console, 'warn').mockReturnValue();
  expect(await refusal(detect(world, Readable.from([Buffer.alloc(600), Buffer.alloc(600)])))).toEqual(
    tooLarge,
  );
  warned.mockRestore();
});

test('what the engine says of a picture is for the caller', async () => {
  const world = await hosted();
  world.engine.before = (call) => {
    if (call === 'detect')
      throw new PictureRefused('The picture is 65 x 64 pixels; this model takes 64 x 64.');
  };
  expect(await refusal(detect(world))).toEqual(
    invalid('The picture is 65 x 64 pixels; this model takes 64 x 64.'),
  );
});

test('a busy engine: 429, and when to come again', async () => {
  const world = await hosted();
  world.engine.before = (call) => {
    if (call === 'detect') throw new EngineBusy('Every unit is at work.', 2);
  };
  expect(await refusal(detect(world))).toEqual({
    name: 'ThrottlingException',
    status: 429,
    message: 'Every unit is at work.',
    RetryAfterSeconds: 2,
  });
});

test('a failure of the engine is ours', async () => {
  const world = await hosted();
  world.engine.before = (call) => {
    if (call === 'detect') throw new Error('segmentation fault at 0x0');
  };
  expect(await refusal(detect(world))).toEqual({
    name: 'InternalServerException',
    status: 500,
    message: 'Crowsnest could not process the request. Try your call again.',
  });
});

test('a model that does not run: 409, with its status; one that is not there: 404', async () => {
  const world = await service.open();
  await world.trained();
  const refused = (status: string, advice: string) =>
    conflict(
      'parts/1',
      `Model version 1 of project parts cannot detect anomalies while its status is ${status}. ${advice}`,
    );
  expect(await refusal(detect(world))).toEqual(
    refused('TRAINED', 'Call StartModel, and wait until it is HOSTED.'),
  );
  world.engine.born = { state: 'creating' };
  await start(world);
  expect(await refusal(detect(world))).toEqual(refused('STARTING_HOSTING', 'Wait until it is HOSTED.'));
  expect(
    await refusal(detect(world, undefined, undefined, { ProjectName: 'parts', ModelVersion: '2' })),
  ).toMatchObject({ status: 404, ResourceType: 'MODEL' });
  expect(
    await refusal(detect(world, undefined, undefined, { ProjectName: 'nowhere', ModelVersion: 'latest' })),
  ).toMatchObject({ status: 404, ResourceType: 'PROJECT' });
});

test('a model that is not hosted is looked up every time, for it may be at any moment', async () => {
  const world = await service.open();
  await world.trained();
  world.engine.born = { state: 'creating' } satisfies Observation;
  await start(world);
  await refusal(detect(world));
  const [deployment] = await world.deployments(model);
  world.engine.resources.set(deployment?.id ?? '', { state: 'ready' });
  await world.settle();
  expect(await detect(world)).toHaveProperty('DetectAnomalyResult');
});

test('a hosted model is looked up every five seconds', async () => {
  const world = await hosted();
  await detect(world);
  const before = reads(world);
  world.clock.advance(4.9);
  await detect(world);
  expect(reads(world)).toBe(before);
  world.clock.advance(0.1);
  await detect(world);
  expect(reads(world)).toBe(before + 1);
});

test('a model that was stopped and started since is looked up again, at once, and served', async () => {
  const world = await hosted();
  await detect(world);
  await world.client.send(new StopModelCommand(model));
  await world.settle();
  await start(world);
  await world.settle();
  const before = reads(world);
  expect(await detect(world)).toHaveProperty('DetectAnomalyResult');
  expect(reads(world)).toBe(before + 1);
});

test('a model that was stopped since is told to be', async () => {
  const world = await hosted();
  await detect(world);
  await world.client.send(new StopModelCommand(model));
  await world.settle();
  expect(await refusal(detect(world))).toMatchObject({ name: 'ConflictException', ResourceId: 'parts/1' });
});

test('an engine that has lost what should be hosted: 409 after one more look, and the status says so shortly', async () => {
  const world = await hosted();
  await detect(world);
  const [deployment] = await world.deployments(model);
  world.engine.vanish(deployment?.id ?? '');
  const detects = world.engine.count('detect');
  expect(await refusal(detect(world))).toEqual(
    conflict(
      'parts/1',
      'Model version 1 of project parts is not served by its engine just now. Its status will say so shortly.',
    ),
  );
  expect(world.engine.count('detect')).toBe(detects + 2);
  await world.sweepAfter(61);
  await world.sweepAfter(61);
  expect(await world.describe(model)).toMatchObject({ Status: 'HOSTING_FAILED' });
});

test('"latest" is the highest version that is hosted; while its engine is maintained it serves', async () => {
  const world = await hosted();
  await world.trained();
  const [deployment] = await world.deployments(model);
  world.engine.resources.set(deployment?.id ?? '', { state: 'updating' });
  await world.sweepAfter(61);
  expect(await world.describe(model)).toMatchObject({ Status: 'SYSTEM_UPDATING' });
  await detect(world, undefined, undefined, latest);
  expect(world.engine.calls.at(-1)).toBe(`detect ${deployment?.id}`);
});
