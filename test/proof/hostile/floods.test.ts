import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  CreateProjectCommand,
  ListProjectsCommand,
  LookoutVisionClient,
} from '@aws-sdk/client-lookoutvision';
import { HostProcess } from '../../helpers/host-process.ts';
import { where } from '../../helpers/where.ts';

// Floods against a host that runs as its user starts it. Somebody polite goes on calling, and must be served;
// the process must not grow by what strangers send.

const megabyte = 1024 * 1024;
const get = 'GET /2020-11-20/projects HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n';
const detect = (length: number): string =>
  `POST /2020-11-20/projects/parts/models/1/detect HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: image/png\r\nContent-Length: ${length}\r\n\r\n`;

const key = { accessKeyId: 'OWNER', secretAccessKey: 'a secret for this proof' };

let host: HostProcess;
let polite: LookoutVisionClient;
let folder: string;
const sockets = new Set<Socket>();

async function start(variables: Readonly<Record<string, string>> = {}): Promise<void> {
  folder = mkdtempSync(join(tmpdir(), 'crowsnest-floods-'));
  host = await HostProcess.start(folder, variables);
  polite = new LookoutVisionClient({
    endpoint: host.url,
    region: 'us-east-1',
    credentials: { ...key },
    maxAttempts: 1,
  });
  await polite.send(new CreateProjectCommand({ ProjectName: 'parts' }));
}

async function end(): Promise<void> {
  polite.destroy();
  await host.destroy();
  rmSync(folder, { recursive: true, force: true });
}

