import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from '@jest/globals';
import { BodyBudget, Lanes } from '../../lambdas/http/bounds.ts';
import { listener, type NodeHost } from '../../lambdas/http/node-http.ts';
import { createLog } from '../../lambdas/domain/log.ts';
import { AccessDeniedError } from '../../lambdas/contract/errors.ts';
import { testService } from '../helpers/service.ts';

const service = testService();
const servers: Server[] = [];
const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) server.close();
});

/** The listener with bounds that a test can reach; calls are answered when `gate` opens. */
async function serve(
  bounds: Partial<Parameters<typeof listener>[1]> = {},
  host: Partial<NodeHost> = {},
): Promise<{ readonly port: number; readonly log: string[]; readonly parsed: () => number }> {
  const log: string[] = [];
  const world = await service.shared();
  const server = createServer(
    listener(
      {
        service: { handlers: {}, context: { ...world.context } },
        log: createLog((line) => log.push(line)),
        authenticate: () => ({ name: 'somebody' }),
        ...host,
      },
      { perConnection: 4, waiting: 10_000, heldBytes: 1_000_000, silence: 30_000, ...bounds },
    ),
  ).listen(0, '127.0.0.1');
  servers.push(server);
  let parsed = 0;
  server.on('request', () => (parsed += 1));
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, log, parsed: () => parsed };
}

async function open(port: number): Promise<{ readonly socket: Socket; readonly answer: () => string }> {
  const socket = connect(port, '127.0.0.1');
  sockets.push(socket);
  await once(socket, 'connect');
  let text = '';
  socket.on('error', () => undefined).on('data', (chunk: Buffer) => (text += chunk.toString()));
  return { socket, answer: () => text };
}

async function until(fact: () => boolean): Promise<void> {
  for (let waited = 0; !fact() && waited < 2000; waited += 1) await sleep(10);
  expect(fact()).toBe(true);
}

const detect = (length: number): string =>
  `POST /2020-11-20/projects/parts/models/1/detect HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: ${length}\r\n\r\n`;
const list = 'GET /2020-11-20/projects HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n';

test('eight thousand requests in one go: few are under way at once, all are answered, in order of asking', async () => {
  let running = 0;
  let most = 0;
  const { port } = await serve(
    {},
    {
      authenticate: async () => {
        running += 1;
        most = Math.max(most, running);
        await new Promise((resolve) => setImmediate(resolve));
        running -= 1;
        throw new AccessDeniedError('no');
      },
      service: {
        handlers: { ListProjects: () => Promise.reject(new Error()) },
        context: (await service.shared()).context,
      },
    },
  );
  const { socket, answer } = await open(port);
  socket.write(list.repeat(8000));
  await until(() => (answer().match(/HTTP\/1\.1 403/g) ?? []).length === 8000);
  expect(most).toBe(4);
}, 300_000);

test('a connection that goes while its requests wait leaves none of them to be carried out', async () => {
  const lanes = new Lanes(1);
  const { socket } = await open((await serve()).port);
  let carriedOut = 0;
  const gate = Promise.withResolvers<undefined>();
  lanes.run(socket, () => gate.promise);
  for (let each = 0; each < 50; each += 1)
    lanes.run(socket, () => {
      carriedOut += 1;
      return Promise.resolve();
    });
  socket.destroy();
  gate.resolve(undefined);
  await sleep(20);
  expect(carriedOut).toBe(0);
});

test('a client that does not read is not read from either, with and without a body among its requests', async () => {
  for (const first of [list.repeat(12), `${list.repeat(6)}${detect(10)}`]) {
    let started = 0;
    const gate = Promise.withResolvers<undefined>();
    const { port, parsed } = await serve(
      {},
      {
        authenticate: async () => {
          started += 1;
          if (started > 4) await gate.promise;
          throw new AccessDeniedError('no');
        },
        service: {
          handlers: { ListProjects: () => Promise.reject(new Error()) },
          context: (await service.shared()).context,
        },
      },
    );
    const { socket } = await open(port);
    socket.pause().write(first);
    await sleep(200);
    socket.write(`${first.endsWith('10\r\n\r\n') ? 'x'.repeat(10) : ''}${list.repeat(50_000)}`);
    await sleep(1500);
    expect(parsed()).toBeLessThan(4000); // one read of 64 KB has some 1,100
    gate.resolve(undefined);
  }
}, 60_000);

