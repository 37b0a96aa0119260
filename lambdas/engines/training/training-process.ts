import { fork, type ChildProcess } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import {
  MaskUnusable,
  MixedSizes,
  PictureUnreadable,
  TooFewPictures,
  TrainingFailed,
  TrainingStopped,
} from '../../vision/fitting/failures.ts';
import type { LabelledPicture } from '../../vision/pictures/training-pictures.ts';
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
  readonly children?: { register(pid: number): void; unregister(pid: number): void };
}

const defaults = { memory: 3 * 1024 ** 3, limit: 60 * 60 * 1000 } as const;
const megabyte = 1024 ** 2;

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
  const child = fork(options.worker ?? beside(), [workerTitle], {
    execArgv: [
      '--disable-warning=ExperimentalWarning',
      `--max-old-space-size=${Math.round(memory / 2 / megabyte)}`,
    ],
    // Nothing of the host's environment is the business of a process that decodes strangers' pictures.
    env: { ...options.env },
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const endings: (() => void)[] = [];
  const { pid } = child;
  if (pid !== undefined) {
    options.children?.register(pid);
    child.once('exit', () => options.children?.unregister(pid));
  }
  try {
    return await new Promise<Training>((resolve, reject) => {
      const stop = (): void => reject(new TrainingStopped());
      signal?.addEventListener('abort', stop, { once: true });
      const timer = setTimeout(
        () => reject(new TrainingBroke(`The training took longer than ${Math.round(limit / 1000)} s.`)),
        limit,
      );
      const watch = setInterval(
        () =>
          void residentMemory(child).then((bytes) => {
            if (bytes > memory)
              reject(
                new TrainingFailed(
                  `Training needs more than ${Math.round(memory / megabyte)} MB of memory; use fewer or smaller images.`,
                ),
              );
          }),
        500,
      );
      endings.push(
        () => signal?.removeEventListener('abort', stop),
        () => clearTimeout(timer),
        () => clearInterval(watch),
      );
      child.on('error', reject);
      child.on('exit', (code, by) =>
        reject(
          new TrainingBroke(
            `The training process ended without a result (${by ?? `code ${code ?? 'unknown'}`}).`,
          ),
        ),
      );
      child.on('message', (message: FromWorker) => {
        switch (message.kind) {
          case 'ready':
            tell(child, task);
            break;
          case 'want':
            answer(message, sets).then((reply) => tell(child, reply), reject);
            break;
          case 'progress':
            progress(message.stage, message.done);
            break;
          case 'trained':
            resolve(message.training);
            break;
          case 'failed':
            reject(failureOf(message.name, message.message));
            break;
          case 'broken':
            reject(new TrainingBroke(message.message));
            break;
        }
      });
    });
  } finally {
    for (const end of endings) end();
    child.kill('SIGKILL');
  }
}

const beside = (): string => fileURLToPath(new URL('training-worker.ts', import.meta.url));

const cardOf = ({ id, type, label, mask }: LabelledPicture): PictureCard => ({
  id,
  type,
  label,
  ...(mask !== undefined && { colours: mask.colours }),
});

/** A message to a process that has just ended is lost, and its end is already known by the event. */
function tell(child: ChildProcess, message: ToWorker): void {
  if (child.connected) child.send(message, () => undefined);
}

/** @throws TrainingFailed for what will never be there: nothing is gained by another try */
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
    if (error instanceof TrainingFailed) throw error;
    return { kind: 'unread', request, reason: error instanceof Error ? error.message : String(error) };
  }
}

/** Across the process's border an error is a name and a message. */
function failureOf(name: string, message: string): TrainingFailed {
  switch (name) {
    case 'MixedSizes':
      return new MixedSizes();
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

/** Of the process, in bytes; 0 where the system does not tell. */
async function residentMemory({ pid }: ChildProcess): Promise<number> {
  if (pid === undefined) return 0;
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
}

async function collect<T>(items: AsyncIterable<T> | Iterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}
