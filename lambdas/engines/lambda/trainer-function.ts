import type { Clock, Log, ObjectLocation, ObjectStore } from '../../domain/ports.ts';
import { TrainingFailed, TrainingStopped } from '../../vision/fitting/failures.ts';
import { learn, type LearnOptions } from '../training/learn.ts';
import type { StageDone } from '../training/progress.ts';
import {
  claimAt,
  controlPrefix,
  failureAt,
  heartbeatAt,
  heartbeatEvery,
  orderAt,
  readJson,
  writeJson,
  type Heartbeat,
  type Order,
  type Place,
  type TrainerEvent,
} from './training-control.ts';

export interface TrainerFunctionOptions extends Place {
  readonly objects: Pick<ObjectStore, 'read' | 'write' | 'removeAll'> & {
    /** @returns false if there is such an object already */
    writeNew(location: ObjectLocation, bytes: Uint8Array): Promise<boolean>;
  };
  readonly clock: Clock;
  readonly log: Log;
  readonly runner: LearnOptions['runner'];
  /** What learns, and what repeats the heartbeat; by default the real ones. */
  readonly learn?: typeof learn;
  readonly pulse?: Pulse;
}

/** Does the work again and again, until it is ended. */
type Pulse = (work: () => Promise<void>, log: Log) => { readonly end: () => Promise<void> };

/** What is left of the function's time for its last words, in milliseconds. */
const farewell = 20_000;

/**
 * Carries out one order of a training. Lambda may deliver it more than once: the first delivery claims it.
 * @param remaining milliseconds that the function has left
 */
export async function carryOut(
  options: TrainerFunctionOptions,
  { spec, n }: TrainerEvent,
  remaining: () => number,
): Promise<'trained' | 'failed' | 'stopped' | 'unwanted' | 'broken'> {
  const { objects, clock, log } = options;
  const { model } = spec;
  const ordered = (): Promise<Order | undefined> => readJson<Order>(objects, orderAt(options, model));
  const isWanted = async (): Promise<boolean> => {
    const order = await ordered();
    return order?.n === n && order.stopped !== true;
  };
  if (!(await isWanted())) return 'unwanted';
  if (!(await objects.writeNew(claimAt(options, model, n), Buffer.from('')))) return 'unwanted';
  // Who ended the training may have come by between the two, and nobody comes by again.
  const leaveNothing = async (): Promise<void> => {
    if ((await ordered()) === undefined)
      await objects.removeAll(options.artifacts.bucket, controlPrefix(options, model));
  };
  if (!(await isWanted())) {
    await leaveNothing();
    return 'unwanted';
  }

  const abort = new AbortController();
  const time = { late: false };
  const timer = setTimeout(() => {
    time.late = true;
    abort.abort();
  }, remaining() - farewell).unref();
  let seen: StageDone = { stage: 'reading', done: 0 };
  const beat = (over = false): Promise<void> =>
    writeJson(objects, heartbeatAt(options, model), {
      n,
      ...seen,
      at: clock.now(),
      ...(over && { over }),
    } satisfies Heartbeat);
  const fail = (reason: string): Promise<void> => writeJson(objects, failureAt(options, model), { reason });
  const pulse = (options.pulse ?? repeatedly)(async () => {
    if (await isWanted()) await beat();
    else abort.abort();
  }, log);
  try {
    await beat();
    await (options.learn ?? learn)(spec, {
      objects,
      clock,
      runner: options.runner,
      progress: (stage, done) => {
        seen = { stage, done };
      },
      signal: abort.signal,
      wanted: isWanted,
    });
    return 'trained';
  } catch (error) {
    if (time.late) {
      await fail(
        'The training did not end within the time that its function has. Train with fewer or smaller ' +
          'images, or have the stage give it more memory (lambda.trainerMemory) or time.',
      );
      return 'failed';
    }
    if (error instanceof TrainingFailed) {
      await fail(error.message);
      return 'failed';
    }
    if (error instanceof TrainingStopped) return 'stopped';
    log.error('a training broke; it is ordered again', { training: spec.id, n, error });
    return 'broken';
  } finally {
    clearTimeout(timer);
    await pulse.end();
    // Only who stops it still looks at it; where the order is gone nobody is to find anything.
    if ((await ordered())?.n === n) await beat(true);
    else await leaveNothing();
  }
}

/** Again and again, one after the other. A failure is noted, and the next try goes on. */
function repeatedly(work: () => Promise<void>, log: Log): { readonly end: () => Promise<void> } {
  let running: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  const ended = { yet: false };
  const next = (): void => {
    timer = setTimeout(() => {
      running = work()
        .catch((error: unknown) => log.warn('a heartbeat was missed', { error }))
        .then(() => {
          if (!ended.yet) next();
        });
    }, heartbeatEvery);
  };
  next();
  return {
    async end() {
      ended.yet = true;
      clearTimeout(timer);
      await running;
    },
  };
}
