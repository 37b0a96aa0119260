import { fork, type ChildProcess, type Serializable } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Clock } from '../domain/ports.ts';
import { foreignReason } from '../domain/foreign-reason.ts';

/**
 * Told of every process that is started here and of its end, so that a later host finds what a dead one left.
 */
export interface ChildRegistrar {
  register(pid: number): void;
  unregister(pid: number): void;
}

/** Bounds that are kept from outside, since a process that hangs keeps none itself. */
interface ChildLimits {
  /** Milliseconds from now on. */
  readonly time: number;
  /** Resident bytes: native memory is no part of the limit that the JavaScript engine keeps. */
  readonly memory: number;
  /** Milliseconds between two looks, so also how late either bound may be kept. */
  readonly look: number;
  readonly clock: Clock;
}

export interface ChildOptions {
  /** A module: its path, or `new URL('./unit.ts', import.meta.url)`. */
  readonly program: URL | string;
  /** The first word is the title by which a host recognises the children of one that died. */
  readonly argv: readonly string[];
  /** Of the JavaScript engine, in bytes; its own default unless told. */
  readonly heap?: number;
  readonly children?: ChildRegistrar | undefined;
  /** All that it gets of an environment: where its libraries are, say. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** The Node that runs it; this one unless told. */
  readonly node?: string;
}

/**
 * How a process came to its end; `reason` ends a sentence that begins with what was lost, and holds no path
 * of this machine.
 * - `not started`: the system had no room for it. It has nothing to do with what the process was to do.
 * - `killed`: by us; `over` says which limit it broke, if it was for one
 * - `ended`: by itself, or by somebody else
 */
export type Ending = { readonly reason: string } & (
  | { readonly how: 'not started' }
  | { readonly how: 'killed'; readonly over?: 'time' | 'memory' }
  | { readonly how: 'ended'; readonly code: number | null; readonly signal: NodeJS.Signals | null }
);

/** Signals that a process earns by what it does; the others are sent to it. */
const crashes: readonly (NodeJS.Signals | null)[] = [
  'SIGSEGV',
  'SIGABRT',
  'SIGBUS',
  'SIGFPE',
  'SIGILL',
  'SIGTRAP',
];
export const isCrash = (ending: Ending): boolean => ending.how === 'ended' && crashes.includes(ending.signal);

/** What a message to a process that has gone is refused with, however the system put it. */
const closed = 'its channel is closed';

/** A process of ours that does what the host must not do itself. */
export interface Child {
  /** 0 if it was not started. */
  readonly pid: number;
  /** Resolves when the process is gone, or was not started. Never rejects. */
  readonly ended: Promise<Ending>;
  /** @throws Error if it cannot be reached; its end is then told by `ended`, if it has come */
  send(message: Serializable): Promise<void>;
  /** Its resident memory in bytes, as the system says; undefined where it does not. */
  memory(): number | undefined;
  /** Ends it at once; it holds nothing that must be saved. The first reason that is given counts. */
  kill(reason: string, over?: 'time' | 'memory'): void;
  /** Keeps it within limits. @returns what lifts them */
  limit(limits: ChildLimits): () => void;
}

/**
 * Starts a process with a channel for messages, nothing of the host's environment (it works on strangers'
 * files), and its last words kept. Does not throw: a process that cannot be started has ended.
 */
export function startChild(options: ChildOptions, hear: (message: never) => void): Child {
  const end = Promise.withResolvers<Ending>();
  const words = { last: '' };
  let killed: { readonly reason: string; readonly over?: 'time' | 'memory' } | undefined;
  let process: ChildProcess | undefined;
  let pid: number | undefined;

  const finish = (ending: Ending): void => {
    if (pid !== undefined) options.children?.unregister(pid);
    end.resolve(killed === undefined ? ending : { how: 'killed', ...killed });
  };
  const notStarted = (error: unknown): void => {
    finish({ how: 'not started', reason: `its process could not be started (${codeOf(error)})` });
  };

  try {
    process = fork(pathOf(options.program), options.argv, {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      execArgv: [
        '--disable-warning=ExperimentalWarning',
        ...(options.heap === undefined
          ? []
          : [`--max-old-space-size=${Math.round(options.heap / 1024 / 1024)}`]),
      ],
      env: { ...options.env },
      ...(options.node !== undefined && { execPath: options.node }),
    });
    ({ pid } = process);
    if (pid !== undefined) options.children?.register(pid);
    process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      words.last = `${words.last}${text}`.slice(-4000);
    });
    process.on('message', (message) => hear(message as never));
    process.on('error', (error) => {
      if (pid === undefined) notStarted(error);
    });
    process.on('exit', (code, signal) => {
      const how = signal === null ? `exit code ${code ?? 'unknown'}` : `signal ${signal}`;
      finish({ how: 'ended', code, signal, reason: `its process ended (${how})${saidBy(words.last)}` });
    });
  } catch (error) {
    notStarted(error);
  }

  const kill: Child['kill'] = (reason, over) => {
    killed ??= { reason, ...(over !== undefined && { over }) };
    process?.kill('SIGKILL');
  };
  const memory = (): number | undefined => residentMemory(pid);
  return {
    pid: pid ?? 0,
    ended: end.promise,
    send: (message) =>
      new Promise((resolve, reject) => {
        if (process?.connected !== true || pid === undefined) {
          reject(new Error(closed));
          return;
        }
        process.send(message, (error) => {
          if (error === null) resolve();
          else reject(new Error(closed, { cause: error }));
        });
      }),
    memory,
    kill,
    limit(limits) {
      const watch = { over: false };
      const lift = (): void => {
        watch.over = true;
      };
      void end.promise.then(lift);
      void keepWithin(limits, watch, { kill, memory });
      return lift;
    },
  };
}

const pathOf = (program: URL | string): string =>
  typeof program === 'string' ? program : fileURLToPath(program);

async function keepWithin(
  { time, memory: most, look, clock }: ChildLimits,
  watch: { readonly over: boolean },
  { kill, memory }: Pick<Child, 'kill' | 'memory'>,
): Promise<void> {
  // Looks are counted, not the clock's hours: a laptop's sleep is nobody's fault.
  for (let spent = 0; ; spent += look) {
    await clock.sleep(look);
    if (watch.over) return;
    if (spent > time) kill(`it took longer than ${Math.round(time / 1000)} s`, 'time');
    if ((memory() ?? 0) > most)
      kill(`it used more than ${Math.round(most / 1024 / 1024)} MB of memory`, 'memory');
  }
}

const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : foreignReason(error);

/** The line of its last words that names an error. */
function saidBy(words: string): string {
  const line = words.split('\n').find((each) => /error/i.test(each));
  return line === undefined ? '' : `: ${foreignReason(line)}`;
}

/**
 * The system's own figure needs no answer from a process that may hang. `status` has it in kB, so page sizes
 * don't matter.
 */
function residentMemory(pid: number | undefined): number | undefined {
  try {
    const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid ?? 0}/status`, 'utf8'))?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
  } catch {
    return undefined;
  }
}
