import { connect } from 'node:net';
import { once } from 'node:events';
import { expect, test } from '@jest/globals';
import { localLimits } from '../../lambdas/domain/settings.ts';
import { CreateProjectCommand } from '@aws-sdk/client-lookoutvision';
import { refusal } from '../helpers/refusal.ts';
import { testService } from '../helpers/service.ts';
import type { World } from '../helpers/world.ts';

// What comes over a socket when it does not come from a client that behaves.

const service = testService();

/**
 * Sends bytes as they are, and gives what comes back until the server is done, or `after` milliseconds after
 * the last of it. A busy machine may take long until the first byte.
 */
async function raw(world: World, bytes: string | Buffer, { end = false, after = 700 } = {}): Promise<string> {
  const { hostname, port } = new URL(world.url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  let answer = '';
  socket.setTimeout(30_000, () => socket.destroy());
  socket
    .on('data', (chunk: Buffer) => {
      answer += chunk.toString();
      socket.setTimeout(after);
    })
    .on('error', () => undefined);
  socket.write(bytes);
  if (end) socket.end();
  await once(socket, 'close');
  return answer;
}

const path = '/2020-11-20/projects/parts/models/1/start';
const post = (more: string, body: string): string =>
  `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${more}\r\n${body}`;
const limits = { settings: { limits: { ...localLimits, picture: 5000, body: 1000 } } };
const tooLarge =
  'The request body is larger than the 1000 bytes that this deployment takes. Send a smaller one.';

/** The server still serves. */
async function alive(world: World): Promise<void> {
  expect(await refusal(world.client.send(new CreateProjectCommand({ ProjectName: '-' })))).toMatchObject({
    name: 'ValidationException',
  });
}

test('a body of exactly the limit is read; a larger one is refused, announced or not, before it has come', async () => {
  const world = await service.open(limits);
  const body = `{"MinInferenceUnits":1,"Padding":"${'x'.repeat(1000)}`.slice(0, 998) + '"}';
  expect(body).toHaveLength(1000);
  expect(await raw(world, post('Content-Length: 1000\r\n', body))).toMatch(/^HTTP\/1\.1 404 /);
  const announced = await raw(world, post('Content-Length: 1001\r\n', ''));
  expect(announced).toMatch(/^HTTP\/1\.1 400 /);
  expect(announced).toContain(tooLarge);
  expect(announced).toMatch(/\r\nConnection: close\r\n/);
  const chunk = `200\r\n${'x'.repeat(512)}\r\n`;
  const chunked = await raw(world, post('Transfer-Encoding: chunked\r\n', chunk + chunk));
  expect(chunked).toMatch(/^HTTP\/1\.1 400 /);
  expect(chunked).toContain(tooLarge);
  await alive(world);
});

test('whoever sends forty megabytes reads the answer all the same', async () => {
  const world = await service.open(limits);
  const response = await fetch(`${world.url}${path}`, {
    method: 'POST',
    body: Buffer.alloc(40_000_000, 'x'),
  });
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ Message: tooLarge });
});

test('a length that lies: too long, and the caller goes: nothing is carried out, and nobody is answered', async () => {
  const world = await service.open();
  await world.trained();
  expect(
    await raw(world, post('Content-Length: 500\r\n', '{"MinInferenceUnits":1}'), { end: true }),
  ).not.toContain('202');
  expect(
    await raw(world, post('Transfer-Encoding: chunked\r\n', '17\r\n{"MinInferenceUnits":1}'), { end: true }),
  ).not.toContain('202');
  expect(await world.describe({ ProjectName: 'parts', ModelVersion: '1' })).toMatchObject({
    Status: 'TRAINED',
  });
  await alive(world);
});

