import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { StorageUnavailable } from '../domain/ports.ts';
import type { ChildRegister } from './children.ts';
import { DatabaseCalls, writes, type DatabaseAnswer } from './database-calls.ts';
import { DatabasePipe } from './database-pipe.ts';
import type { DatabaseDoor } from './table-client.ts';

export interface Database extends DatabaseDoor {
  close(): Promise<void>;
}

/** What becomes of a database that ends without being told to. Without this it stays ended. */
export interface Recovery {
  readonly restarted: (how: string) => void;
  /** Its file is not where it was; requests are refused until it is there again. */
  readonly missing?: (file: string) => void;
  /** It ends again and again, does not come up any more, or its file was replaced. */
  readonly lost: (error: Error) => void;
}

/** So often in a minute the database is started again. */
const restarts = 5;

/** How long a request waits for a database that is being started again, in milliseconds. */
const restartTimeout = 5000;

/** The binary of this platform, if npm could install one. */
function databaseBinary(): string | undefined {
  try {
    return createRequire(import.meta.url).resolve(`@dynoxide/${process.platform}-${process.arch}/dynoxide`);
  } catch {
    return undefined;
  }
}

/**
 * Starts the embedded DynamoDB as a child that is spoken to over its standard input and output. It opens no
 * port and no socket, so no other user, program or web page can reach it; and it ends when this process does.
 * @param file where it keeps its rows; in memory if not given
 * @throws Error with what to do, if there is no binary for this platform or it does not come up
 */
export async function startDatabase(
  file: string | undefined,
  children: ChildRegister,
  recovery?: Recovery,
): Promise<Database> {
  const binary = databaseBinary();
  if (binary === undefined) {
    throw new Error(
      `There is no embedded DynamoDB for ${process.platform}-${process.arch}. ` +
        'Point DYNAMODB_ENDPOINT at another one (DynamoDB Local, say).',
    );
  }
  const database = new EmbeddedDatabase(binary, file, children, recovery);
  await database.open();
  return database;
}

interface Running {
  readonly child: ChildProcess;
  readonly calls: DatabaseCalls;
}

class EmbeddedDatabase implements Database {
  readonly #binary: string;
  readonly #file: string | undefined;
  readonly #children: ChildRegister;
  readonly #recovery: Recovery | undefined;
  /** The file as it was when the database opened it. */
  #opened: string | undefined;
  /** The process that serves, or will. */
  #running: Promise<Running> | undefined;
  #ends: number[] = [];
  #missing: Promise<void> | undefined;
  #closing = false;

  constructor(
    binary: string,
    file: string | undefined,
    children: ChildRegister,
    recovery: Recovery | undefined,
  ) {
    this.#binary = binary;
    this.#file = file;
    this.#children = children;
    this.#recovery = recovery;
  }

  async open(): Promise<void> {
    const running = await this.#launch();
    this.#opened = this.#identity();
    this.#serve(running);
  }

  async call(operation: string, request: Readonly<Record<string, unknown>>): Promise<DatabaseAnswer> {
    this.#checkFile();
    const { calls } = await this.#ready();
    const answer = await calls.call(operation, request);
    if (writes.has(operation)) this.#checkFile(); // what was written to a file without a name is lost
    return answer;
  }

  async close(): Promise<void> {
    this.#closing = true;
    await this.#missing;
    const running = await this.#running?.catch(() => undefined);
    if (running !== undefined) await ended(running.child);
  }

