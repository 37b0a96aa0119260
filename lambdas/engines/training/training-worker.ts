/**
 * The process in which a model is trained: learning takes all of a core and most of a gigabyte, and the API
 * must not wait for it. It is forked, says `ready`, takes one task, and ends when its channel does, which is
 * when its parent is gone.
 */
import { Worker } from 'node:worker_threads';
import sharp from 'sharp';
import { TrainingFailed } from '../../vision/fitting/failures.ts';
import { checkPictures } from '../../vision/pictures/check-pictures.ts';
import type { LabelledPicture } from '../../vision/pictures/training-pictures.ts';
import type { FromWorker, PictureCard, Task, ToWorker, Want } from './training-protocol.ts';
import { train } from '../../vision/fitting/train.ts';

// While a graph runs nobody on this thread sees the channel close. This other thread sees that the parent has
// changed.
const watch = `
  const parent = process.ppid;
  setInterval(() => { if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL'); }, 1000);
`;
sharp.cache(false);
sharp.concurrency(1);
new Worker(watch, {
  eval: true,
  resourceLimits: { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 1 },
}).unref();
process.on('disconnect', () => process.exit(0));

interface Waiting {
  resolve(bytes: Uint8Array): void;
  reject(error: Error): void;
}
const waiting = new Map<number, Waiting>();
let requests = 0;

const say = (message: FromWorker): Promise<void> =>
  new Promise((resolve, reject) => {
    process.send?.(message, (error: Error | null) => {
      if (error === null) resolve();
      else reject(error);
    });
  });

process.on('message', (message: ToWorker) => {
  if (message.kind === 'train') {
    void work(message);
    return;
  }
  const reader = waiting.get(message.request);
  waiting.delete(message.request);
  if (message.kind === 'bytes') reader?.resolve(message.bytes);
  else reader?.reject(new (message.final ? TrainingFailed : Error)(message.reason));
});
void say({ kind: 'ready' });

async function work(task: Task): Promise<void> {
  try {
    let told = 0;
    const pictures = task.pictures.map((card, index) => pictureOf(card, 'pictures', index));
    const test = task.test?.map((card, index) => pictureOf(card, 'test', index));
    await checkPictures([...pictures, ...(test ?? [])]);
    const training = await train(
      {
        pictures,
        ...(test !== undefined && { test }),
        seed: task.seed,
        features: task.features,
        ...(task.minimums !== undefined && { minimums: task.minimums }),
        now: () => task.now,
      },
      (stage, done) => {
        // A few messages a second are plenty; the last of a stage always goes.
        if (done < 1 && performance.now() - told < 250) return;
        told = performance.now();
        void say({ kind: 'progress', stage, done });
      },
    );
    await say({ kind: 'trained', training });
  } catch (error) {
    if (error instanceof TrainingFailed)
      await say({ kind: 'failed', name: error.name, message: error.message, details: error.details });
    else await say({ kind: 'broken', message: error instanceof Error ? error.message : String(error) });
  }
  process.exit(0);
}

function pictureOf(
  { id, place, label, colours }: PictureCard,
  set: Want['set'],
  index: number,
): LabelledPicture {
  const fetch = (what: Want['what']) => (): Promise<Uint8Array> =>
    new Promise((resolve, reject) => {
      const request = requests++;
      waiting.set(request, { resolve, reject });
      say({ kind: 'want', request, set, index, what }).catch(reject);
    });
  return {
    id,
    label,
    ...(place !== undefined && { place }),
    load: fetch('picture'),
    ...(colours !== undefined && { mask: { colours, load: fetch('mask') } }),
  };
}
