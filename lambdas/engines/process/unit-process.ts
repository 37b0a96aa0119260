import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { PictureRefused, type PictureType, type Verdict } from '../../domain/verdict.ts';
import { ArtifactUnfit } from '../../vision/inference/artifact.ts';
import { unitTitle, type UnitMessage, type UnitOptions, type UnitRequest } from './unit-protocol.ts';

/**
 * Told of every process that is started here and of its end, so that a later host finds what a dead one left.
 */
export interface ChildRegistrar {
  register(pid: number): void;
  unregister(pid: number): void;
}

/**
 * The unit's process ended, or was ended, before it answered. The message ends a sentence that begins with
 * what was lost.
 */
export class UnitLost extends Error {
  override readonly name = 'UnitLost';
  /** Whether the picture may have got to the unit; if not, it has nothing to do with the loss. */
  readonly reached: boolean;
  constructor(message: string, reached = true) {
    super(message);
    this.reached = reached;
  }
}

/**
 * The graph failed on this picture; the unit lives on. A matter of picture and model, so trying again is of
 * no use.
 */
export class InferenceFailed extends PictureRefused {
  override readonly name: string = 'InferenceFailed';
  constructor(reason: string) {
    super(`The model fails on this picture: ${reason}.`);
  }
}

/**
 * The host's end of one inference unit. It judges one picture after the other, in the order in which it is
 * given them, and decodes those that wait.
 */
export interface UnitProcess {
  readonly pid: number;
  /** Resolves when the unit can judge. @throws ArtifactUnfit, UnitLost */
  readonly loaded: Promise<void>;
  /** Resolves, with the way it came about, when the process is gone. Never rejects. */
  readonly ended: Promise<string>;
  /** @throws PictureRefused, InferenceFailed, UnitLost */
  judge(picture: Uint8Array, type: PictureType): Promise<Verdict>;
  /**
   * Resident memory in bytes: as the system says where it has /proc, else as the unit said with its last
   * answer.
   */
  memory(): number;
  /**
   * Ends the process at once; it holds nothing that must be saved. `why` is what requests under way fail
   * with.
   */
  kill(why: string): void;
}

interface Settle<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
}

/** @param label goes into the command line, for people who look at a list of processes */
export function startUnit(options: UnitOptions, label: string, children: ChildRegistrar): UnitProcess {
  const child = fork(
    fileURLToPath(new URL('./unit.ts', import.meta.url)),
    [unitTitle, JSON.stringify(options), label],
    {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      execArgv: ['--disable-warning=ExperimentalWarning'],
      // Nothing of the host's environment, credentials least of all: the unit runs other people's graphs on
      // other people's pictures.
      env: {},
    },
  );
  const { pid } = child;
  if (pid !== undefined) children.register(pid);

  const load = Promise.withResolvers<undefined>();
  load.promise.catch(() => undefined);
  const end = Promise.withResolvers<string>();
  const requests = new Map<number, Settle<Verdict>>();
  let asked = 0;
  let rss = 0;
  let why: string | undefined;
  let complaint = '';

  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaint = `${complaint}${text}`.slice(-2000);
  });
  child.on('message', (message: UnitMessage) => {
    if ('rss' in message) rss = message.rss;
    if (message.kind === 'ready') load.resolve(undefined);
    else if (message.kind === 'unfit') load.reject(new ArtifactUnfit(message.problems));
    else settle(message);
  });
  child.on('error', (error) => finish(error.message));
  child.on('exit', (code, signal) =>
    finish(signal === null ? `exit code ${code ?? 'unknown'}` : `signal ${signal}`),
  );

  function settle(message: Extract<UnitMessage, { id: number }>): void {
    const request = requests.get(message.id);
    requests.delete(message.id);
    if (message.kind === 'verdict') request?.resolve(message.verdict);
    else
      request?.reject(
        message.kind === 'refused' ? new PictureRefused(message.rule) : new InferenceFailed(message.reason),
      );
  }

  function finish(how: string): void {
    if (pid !== undefined) children.unregister(pid);
    const told = complaint
      .split('\n')
      .find((line) => /error/i.test(line))
      ?.slice(0, 200);
    const reason = why ?? `its process ended (${how})${told === undefined ? '' : `: ${told}`}`;
    load.reject(new UnitLost(reason));
    for (const { reject } of requests.values()) reject(new UnitLost(reason));
    requests.clear();
    end.resolve(reason);
  }

  return {
    pid: pid ?? 0,
    loaded: load.promise,
    ended: end.promise,
    judge(picture, type) {
      const { promise, resolve, reject } = Promise.withResolvers<Verdict>();
      const id = ++asked;
      requests.set(id, { resolve, reject });
      // A unit that is gone says so by `exit`; a channel that is already closed must not throw besides.
      child.send({ id, picture, type } satisfies UnitRequest, (error) => {
        if (error === null) return;
        requests.delete(id);
        reject(new UnitLost(`it could not be reached (${error.message})`, false));
      });
      return promise;
    },
    memory: () => residentMemory(pid) ?? rss,
    kill(reason) {
      why ??= reason;
      child.kill('SIGKILL');
    },
  };
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