  async #ready(): Promise<Running> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => late.reject(new StorageUnavailable('the database is being started again')),
      restartTimeout,
    );
    try {
      return await Promise.race([this.#running ?? late.promise, late.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  #serve(running: Running): void {
    this.#running = Promise.resolve(running);
    running.child.once('exit', (code, signal) => {
      if (this.#closing || this.#recovery === undefined || this.#missing !== undefined) return;
      this.#restart(signal ?? `exit code ${code ?? 'unknown'}`, this.#recovery);
    });
    if (hasEnded(running.child) && this.#recovery !== undefined)
      this.#restart('an end while it started', this.#recovery);
  }

  #restart(how: string, recovery: Recovery): void {
    const coming = this.#again(how, recovery);
    this.#running = coming;
    coming.then(
      (running) => {
        if (this.#closing) return;
        this.#serve(running);
        recovery.restarted(how);
      },
      (error: unknown) => {
        if (this.#closing) return;
        if (error instanceof StorageUnavailable && this.#file !== undefined)
          this.#missing ??= this.#awaitFile(this.#file, recovery);
        else recovery.lost(error instanceof Error ? error : new Error(String(error)));
      },
    );
  }

  async #again(how: string, recovery: Recovery): Promise<Running> {
    this.#ends = [...this.#ends, Date.now()].filter((at) => at > Date.now() - 60_000);
    if (this.#ends.length > restarts)
      throw new Error(
        `The embedded DynamoDB ended ${restarts + 1} times within a minute, the last time by ${how}.`,
      );
    if (this.#identity() !== this.#opened) throw new StorageUnavailable('its file is gone');
    try {
      return await this.#launch();
    } catch (error) {
      if (this.#closing) throw error;
      return this.#again((error as Error).message, recovery);
    }
  }

  /** @throws StorageUnavailable if the file is not the one that was opened */
  #checkFile(): void {
    if (this.#file === undefined || this.#opened === undefined) return;
    if (this.#missing === undefined && this.#identity() === this.#opened) return;
    if (this.#recovery !== undefined) this.#missing ??= this.#awaitFile(this.#file, this.#recovery);
    throw new StorageUnavailable(`${this.#file} is not there any more`);
  }

  /**
   * Ends the database, which would go on writing to what nobody can read any more, and starts it again when
   * the file is back. Another file in its place is another table: a host must start anew on that.
   */
  async #awaitFile(file: string, recovery: Recovery): Promise<void> {
    recovery.missing?.(file);
    const running = await this.#running?.catch(() => undefined);
    if (running !== undefined) await ended(running.child, 'SIGKILL');
    while (!this.#closing) {
      const found = this.#identity();
      if (found === this.#opened) {
        this.#missing = undefined;
        this.#restart('the loss of its file', recovery);
        return;
      }
      if (found !== undefined) {
        recovery.lost(new Error(`${file} was replaced by another file while the host was running.`));
        return;
      }
      await sleep(500, undefined, { ref: false });
    }
  }

  #identity(): string | undefined {
    if (this.#file === undefined) return undefined;
    try {
      const { dev, ino } = statSync(this.#file, { bigint: true });
      return `${dev}-${ino}`;
    } catch {
      return undefined; // no such file, or a disk that does not answer: not there
    }
  }

  /** @returns the process, once it serves */
  async #launch(): Promise<Running> {
    const child = spawn(
      this.#binary,
      ['mcp', ...(this.#file === undefined ? [] : ['--db-path', this.#file])],
      {
        stdio: ['pipe', 'pipe', 'pipe'],
        // Not in the terminal's group: Ctrl-C is for the host, which still needs its rows then.
        detached: true,
        env: {}, // neither keys nor credentials are its business
      },
    );
    const { pid } = child;
    const endWithHost = (): void => void child.kill('SIGKILL');
    process.once('exit', endWithHost);
    child.once('exit', () => {
      process.off('exit', endWithHost);
      if (pid !== undefined) this.#children.unregister(pid);
    });
    if (pid !== undefined) this.#children.register(pid);
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = `${said}${text}`.slice(-2000);
    });
    try {
      const pipe = new DatabasePipe(child);
      await pipe.open();
      return { child, calls: new DatabaseCalls(pipe) };
    } catch (error) {
      child.kill('SIGKILL');
      throw new Error(`The embedded DynamoDB did not start: ${said.trim() || String(error)}`, {
        cause: error,
      });
    }
  }
}

const hasEnded = ({ exitCode, signalCode }: ChildProcess): boolean =>
  exitCode !== null || signalCode !== null;

/** Asks it to end, and after five seconds no longer asks. */
async function ended(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (hasEnded(child)) return;
  const gone = once(child, 'exit');
  child.kill(signal);
  const impatient = setTimeout(() => child.kill('SIGKILL'), 5000);
  await gone;
  clearTimeout(impatient);
}
