import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from '@jest/globals';
import { ListProjectsCommand } from '@aws-sdk/client-lookoutvision';
import { testService } from '../helpers/service.ts';
import type { World } from '../helpers/world.ts';

// More connections than a host serves.

const service = testService();
const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

/** A server of two connections, and one more that is told why it is not served. */
const small = (): Promise<World> => service.open({ connections: { served: 2, answered: 1 } });

async function open({ url }: World): Promise<{
  readonly socket: Socket;
  readonly answer: () => string;
  readonly over: Promise<unknown>;
}> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  sockets.push(socket);
  let text = '';
  socket.on('error', () => undefined).on('data', (chunk: Buffer) => (text += chunk.toString()));
  const over = new Promise((resolve) => socket.once('close', resolve));
  await once(socket, 'connect');
  return { socket, answer: () => text, over };
}

const body = '{"ProjectName":"surplus"}';
const create =
  'POST /2020-11-20/projects HTTP/1.1\r\nHost: 127.0.0.1\r\n' +
  `Content-Length: ${body.length}\r\n\r\n${body}`;

test('one connection too many is answered 429, closed, and nothing that it asked for is done', async () => {
  const world = await small();
  const served = [await open(world), await open(world)];
  const surplus = await open(world);
  surplus.socket.write(create.repeat(3));
  await surplus.over;
  expect(surplus.answer()).toMatch(
    /^HTTP\/1\.1 429 [\s\S]*\r\nConnection: close\r\n[\s\S]*ThrottlingException/,
  );
  expect(surplus.answer().match(/HTTP\/1\.1/g)).toHaveLength(1);
  expect(JSON.stringify(world.logged)).toContain('tooManyConnections');

  for (const { socket, over } of served) {
    socket.destroy();
    await over;
  }
  await sleep(200); // there is room again, when the server has seen them go
  expect((await world.client.send(new ListProjectsCommand({}))).Projects).toEqual([]);
});

test('beyond those that are told why, connections are closed at once', async () => {
  const world = await small();
  for (let each = 0; each < 3; each += 1) await open(world);
  const beyond = await open(world);
  await beyond.over;
  expect(beyond.answer()).toBe('');
});
