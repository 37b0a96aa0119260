import { connect } from 'node:net';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { TestDynamo } from '../helpers/dynamo.ts';
import { World } from '../helpers/world.ts';

let dynamo: TestDynamo;
let world: World;

beforeAll(async () => {
  dynamo = await TestDynamo.start();
  world = await World.open(dynamo);
  await world.trained();
});
afterAll(() => dynamo.close());

async function wire(
  text: string,
): Promise<{ readonly status: number; readonly type: string; readonly message: string }> {
  const socket = connect(Number(new URL(world.url).port), '127.0.0.1');
  await once(socket, 'connect');
  socket.end(text.replaceAll('\n', '\r\n'));
  let answer = '';
  for await (const chunk of socket.setEncoding('latin1')) answer += String(chunk);
  const { __type, Message } = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4)) as {
    __type: string;
    Message: string;
  };
  return { status: Number(answer.split(' ')[1]), type: __type, message: Message };
}

test("what node would refuse in words of its own is refused in the service's", async () => {
  expect(
    await wire(
      'POST /2020-11-20/projects HTTP/1.1\nHost: 127.0.0.1\nExpect: a-miracle\nContent-Length: 0\nConnection: close\n\n',
    ),
  ).toEqual({
    status: 417,
    type: 'com.amazonaws.lookoutvision#ValidationException',
    message: 'The Expect header may only be 100-continue.',
  });
  expect(await wire('GET /2020-11-20/projects HTTP/1.1\nConnection: close\n\n')).toMatchObject({
    status: 403,
    type: 'com.amazonaws.lookoutvision#AccessDeniedException',
  });
});

test('an answer to HEAD has no body, not even to one that is no HTTP', async () => {
  const socket = connect(Number(new URL(world.url).port), '127.0.0.1');
  await once(socket, 'connect');
  socket.end('HEAD /2020-11-20/projects HTTP/1.1\r\nHost: 127.0.0.1\r\nX\u0000: a\r\n\r\n');
  let answer = '';
  for await (const chunk of socket.setEncoding('latin1')) answer += String(chunk);
  expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  expect(answer.slice(answer.indexOf('\r\n\r\n') + 4)).toBe('');
});

test('whatever a caller sends, one event is one line of the log, and secrets and bodies are in none', async () => {
  world.logged.splice(0);
  const forged = '\n{"time":"2026-01-01T00:00:00.000Z","level":"info","message":"all is well"}\r\u2028\u0007';
  const secret = 'dont-log-me';
  await fetch(`${world.url}/2020-11-20/projects/${encodeURIComponent(`parts${forged}`)}/models/1`, {
    headers: { authorization: `AWS4-HMAC-SHA256 ${secret}` },
  });
  await world.post(
    '/2020-11-20/projects',
    { ProjectName: forged, Password: secret },
    { 'x-amzn-client-token': secret },
  );
  await world.post(
    '/2020-11-20/projects/parts/models/9/start',
    { MinInferenceUnits: 1 },
    { 'x-amzn-client-token': secret },
  );
  await fetch(`${world.url}/2020-11-20/projects/parts/models/1/detect`, {
    method: 'POST',
    headers: { 'content-type': 'image/png' },
    body: secret,
  });
  expect(world.logged.length).toBeGreaterThanOrEqual(4);
  for (const line of world.logged) {
    expect(line).not.toMatch(/[\r\n]/);
    expect(JSON.parse(line)).not.toMatchObject({ message: 'all is well' });
    expect(line).not.toContain(secret);
  }
});
