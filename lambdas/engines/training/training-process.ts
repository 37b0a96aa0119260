import { setTimeout as sleep } from 'node:timers/promises';
import { foreignReason } from '../../domain/foreign-reason.ts';
import {
  MaskUnusable,
  MixedSizes,
  PicturesUnfit,
  PictureUnreadable,
  TooFewPictures,
  TrainingFailed,
  TrainingStopped,
} from '../../vision/fitting/failures.ts';
import type { LabelledPicture } from '../../vision/pictures/training-pictures.ts';
import { startChild, type ChildRegistrar, type Ending } from '../child.ts';
import {
  workerTitle,
  type FromWorker,
  type PictureCard,
  type Task,
  type ToWorker,
  type Want,
} from './training-protocol.ts';
import type { Progress, Training, TrainingInput } from '../../vision/fitting/train.ts';

export interface RunnerOptions {
  /** Resident memory at which the process is ended, in bytes. */
  readonly memory?: number;
  /** How long a training may take, in milliseconds. */
  readonly limit?: number;
  /** The file that the process runs; unless given, the worker beside this file. */
  readonly worker?: string;
  /** All that the process gets of an environment: where its libraries are, say. */
  readonly env?: Readonly<Record<string, string>>;
  /** Told of the process that is started, and of its end, so that a later host finds what a dead one left. */
  readonly children?: ChildRegistrar;
}

const defaults = { memory: 3 * 1024 ** 3, limit: 60 * 60 * 1000 } as const;
const clock = { now: Date.now, sleep: (milliseconds: number) => sleep(milliseconds) };

/** The process that trained ended without a result; another try may do better. */
export class TrainingBroke extends Error {
  override readonly name = 'TrainingBroke';
}

/**
 * Trains in a process of its own, which asks for pictures one at a time. Its memory is watched from here,
 * since native memory is no part of the limit that the JavaScript engine keeps.
 * @throws TrainingFailed in one of its kinds, TrainingStopped when `signal` says so, TrainingBroke for
 *   anything else
 */
export async function trainInProcess(
  input: TrainingInput,
  progress: Progress = () => undefined,
  signal?: AbortSignal,
  options: RunnerOptions = {},
): Promise<Training> {
  const { memory, limit } = { ...defaults, ...options };
  const sets = {
    pictures: await collect(input.pictures),
    test: input.test === undefined ? undefined : await collect(input.test),
  };
  if (signal?.aborted === true) throw new TrainingStopped();
  const task: Task = {
    kind: 'train',
    pictures: sets.pictures.map(cardOf),
    ...(sets.test !== undefined && { test: sets.test.map(cardOf) }),
    seed: input.seed,
    features: input.features,
    ...(input.minimums !== undefined && { minimums: input.minimums }),
    now: input.now(),
  };
  const result = Promise.withResolvers<Training>();
  const stop = (): void => result.reject(new TrainingStopped());
  const child = startChild(
    {
      program: options.worker ?? beside(),
      argv: [workerTitle],
      heap: memory / 2,
      env: options.env,
      children: options.children,
    },
    (message: FromWorker) => {
      // A message to a process that has just ended is lost, and its end is already known.
      const tell = (reply: ToWorker): void => void child.send(reply).catch(() => undefined);
      switch (message.kind) {
        case 'ready':
          tell(task);
          break;
        case 'want':
          answer(message, sets).then(tell, result.reject);
          break;
        case 'progress':
          progress(message.stage, message.done);
          break;
        case 'trained':
          result.resolve(message.training);
          break;
        case 'failed':
          result.reject(
            Object.assign(failureOf(message.name, message.message), { details: message.details }),
          );
          break;
        case 'broken':
          result.reject(new TrainingBroke(message.message));
          break;
      }
    },
  );
  child.limit({ time: limit, memory, look: 500, clock });
  void child.ended.then((ending) => result.reject(failureOfEnding(ending)));
  signal?.addEventListener('abort', stop, { once: true });
  try {
    return await result.promise;
  } finally {
    signal?.removeEventListener('abort', stop);
    child.kill('the training is over');
  }
}

/** What ends for more memory than there may be ends so again; everything else is worth another try. */
const failureOfEnding = (ending: Ending): Error =>
  ending.how === 'killed' && ending.over === 'memory'
    ? new TrainingFailed(`Training cannot go on: ${ending.reason}. Use fewer or smaller images.`)
    : new TrainingBroke(`The training has no result: ${ending.reason}.`);

const beside = (): URL => new URL('./training-worker.ts', import.meta.url);

const cardOf = ({ id, place, label, mask }: LabelledPicture): PictureCard => ({
  id,
  label,
  ...(place !== undefined && { place }),
  ...(mask !== undefined && { colours: mask.colours }),
});

/** What will never be there is the worker's to tell, together with everything else that is unfit. */
async function answer(
  { request, set, index, what }: Want,
  sets: {
    readonly pictures: readonly LabelledPicture[];
    readonly test: readonly LabelledPicture[] | undefined;
  },
): Promise<ToWorker> {
  try {
    const picture = sets[set]?.[index];
    const bytes = await (what === 'mask' ? picture?.mask?.load() : picture?.load());
    if (bytes === undefined) throw new Error(`There is no ${what} ${index}.`);
    // A view of a larger buffer would travel with all of it.
    return { kind: 'bytes', request, bytes: Uint8Array.from(bytes) };
  } catch (error) {
    const final = error instanceof TrainingFailed;
    return { kind: 'unread', request, final, reason: final ? error.message : foreignReason(error) };
  }
}

/** Across the process's border an error is a name and a message. */
function failureOf(name: string, message: string): TrainingFailed {
  switch (name) {
    case 'MixedSizes':
      return new MixedSizes(message.replace(new MixedSizes().message, ''));
    case 'PicturesUnfit':
      return new PicturesUnfit(message);
    case 'PictureUnreadable':
      return new PictureUnreadable(message);
    case 'MaskUnusable':
      return new MaskUnusable(message);
    case 'TooFewPictures':
      return new TooFewPictures(message);
    default:
      return new TrainingFailed(message);
  }
}

async function collect<T>(items: AsyncIterable<T> | Iterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}
