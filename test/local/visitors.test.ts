import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { AccessKey } from '../../lambdas/local/environment.ts';
import { TestDynamo } from '../helpers/dynamo.ts';
import { World } from '../helpers/world.ts';

const key: AccessKey = {
  accessKeyId: 'K',
  secretAccessKey: 'S',
  name: 'n',
  actions: ['*'],
  projects: ['*'],
  buckets: ['*'],
};
let dynamo: TestDynamo;
let open: World;
let signed: World;

beforeAll(async () => {
  dynamo = await TestDynamo.start();
  open = await World.open(dynamo);
  signed = await World.open(dynamo, { keys: [key] });
});
afterAll(() => dynamo.close());

/**
 * As it goes over the wire: a client of ours would not let us choose these headers. @returns status and
 * message
 */
async function ask(world: World, head: string, body = ''): Promise<[status: number, message: string]> {
  const { hostname, port } = new URL(world.url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  socket.write(
    `${head.replaceAll('PORT', port).split('\n').join('\r\n')}\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
  );
  let answer = '';
  for await (const chunk of socket.setEncoding('utf8')) answer += String(chunk);
  const { Message = '' } = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4)) as { Message?: string };
  return [Number(answer.split(' ')[1]), Message];
}

const list = 'GET /2020-11-20/projects HTTP/1.1';
const create = 'POST /2020-11-20/projects HTTP/1.1';
const foreign =
  'The Host header must be localhost or 127.0.0.1: others may call only where they must sign (CROWSNEST_KEYS).';
const page = 'Requests from web pages are refused: this request has an Origin header.';

describe('without keys', () => {
  test.each(['127.0.0.1:PORT', 'localhost:PORT', 'LOCALHOST', '127.0.0.1', '[::1]:PORT'])(
    'this machine may call itself %s',
    async (host) => {
      expect(await ask(open, `${list}\nHost: ${host}`)).toEqual([200, '']);
    },
  );

  test.each([
    'example.com',
    'example.com:PORT',
    '127.0.0.1.example.com:PORT',
    'localhost.example.com',
    'localhost@example.com',
    '192.168.1.7:PORT',
    '',
  ])('a name that was made to point here is refused: %j', async (host) => {
    expect(await ask(open, `${list}\nHost: ${host}`)).toEqual([403, foreign]);
  });

  test('a web page is refused, whatever it calls this machine, and nothing came of its request', async () => {
    const body = '{"ProjectName":"evil"}';
    for (const origin of ['https://example.com', 'http://127.0.0.1:1', 'http://localhost:PORT', 'null', '']) {
      expect(await ask(open, `${create}\nHost: 127.0.0.1:PORT\nOrigin: ${origin}`, body)).toEqual([
        403,
        page,
      ]);
    }
    expect(await open.store.projects.get('evil')).toBeUndefined();
  });

  test('a page that asks whether it may ask learns nothing', async () => {
    const response = await fetch(`${open.url}/2020-11-20/projects`, {
      method: 'OPTIONS',
      headers: { 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' },
    });
    expect(response.status).toBe(405);
    expect([...response.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
  });
});

describe('with keys', () => {
  test('any name will do, because the signature covers it', async () => {
    expect(await ask(signed, `${list}\nHost: crowsnest.factory.example`)).toEqual([
      403,
      expect.stringMatching(/^The request must be signed/),
    ]);
  });

  test('a web page is refused still', async () => {
    expect(
      await ask(signed, `${list}\nHost: crowsnest.factory.example\nOrigin: https://example.com`),
    ).toEqual([403, page]);
  });
});

test('what is not HTTP is told so', async () => {
  expect(await ask(open, 'HELO there')).toEqual([400, 'The request is not valid HTTP.']);
});