test('a length that lies: too short, and the rest is garbage on the same connection', async () => {
  const world = await service.open();
  const answers = await raw(world, post('Content-Length: 2\r\n', '{}garbage garbage\r\n\r\n'));
  expect(answers).toMatch(/The request is not valid HTTP\."\}$/);
  await alive(world);
});

const malformed = ['400 Bad Request', 'ValidationException', 'The request is not valid HTTP.'] as const;

test.each([
  ['no HTTP', 'hello\r\n\r\n', malformed],
  ['TLS', Buffer.from('16030100a5010000a10303', 'hex'), malformed],
  ['a header without a name', 'GET / HTTP/1.1\r\n: x\r\n\r\n', malformed],
  ['two lengths', post('Content-Length: 2\r\nContent-Length: 3\r\n', '{}'), malformed],
  [
    'a length and chunks',
    post('Content-Length: 2\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'),
    malformed,
  ],
  ['a length that is no number', post('Content-Length: two\r\n', '{}'), malformed],
  ['a chunk of no length', post('Transfer-Encoding: chunked\r\n', 'zz\r\n'), malformed],
  [
    'headers without end',
    `GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ${'x'.repeat(40_000)}\r\n`,
    [
      '431 Request Header Fields Too Large',
      'ValidationException',
      'The headers of the request are larger than the 32768 bytes that are read of them.',
    ],
  ],
  [
    'a chunk extension without end',
    post('Transfer-Encoding: chunked\r\n', `2;${'x'.repeat(20_000)}\r\n{}\r\n`),
    [
      '413 Payload Too Large',
      'ValidationException',
      'The chunk extensions of the request are larger than the 16384 bytes that are read of them.',
    ],
  ],
  [
    'a coding that is not read',
    post('Transfer-Encoding: gzip\r\n', ''),
    [
      '400 Bad Request',
      'ValidationException',
      'The body must come as it is or in chunks: the last Transfer-Encoding must be chunked.',
    ],
  ],
  [
    'an expectation',
    post('Expect: a-miracle\r\nContent-Length: 0\r\n', ''),
    ['417 Expectation Failed', 'ValidationException', 'The Expect header may only be 100-continue.'],
  ],
  [
    'a tunnel',
    'CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n',
    [
      '405 Method Not Allowed',
      'UnknownOperationException',
      'No operation of this service has this method and path.',
    ],
  ],
] as [string, string | Buffer, readonly [string, string, string]][])(
  "garbage (%s) is answered in the service's own form by what it is, logged, and harms nobody",
  async (_name, bytes, [status, type, message]) => {
    const world = await service.shared();
    world.logged.splice(0);
    const answer = await raw(world, bytes);
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status}\\r\\n`));
    expect(answer).toMatch(new RegExp(`\\r\\nx-amzn-errortype: ${type}\\r\\n`, 'i'));
    expect(answer).toContain(`{"__type":"com.amazonaws.lookoutvision#${type}","Message":"${message}"}`);
    expect(JSON.stringify(world.logged)).toContain('transport.refused');
    await alive(world);
  },
);

test('two requests in a row on one connection are two answers, in order', async () => {
  const world = await service.shared();
  const one = 'GET /2020-11-20/projects/one HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n';
  const answers = await raw(world, one + one.replace('/one', '/two'));
  expect(answers.match(/Project \w+ was not found/g)).toEqual([
    'Project one was not found',
    'Project two was not found',
  ]);
});

test('a header that comes twice is no token', async () => {
  const world = await service.shared();
  const answer = await raw(
    world,
    post(
      'X-Amzn-Client-Token: a\r\nX-Amzn-Client-Token: b\r\nContent-Length: 23\r\n',
      '{"MinInferenceUnits":1}',
    ),
  );
  expect(answer).toContain("Value 'a, b' at 'clientToken' failed to satisfy constraint");
});

test('web pages are kept out', async () => {
  const world = await service.shared();
  const answer = async (headers: string): Promise<string> =>
    raw(world, `GET /2020-11-20/projects HTTP/1.1\r\n${headers}\r\n`);
  expect(await answer('Host: 127.0.0.1\r\n')).toMatch(/^HTTP\/1\.1 200 /);
  expect(await answer('Host: localhost:8080\r\n')).toMatch(/^HTTP\/1\.1 200 /);
  for (const headers of [
    'Host: 127.0.0.1\r\nOrigin: https://example.com\r\n',
    'Host: rebound.example.com\r\n',
    'Host: 127.0.0.1\r\nOrigin: null\r\n',
  ]) {
    expect(await answer(headers)).toMatch(/^HTTP\/1\.1 403 [\s\S]*x-amzn-ErrorType: AccessDeniedException/);
  }
});
