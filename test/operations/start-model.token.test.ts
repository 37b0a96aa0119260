import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { expect, test } from '@jest/globals';
import { LookoutVisionClient, StartModelCommand, StopModelCommand } from '@aws-sdk/client-lookoutvision';
import { invalid, refusal } from '../helpers/refusal.ts';
import { testService } from '../helpers/service.ts';
import type { World } from '../helpers/world.ts';

// What the page "StartModel" says of ClientToken, "an idempotency token that ensures a call to StartModel
// completes only once".

const service = testService();

type ModelName = { ProjectName: string; ModelVersion: string };
const start = (world: World, model: ModelName, ClientToken: string, more: object = {}) =>
  world.client.send(new StartModelCommand({ ...model, MinInferenceUnits: 1, ClientToken, ...more }));

/** Runs of the model so far: what a call that completes twice would make two of. */
const runs = async (world: World, model: ModelName): Promise<number> =>
  (await world.deployments(model)).length;

async function stopped(world: World, model: ModelName): Promise<void> {
  await world.settle();
  await world.client.send(new StopModelCommand(model));
  await world.settle();
}

const otherParameters = invalid(
  'The client token was used before with other parameters. A token names one call: repeat that call unchanged, or choose another token.',
);

test('"safely retry your call to StartModel by using the same ClientToken": nothing is started twice', async () => {
  const world = await service.open();
  const model = await world.trained();
  await start(world, model, 'one');
  await start(world, model, 'one');
  await world.settle();
  await start(world, model, 'one');
  expect(await runs(world, model)).toBe(1);
  expect(await world.executions()).toHaveLength(2); // the import, and one start
  expect(world.engine.count('create')).toBe(1);
});

test('"An error occurs if the other input parameters are not the same as in the first request"', async () => {
  const world = await service.open();
  const model = await world.trained();
  const other = await world.trained();
  await start(world, model, 'one');
  expect(await refusal(start(world, model, 'one', { MinInferenceUnits: 2 }))).toEqual(otherParameters);
  expect(await refusal(start(world, model, 'one', { MaxInferenceUnits: 1 }))).toEqual(otherParameters);
  expect(await refusal(start(world, other, 'one'))).toEqual(otherParameters);
  expect(await refusal(start(world, { ...model, ProjectName: 'nowhere' }, 'one'))).toEqual(otherParameters);
  // not 402: the token comes first
  expect(await refusal(start(world, model, 'one', { MinInferenceUnits: 6 }))).toEqual(otherParameters);
  expect(await runs(world, other)).toBe(0);
});

test('parameters are compared as they were meant, not as they were written', async () => {
  const world = await service.open();
  await world.trained();
  const send = (body: string) =>
    fetch(`${world.url}/2020-11-20/projects/parts/models/1/start`, {
      method: 'POST',
      body,
      headers: { 'x-amzn-client-token': 'one' },
    });
  expect((await send('{"MinInferenceUnits":1,"MaxInferenceUnits":2}')).status).toBe(202);
  expect((await send('{ "MaxInferenceUnits": 2.0, "MinInferenceUnits": 1, "Unknown": true }')).status).toBe(
    202,
  );
  expect((await send('{"MinInferenceUnits":1,"MaxInferenceUnits":null}')).status).toBe(400);
});

test('"Using a different value for ClientToken is considered a new call"', async () => {
  const world = await service.open();
  const model = await world.trained();
  await start(world, model, 'one');
  await stopped(world, model);
  await start(world, model, 'one');
  expect(await runs(world, model)).toBe(1);
  await start(world, model, 'two');
  expect(await runs(world, model)).toBe(2);
});

test('a token on another operation is another token', async () => {
  const world = await service.open();
  const model = await world.trained();
  await start(world, model, 'one');
  await world.settle();
  expect(await world.client.send(new StopModelCommand({ ...model, ClientToken: 'one' }))).toMatchObject({
    Status: 'STOPPING_HOSTING',
  });
});

test('"An idempotency token is active for 8 hours", though its row may outlive it by days', async () => {
  const world = await service.open();
  const model = await world.trained();
  await start(world, model, 'one');
  await stopped(world, model);
  world.clock.advance(8 * 3600 - 1);
  await start(world, model, 'one');
  expect(await runs(world, model)).toBe(1);
  world.clock.advance(1);
  await start(world, model, 'one', { MinInferenceUnits: 2 }); // and other parameters are no matter
  expect(await runs(world, model)).toBe(2);
  await stopped(world, model);
  world.clock.advance(8 * 3600 - 1); // the eight hours began anew
  await start(world, model, 'one', { MinInferenceUnits: 2 });
  expect(await runs(world, model)).toBe(2);
});

