import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { DetectAnomaliesCommand, ListProjectsCommand } from '@aws-sdk/client-lookoutvision';
import { answer, type DrainLimits } from '../../lambdas/http/early-answer.ts';
import { refusal } from '../helpers/refusal.ts';
import { testService } from '../helpers/service.ts';

// A body that is refused before it has come: its sender reads why, and can't keep the server reading for
// ever.

const service = testService();
const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

const tooLarge =
  'The picture is larger than the 8388608 bytes that this deployment takes. Send a smaller one.';
const path = '/2020-11-20/projects/parts/models/1/detect';
const head = (length: number): string =>
  `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: image/png\r\nContent-Length: ${length}\r\n\r\n`;

/** A client that goes on sending when the other side has closed its direction. */
async function open(
  port: number,
): Promise<{ readonly socket: Socket; readonly answer: () => string; readonly over: Promise<void> }> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  sockets.push(socket);
  await once(socket, 'connect');
  let text = '';
  socket
    .on('data', (chunk: Buffer) => {
      text += chunk.toString();
    })
    .on('error', () => undefined);
  return {
    socket,
    answer: () => text,
    over: new Promise((resolve) => {
      socket.once('close', () => resolve());
    }),
  };
}

/**
 * Sends as fast as the other side takes it, until there is no connection or `bytes` are sent. @returns how
 * many were
 */
async function gush(
  { socket, over }: Pick<Awaited<ReturnType<typeof open>>, 'socket' | 'over'>,
  bytes: number,
): Promise<number> {
  const chunk = Buffer.alloc(250_000);
  let sent = 0;
  while (!socket.destroyed && sent < bytes) {
    sent += chunk.length;
    if (!socket.write(chunk)) await Promise.race([once(socket, 'drain').catch(() => undefined), over]);
  }
  return sent;
}

test('the original client reads the refusal of twelve megabytes, forty times in a row, and its other calls are answered in between', async () => {
  const world = await service.open();
  const picture = {
    ProjectName: 'parts',
    ModelVersion: '1',
    ContentType: 'image/png',
    Body: Buffer.alloc(12_000_000),
  };
  for (let turn = 0; turn < 20; turn += 1) {
    const both = [0, 1].map(() => refusal(world.client.send(new DetectAnomaliesCommand(picture))));
    expect(await Promise.all(both)).toMatchObject(
      [0, 1].map(() => ({ name: 'ValidationException', message: tooLarge })),
    );
    expect((await world.client.send(new ListProjectsCommand())).Projects).toEqual([]);
  }
});

test('who reads only after sending all reads the refusal as well', async () => {
  const world = await service.open();
  const port = Number(new URL(world.url).port);
  for (let turn = 0; turn < 20; turn += 1) {
    const { socket, answer: read, over } = await open(port);
    socket.pause();
    socket.write(head(20_000_000));
    await gush({ socket, over }, 20_000_000);
    socket.resume().end();
    await over;
    expect(read()).toMatch(/^HTTP\/1\.1 400 /);
    expect(read()).toContain(tooLarge);
  }
});

test('a page that is turned away with a large body reads why', async () => {
  const world = await service.open();
  for (let turn = 0; turn < 10; turn += 1) {
    const response = await fetch(`${world.url}${path}`, {
      method: 'POST',
      body: Buffer.alloc(12_000_000),
      headers: { origin: 'http://evil.example' },
    });
    expect([response.status, response.headers.get('x-amzn-errortype')]).toEqual([
      403,
      'AccessDeniedException',
    ]);
  }
});

test('who never stops sending reads the refusal too, and is cut off after 64 MB', async () => {
  const world = await service.open();
  const { socket, answer: read, over } = await open(Number(new URL(world.url).port));
  socket.write(head(100_000_000_000));
  const sent = await gush({ socket, over }, 1_000_000_000);
  await over;
  expect(read()).toContain(tooLarge);
  expect(sent).toBeGreaterThan(64 * 1024 * 1024);
  expect(sent).toBeLessThan(100 * 1024 * 1024); // what was on its way when the connection went counts too
  expect((await world.client.send(new ListProjectsCommand())).Projects).toEqual([]);
});

const endless: DrainLimits = { bytes: 1e12, idle: 1e8, total: 1e8 };

/**
 * A server that refuses everything before it is read, so patiently. `forsaken` resolves when it has no
 * connection any more.
 */
async function refusing(
  limits: Partial<DrainLimits>,
): Promise<{ readonly port: number; readonly forsaken: () => Promise<void> }> {
  const server = createServer((req, res) =>
    answer(req, res, { status: 400, headers: {}, body: 'no' }, { ...endless, ...limits }),
  );
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    forsaken: async () => {
      const closed = once(server, 'close');
      server.close();
      await closed;
    },
  };
}

test('who falls silent is answered at once, and not waited for much longer', async () => {
  const { port, forsaken } = await refusing({ idle: 50 });
  const { socket, answer: read } = await open(port);
  socket.write(head(1000));
  await once(socket, 'end');
  expect(read()).toMatch(/^HTTP\/1\.1 400 [\s\S]*\r\nConnection: close\r\n[\s\S]*\r\n\r\nno$/);
  await forsaken();
});

test('who sends a byte now and then is not listened to for ever', async () => {
  const { port, forsaken } = await refusing({ total: 200 });
  const { socket, answer: read, over } = await open(port);
  socket.write(head(1_000_000));
  const trickle = setInterval(() => socket.write('x'), 10);
  await over.finally(() => clearInterval(trickle));
  expect(read()).toMatch(/^HTTP\/1\.1 400 /);
  await forsaken();
});

test('a connection whose body has come whole is let go, and one whose sender has gone too', async () => {
  const { port, forsaken } = await refusing({});
  const whole = await open(port);
  whole.socket.write(head(5));
  await once(whole.socket, 'end');
  whole.socket.write('12345');
  const gone = await open(port);
  gone.socket.write(head(5));
  await once(gone.socket, 'end');
  gone.socket.destroy();
  await forsaken();
});