/** Bytes of the process: the most that it ever had in memory. */
const peak = (): number =>
  Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${host.child.pid ?? 0}/status`, 'utf8'))?.[1]) * 1024;

interface Caller {
  readonly socket: Socket;
  /** The statuses that it was answered, in their order; of a client that reads. */
  readonly statuses: () => string[];
  readonly over: Promise<void>;
}

async function open({ reads = true } = {}): Promise<Caller> {
  const socket = connect({ port: Number(new URL(host.url).port), host: '127.0.0.1', allowHalfOpen: true });
  sockets.add(socket);
  const statuses: string[] = [];
  let rest = '';
  const over = new Promise<void>((resolve) => {
    socket.once('end', resolve).once('close', () => resolve());
  });
  socket.on('error', () => undefined);
  if (reads)
    socket.on('data', (chunk: Buffer) => {
      rest += chunk.toString('latin1');
      for (const [, status = ''] of rest.matchAll(/HTTP\/1\.1 (\d{3}) /g)) statuses.push(status);
      rest = rest.slice(rest.lastIndexOf('HTTP/1.1') + 1).slice(-12);
    });
  await Promise.race([once(socket, 'connect'), over]);
  return { socket, statuses: () => statuses, over };
}

async function until(fact: () => boolean, seconds = 60): Promise<void> {
  for (const from = Date.now(); !fact() && Date.now() < from + seconds * 1000;) await sleep(20);
  expect(fact()).toBe(true);
}

interface Toll {
  /** Bytes by which the most that the process ever had has grown. */
  readonly grown: number;
  /** Milliseconds of the slowest call of somebody polite, and how many were made. */
  readonly slowest: number;
  readonly served: number;
}

/** What an attack costs. @throws whatever somebody polite was answered instead */
async function under(attack: () => Promise<void>): Promise<Toll> {
  await polite.send(new ListProjectsCommand({}));
  const before = peak();
  let over = false;
  let slowest = 0;
  let served = 0;
  const calls = async (): Promise<void> => {
    do {
      const from = performance.now();
      const { Projects = [] } = await polite.send(new ListProjectsCommand({}));
      expect(Projects.map(({ ProjectName }) => ProjectName)).toEqual(['parts']);
      slowest = Math.max(slowest, performance.now() - from);
      served += 1;
      await sleep(20);
    } while (!over);
  };
  const calling = calls();
  try {
    await Promise.race([attack(), calling]); // a polite caller who is refused ends the test
  } finally {
    over = true;
    for (const socket of sockets) socket.destroy();
    sockets.clear();
  }
  await calling;
  return { grown: peak() - before, slowest: Math.round(slowest), served };
}

const bearable = ({ grown, slowest, served }: Toll, megabytes: number): void => {
  expect(Math.round(grown / megabyte)).toBeLessThan(megabytes);
  expect(slowest).toBeLessThan(20_000);
  expect(served).toBeGreaterThan(0);
};

const proof = where(existsSync('/proc/self/status'), '/proc, which Linux has');

proof.describe('a host without keys', () => {
  beforeAll(() => start());
  afterAll(end);

  test('8,000 requests of one connection in one go are all answered', async () => {
    const toll = await under(async () => {
      const caller = await open();
      caller.socket.write(get.repeat(8000));
      await until(() => caller.statuses().length === 8000, 240);
      expect(new Set(caller.statuses())).toEqual(new Set(['200']));
    });
    bearable(toll, 200);
  }, 300_000);

  test('a client that never reads is not read from either', async () => {
    let left = 0;
    const toll = await under(async () => {
      const callers = await Promise.all(Array.from({ length: 4 }, () => open({ reads: false })));
      for (const { socket } of callers) socket.pause().write(get.repeat(400_000)); // 23 MB each
      await sleep(3000);
      left = Math.min(...callers.map(({ socket }) => socket.writableLength));
    });
    expect(left).toBeGreaterThan(0);
    bearable(toll, 300);
  }, 300_000);

  test('a body in the middle of many requests does not open the gates', async () => {
    const toll = await under(async () => {
      const caller = await open({ reads: false });
      caller.socket.pause().write(`${get.repeat(15)}${detect(100)}x`);
      await sleep(500); // by now its body is what the host waits for
      caller.socket.write(`${'x'.repeat(99)}${get.repeat(400_000)}`);
      await sleep(3000);
    });
    bearable(toll, 300);
  }, 300_000);

  test('pictures of many callers at once are held within a bound, and the others are asked to come again', async () => {
    const toll = await under(async () => {
      const callers = await Promise.all(Array.from({ length: 60 }, () => open()));
      // All but the last byte: each is held until the host has had enough.
      for (const { socket } of callers) socket.write(detect(8 * megabyte));
      for (const { socket } of callers) socket.write(Buffer.alloc(8 * megabyte - 1));
      await until(() => callers.some(({ statuses }) => statuses()[0] === '429'), 120);
      for (const { socket } of callers) socket.write('x');
      await until(() => callers.every(({ statuses }) => statuses().length > 0), 120);
      expect(new Set(callers.map(({ statuses }) => statuses()[0]))).toEqual(new Set(['404', '429']));
    });
    bearable(toll, 900);
  }, 300_000);

  test('300 bodies that come byte by byte keep nobody else waiting', async () => {
    const toll = await under(async () => {
      const callers = await Promise.all(Array.from({ length: 300 }, () => open()));
      for (const { socket } of callers) socket.write(detect(1000));
      for (let each = 0; each < 20; each += 1) {
        for (const { socket } of callers) socket.write('x');
        await sleep(100);
      }
      expect(callers.every(({ statuses }) => statuses().length === 0)).toBe(true);
    });
    bearable(toll, 200);
  }, 300_000);

  test('1,300 connections: those beyond the limit are told so or closed, and there is room again when they go', async () => {
    const toll = await under(async () => {
      const callers: Caller[] = [];
      for (let each = 0; each < 1300; each += 1) callers.push(await open());
      for (const { socket } of callers) socket.write(get);
      const refused = callers.slice(1010);
      await Promise.all(refused.map(({ over }) => over));
      expect(new Set(refused.flatMap(({ statuses }) => statuses()))).toEqual(new Set(['429']));
    });
    bearable(toll, 200);
    const again = await open();
    again.socket.write(get);
    await until(() => again.statuses()[0] === '200');
  }, 300_000);

  test('floods of headers are answered as such', async () => {
    const toll = await under(async () => {
      const callers = await Promise.all(Array.from({ length: 100 }, () => open()));
      for (const { socket } of callers)
        socket.write(
          `GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n${'h: vvvvvvvvvvvvvvvvvvvvvvvvvvvvvv\r\n'.repeat(3000)}`,
        );
      await until(() => callers.every(({ statuses }) => statuses()[0] === '431'));
    });
    bearable(toll, 200);
  }, 300_000);
});

proof.describe('a host with keys', () => {
  beforeAll(() => start({ CROWSNEST_KEYS: JSON.stringify([key]) }));
  afterAll(end);

  test('bodies that nobody signed are not held at all', async () => {
    const toll = await under(async () => {
      const callers = await Promise.all(Array.from({ length: 60 }, () => open()));
      for (const { socket } of callers) {
        socket.write(detect(14 * megabyte));
        socket.write(Buffer.alloc(8 * megabyte));
      }
      await until(() => callers.every(({ statuses }) => statuses()[0] === '403'), 120);
    });
    bearable(toll, 150);
  }, 300_000);
});