test('only successes are remembered: what was refused may be asked again under the same token', async () => {
  const world = await service.open();
  const model = { ProjectName: 'parts', ModelVersion: '1' };
  expect(await refusal(start(world, model, 'one'))).toMatchObject({ status: 404 });
  expect(await refusal(start(world, model, 'one', { MinInferenceUnits: 6 }))).toMatchObject({ status: 402 });
  await world.trained();
  expect(await start(world, model, 'one')).toMatchObject({ Status: 'STARTING_HOSTING' });
});

test('with "latest" it is the version of the first call, whatever was imported since', async () => {
  const world = await service.open();
  const first = await world.trained();
  const latest = { ProjectName: 'parts', ModelVersion: 'latest' };
  await start(world, latest, 'one');
  await world.settle();
  const second = await world.trained();
  expect(await start(world, latest, 'one')).toMatchObject({ Status: 'HOSTED' });
  expect(await runs(world, first)).toBe(1);
  expect(await runs(world, second)).toBe(0);
});

test('"the AWS SDK you are using inserts a value for you. This prevents retries after a network error from making multiple start requests"', async () => {
  const world = await service.open();
  const model = await world.trained();
  const tokens: unknown[] = [];
  // On the way there is something that carries the first request and loses its answer.
  const wire = createServer((req, res) => {
    tokens.push(req.headers['x-amzn-client-token']);
    const lost = tokens.length === 1;
    const forward = request(
      `${world.url}${req.url ?? ''}`,
      { method: req.method, headers: req.headers },
      (answer) => {
        if (lost) return void answer.resume().on('end', () => req.socket.destroy());
        res.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(res);
      },
    );
    req.pipe(forward);
  });
  wire.listen(0, '127.0.0.1');
  await once(wire, 'listening');
  const client = new LookoutVisionClient({
    endpoint: `http://127.0.0.1:${(wire.address() as AddressInfo).port}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  try {
    const answer = await client.send(new StartModelCommand({ ...model, MinInferenceUnits: 1 }));
    expect(answer.$metadata.attempts).toBe(2);
    expect(['STARTING_HOSTING', 'HOSTED']).toContain(answer.Status);
    expect(tokens).toHaveLength(2);
    expect(tokens[0]).toMatch(/^[0-9a-f-]{36}$/);
    expect(tokens[1]).toBe(tokens[0]);
    expect(await runs(world, model)).toBe(1);
  } finally {
    client.destroy();
    wire.closeAllConnections();
    wire.close();
  }
});

test('a call without a token is a fresh call', async () => {
  const world = await service.open();
  await world.trained();
  const path = '/2020-11-20/projects/parts/models/1/start';
  expect((await world.post(path, { MinInferenceUnits: 1 })).status).toBe(202);
  expect((await world.post(path, { MinInferenceUnits: 1 })).status).toBe(409);
});

test('a script that starts and stops with one fixed token each does so once: later cycles are told the truth, and change nothing', async () => {
  const world = await service.open();
  const model = await world.trained();
  const stop = () => world.client.send(new StopModelCommand({ ...model, ClientToken: 'stop' }));
  expect((await start(world, model, 'start')).Status).toBe('STARTING_HOSTING');
  await world.settle();
  expect((await stop()).Status).toBe('STOPPING_HOSTING');
  await world.settle();

  // The second hour: the same two calls with the same two tokens are repetitions. TRAINED is no hosting status, so the
  // answer is the one that was remembered.
  expect((await start(world, model, 'start')).Status).toBe('STARTING_HOSTING');
  await world.settle();
  expect(await runs(world, model)).toBe(1);
  expect(await world.describe(model)).toMatchObject({ Status: 'TRAINED' });

  // Started by somebody else, the model is hosted, and the old stop stops nothing: its answer says HOSTED.
  await start(world, model, 'another');
  await world.settle();
  expect((await stop()).Status).toBe('HOSTED');
  await world.settle();
  expect(await world.describe(model)).toMatchObject({ Status: 'HOSTED' });
});