test('requests of all connections that wait are bounded: who brings more is closed, and room is given back', async () => {
  let overflows = 0;
  const lanes = new Lanes(1, 3, () => (overflows += 1));
  const { port } = await serve();
  const [one, two] = [await open(port), await open(port)];
  const gate = Promise.withResolvers<undefined>();
  let done = 0;
  const work = async (): Promise<void> => {
    await gate.promise;
    done += 1;
  };
  for (let each = 0; each < 3; each += 1) lanes.run(one.socket, work);
  for (let each = 0; each < 3; each += 1) lanes.run(two.socket, work);
  expect({ overflows, closed: two.socket.destroyed }).toEqual({ overflows: 1, closed: true });
  await once(two.socket, 'close');
  lanes.run(one.socket, work); // in the room of those that went
  expect(one.socket.destroyed).toBe(false);
  gate.resolve(undefined);
  await until(() => done === 5); // four of the first, and the one of the second that had begun
});

test('a body that keeps coming is read, however long it takes; one that stops is told so, and not that it is invalid', async () => {
  const { port, log } = await serve({ silence: 400 });
  const slow = await open(port);
  slow.socket.write(detect(12));
  for (let each = 0; each < 12; each += 1) {
    slow.socket.write('x');
    await sleep(100); // 1.2 seconds in all: three times the silence that is suffered
  }
  await until(() => slow.answer() !== '');
  expect(slow.answer()).toMatch(/^HTTP\/1\.1 404 /); // it was read: nobody here has the operation
  const silent = await open(port);
  silent.socket.write(`${detect(12)}x`);
  await until(() => silent.answer().includes('}'));
  expect(silent.answer()).toMatch(/^HTTP\/1\.1 408 /);
  expect(silent.answer()).toContain('"__type":"com.amazonaws.lookoutvision#RequestTimeoutException"');
  expect(log.join()).toContain('"code":"transport.refused"');
}, 60_000);

test('a caller that goes in the middle of a body is noted as one that went, and not as a failure', async () => {
  const { port, log } = await serve();
  const { socket } = await open(port);
  socket.write(`${detect(12)}x`);
  await sleep(100);
  socket.resetAndDestroy();
  await until(() => log.length > 0);
  expect(log).toEqual([expect.stringContaining('"kind":"aborted"')]);
});

test('bodies of all connections together are bounded: one too many is asked to come again, and room that is given back is used', async () => {
  const { port } = await serve({ heldBytes: 1000 });
  const first = await open(port);
  first.socket.write(`${detect(900)}${'x'.repeat(800)}`);
  await sleep(100);
  const second = await open(port);
  second.socket.write(`${detect(300)}${'x'.repeat(300)}`);
  await until(() => second.answer().includes('}'));
  expect(second.answer()).toMatch(/^HTTP\/1\.1 429 [\s\S]*\r\nRetry-After: 1\r\n/);
  expect(second.answer()).toContain('ThrottlingException');
  first.socket.write('x'.repeat(100));
  await until(() => first.answer() !== '');
  const third = await open(port);
  third.socket.write(`${detect(900)}${'x'.repeat(900)}`);
  await until(() => third.answer() !== '');
  expect(third.answer()).toMatch(/^HTTP\/1\.1 404 /);
});

test('a budget gives back what was taken, and takes nothing when it refuses', () => {
  const budget = new BodyBudget(10);
  budget.take(8);
  expect(() => budget.take(3)).toThrow('More is being sent than this host can hold at once. Try again.');
  budget.take(2);
  budget.giveBack(10);
  budget.take(10);
});

test('who may not call is told so before the body has come', async () => {
  const { port } = await serve(
    {},
    {
      admit: () => {
        throw new AccessDeniedError('You may not.');
      },
    },
  );
  const { socket, answer } = await open(port);
  socket.write(detect(900)); // and not one byte of it
  await until(() => answer().includes('}'));
  expect(answer()).toMatch(/^HTTP\/1\.1 403 [\s\S]*You may not\./);
});
