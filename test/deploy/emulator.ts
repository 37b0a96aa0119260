import { spawn, type ChildProcess } from 'node:child_process';
import { createServer } from 'node:net';
import { createWriteStream } from 'node:fs';
import { mkdir, readFile, readdir } from 'node:fs/promises';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { endGroup } from './processes.ts';
import type { Installed } from './install.ts';

export const region = 'eu-west-1';
/** The emulator's account, and its root user, who is not checked: he makes the users that are. */
export const account = '000000000000';
export const rootUser = { accessKeyId: 'test', secretAccessKey: 'test' };

/** The emulator, started with our mends (emulator/launch.py), on loopback, with signatures and policies checked. */
export class Emulator {
  readonly url: string;
  readonly #child: ChildProcess;
  readonly #processes: string;
  readonly #log: string;

  private constructor(url: string, child: ChildProcess, processes: string, log: string) {
    this.url = url;
    this.#child = child;
    this.#processes = processes;
    this.#log = log;
  }

  /** @param folder of this run alone; everything that the emulator writes goes there */
  static async start(folder: string, { python, client, packages }: Installed): Promise<Emulator> {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const processes = join(folder, 'processes');
    const temporary = join(folder, 'tmp');
    for (const each of [processes, temporary]) await mkdir(each, { recursive: true });
    const log = join(folder, 'emulator.log');
    const child = spawn(python, ['-B', join(import.meta.dirname, 'emulator/launch.py')], {
      cwd: folder,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        HOME: folder,
        TMPDIR: temporary,
        BIND_HOST: '127.0.0.1',
        GATEWAY_PORT: String(port),
        AUTH: 'true',
        AWS_ENDPOINT_URL: url,
        AWS_ACCESS_KEY_ID: rootUser.accessKeyId,
        AWS_SECRET_ACCESS_KEY: rootUser.secretAccessKey,
        MINISTACK_HOST: '127.0.0.1',
        MINISTACK_REGION: region,
        DEPLOY_NODE: process.execPath,
        DEPLOY_RUNTIME: join(import.meta.dirname, 'runtime'),
        DEPLOY_RIC: client,
        DEPLOY_PACKAGES: packages,
        DEPLOY_PROCESSES: processes,
      },
    });
    const sink = createWriteStream(log);
    child.stdout.pipe(sink, { end: false });
    child.stderr.pipe(sink, { end: false });
    const emulator = new Emulator(url, child, processes, log);
    try {
      await emulator.#ready();
    } catch (error) {
      await emulator.stop();
      throw error;
    }
    return emulator;
  }

  async #ready(): Promise<void> {
    for (let look = 0; look < 300; look += 1) {
      if (this.#child.exitCode !== null) break;
      const answer = await fetch(`${this.url}/_ministack/health`).catch(() => undefined);
      if (answer?.ok === true) {
        await answer.arrayBuffer();
        return;
      }
      await sleep(100);
    }
    throw new Error(`The emulator did not start:\n${await this.tail()}`);
  }

  /** The end of what it logged. */
  async tail(): Promise<string> {
    return (await readFile(this.#log, 'utf8').catch(() => '')).slice(-6000);
  }

  /** The living processes of functions whose name contains `part`. */
  async processesOf(part: string): Promise<number[]> {
    const names = await readdir(this.#processes);
    return names
      .filter((name) => name.includes(part))
      .map((name) => Number(name.split('.').at(-1)))
      .filter((pid) => {
        try {
          return process.kill(pid, 0);
        } catch {
          return false;
        }
      });
  }

  /** Ends it and every function's process. */
  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const gone = once(this.#child, 'exit');
      endGroup(this.#child, 'SIGTERM');
      const late = setTimeout(() => endGroup(this.#child, 'SIGKILL'), 10_000);
      await gone;
      clearTimeout(late);
    }
    endGroup(this.#child, 'SIGKILL');
  }
}

/** A port that nobody listens on; taken again a moment later by the emulator. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('A port has a number.');
  return address.port;
}
