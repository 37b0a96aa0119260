import { foreignReason } from '../../domain/foreign-reason.ts';
import { PictureRefused, type PictureType, type Verdict } from '../../domain/verdict.ts';
import { ArtifactUnfit } from '../../vision/inference/artifact.ts';
import { startChild, type Child, type ChildRegistrar, type Ending } from '../child.ts';
import { unitTitle, type UnitMessage, type UnitOptions, type UnitRequest } from './unit-protocol.ts';

/**
 * The unit's process ended, or was ended, before it answered. The message ends a sentence that begins with
 * what was lost.
 */
export class UnitLost extends Error {
  override readonly name = 'UnitLost';
  /** Whether the picture may have got to the unit; if not, it has nothing to do with the loss. */
  readonly reached: boolean;
  /** How the process ended; absent if it may still be there, but cannot be reached. */
  readonly ending?: Ending;
  constructor(message: string, reached = true, ending?: Ending) {
    super(message);
    this.reached = reached;
    if (ending !== undefined) this.ending = ending;
  }
}

/**
 * The graph failed on this picture; the unit lives on. A matter of picture and model, so trying again is of
 * no use.
 */
class InferenceFailed extends PictureRefused {
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
  /** Resolves when the process is gone. Never rejects. */
  readonly ended: Promise<Ending>;
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
  kill(why: string, over?: 'time' | 'memory'): void;
  /** As a child's. */
  limit: Child['limit'];
}

interface Pending<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
}

/** @param label goes into the command line, for people who look at a list of processes */
export function startUnit(
  options: UnitOptions,
  label: string,
  children: ChildRegistrar,
  node?: string,
): UnitProcess {
  const load = Promise.withResolvers<undefined>();
  load.promise.catch(() => undefined);
  const requests = new Map<number, Pending<Verdict>>();
  let asked = 0;
  let rss = 0;

  const child = startChild(
    {
      program: new URL('./unit.ts', import.meta.url),
      argv: [unitTitle, JSON.stringify(options), label],
      children,
      ...(node !== undefined && { node }),
    },
    (message: UnitMessage) => {
      if ('rss' in message) rss = message.rss;
      if (message.kind === 'ready') load.resolve(undefined);
      else if (message.kind === 'unfit') load.reject(new ArtifactUnfit(message.problems));
      else answer(message);
    },
  );
  // Called before anybody else who waits for the end: what was asked is answered by then.
  const ended = child.ended.then((ending) => {
    load.reject(new UnitLost(ending.reason, true, ending));
    for (const { reject } of requests.values()) reject(new UnitLost(ending.reason, true, ending));
    requests.clear();
    return ending;
  });

  function answer(message: Extract<UnitMessage, { id: number }>): void {
    const request = requests.get(message.id);
    requests.delete(message.id);
    if (message.kind === 'verdict') request?.resolve(message.verdict);
    else
      request?.reject(
        message.kind === 'refused' ? new PictureRefused(message.rule) : new InferenceFailed(message.reason),
      );
  }

  return {
    pid: child.pid,
    loaded: load.promise,
    ended,
    judge(picture, type) {
      const { promise, resolve, reject } = Promise.withResolvers<Verdict>();
      const id = ++asked;
      requests.set(id, { resolve, reject });
      child.send({ id, picture, type } satisfies UnitRequest).catch((error: unknown) => {
        requests.delete(id);
        reject(new UnitLost(`it could not be reached (${foreignReason(error)})`, false));
      });
      return promise;
    },
    memory: () => child.memory() ?? rss,
    kill: (why, over) => {
      child.kill(why, over);
    },
    limit: (limits) => child.limit(limits),
  };
}
