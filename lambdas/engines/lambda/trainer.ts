import { InvokeCommand } from '@aws-sdk/client-lambda';
import type { Clock, ObjectStore } from '../../domain/ports.ts';
import { EngineFailed } from '../engine.ts';
import type { VersionKey } from '../names.ts';
import type { Trainer, TrainingObservation, TrainingRef, TrainingSpec } from '../trainer.ts';
import { noteOf, resultsAt } from '../training/progress.ts';
import { artifactFiles } from '../../vision/inference/artifact.ts';
import type { LambdaAccount } from './options.ts';
import {
  controlPrefix,
  failureAt,
  heartbeatAt,
  isAlive,
  isAtWork,
  nextOrder,
  orderAt,
  readJson,
  writeJson,
  type Heartbeat,
  type Order,
  type Place,
  type TrainerEvent,
} from './training-control.ts';

export interface LambdaTrainerOptions extends Pick<LambdaAccount, 'lambda'>, Place {
  readonly objects: Pick<ObjectStore, 'read' | 'write' | 'removeAll'>;
  readonly clock: Clock;
  /** The function that trains: its name or ARN. */
  readonly functionName: string;
}

/**
 * How many images fit a training of 15 minutes. A training looks closely at 600 of them at most, and reads
 * the others from S3 to see that they have the same size; every test image is judged.
 */
export const mostImages = { train: 4000, test: 1000 } as const;

/** A function that ends without a result so often has no luck to wait for. */
const mostOrders = 3;

/**
 * Trains in one invocation of a function. Ordering is asynchronous; what was ordered, how far it has got
 * and what came of it are objects, so that a training is ordered once an attempt, taken over when its
 * function has died, and ended when it is no longer wanted.
 */
export const createLambdaTrainer = (options: LambdaTrainerOptions): Trainer => ({
  artifacts: options.artifacts,
  start: (spec) => start(options, spec),
  observe: (training) => observe(options, training),
  stop: (training) => endTraining(options, training.model),
});

async function start(options: LambdaTrainerOptions, spec: TrainingSpec): Promise<void> {
  const { objects, clock, lambda, functionName } = options;
  const { model } = spec;
  if ((await objects.read(resultsAt(spec))) !== undefined) return;
  if ((await objects.read(failureAt(options, model))) !== undefined) return;
  const order = await readJson<Order>(objects, orderAt(options, model));
  if (order?.stopped === true) return;
  const heartbeat = await readJson<Heartbeat>(objects, heartbeatAt(options, model));
  if (order === undefined) await checkSize(options, spec);
  else if (isAlive(order, heartbeat, clock.now())) return;
  const next = nextOrder(order, heartbeat, clock.now());
  const { n } = next;
  if (n > mostOrders) {
    await writeJson(objects, failureAt(options, model), {
      reason:
        `The training function ended ${mostOrders} times without a result. Train with fewer or smaller ` +
        "images; if that fails too, look into the trainer's log.",
    });
    return;
  }
  // First: an event that finds no order of its number does nothing.
  await writeJson(objects, orderAt(options, model), next);
  const event: TrainerEvent = { spec, n };
  try {
    await lambda.send(
      new InvokeCommand({
        FunctionName: functionName,
        InvocationType: 'Event',
        Payload: Buffer.from(JSON.stringify(event)),
      }),
    );
  } catch (error) {
    // It may have got through: then a function is at work, and is found to be. If not, it is told again.
    const now = await readJson<Order>(objects, orderAt(options, model));
    if (now?.n === n && now.stopped !== true)
      await writeJson(objects, orderAt(options, model), { ...next, sentAt: 0 } satisfies Order);
    throw error;
  }
}

async function checkSize({ objects }: LambdaTrainerOptions, { examples }: TrainingSpec): Promise<void> {
  for (const set of ['train', 'test'] as const) {
    const bytes = await objects.read(examples[set]);
    const images = Buffer.from(bytes ?? [])
      .toString()
      .split('\n')
      .filter((line) => line !== '').length;
    if (images <= mostImages[set]) continue;
    throw new EngineFailed(
      `The ${set === 'train' ? 'training' : 'test'} set has ${images} images, and a training in a Lambda ` +
        `function, which has 15 minutes, takes up to ${mostImages[set]}. Train with fewer images, or on a ` +
        'stage that trains with SageMaker.',
    );
  }
}

async function observe(options: LambdaTrainerOptions, training: TrainingRef): Promise<TrainingObservation> {
  const { objects, clock } = options;
  const results = resultsAt(training);
  // A training of SageMaker has such results too, and no artifact of this format.
  const { bucket, prefix } = training.workspace;
  const manifest = { bucket, key: `${prefix}${artifactFiles.manifest}` };
  if ((await objects.read(results)) !== undefined && (await objects.read(manifest)) !== undefined)
    return { state: 'trained', artifact: { ...training.workspace, format: 'onnx' }, results };
  const failure = await readJson<{ readonly reason: string }>(objects, failureAt(options, training.model));
  if (failure !== undefined) return { state: 'failed', reason: failure.reason };
  const order = await readJson<Order>(objects, orderAt(options, training.model));
  const heartbeat = await readJson<Heartbeat>(objects, heartbeatAt(options, training.model));
  if (order === undefined || order.stopped === true || !isAlive(order, heartbeat, clock.now()))
    return { state: 'missing' };
  return {
    state: 'running',
    note: heartbeat?.n === order.n ? noteOf(heartbeat) : 'The training function is being started.',
  };
}

/** So often, and after so many milliseconds each time, it is looked whether the function has ended. */
const looks = { times: 10, wait: 2000 } as const;

/**
 * Ends what trains a version, and removes what nobody needs then.
 * @throws Error while the function is still at work; another call goes on
 */
export async function endTraining(
  options: Pick<LambdaTrainerOptions, 'objects' | 'clock' | 'stage' | 'artifacts'>,
  model: VersionKey,
): Promise<void> {
  const { objects, clock } = options;
  const order = await readJson<Order>(objects, orderAt(options, model));
  if (order !== undefined) {
    const isOver = async (): Promise<boolean> =>
      !isAtWork(order, await readJson<Heartbeat>(objects, heartbeatAt(options, model)), clock.now());
    let over = await isOver();
    if (!over) {
      await writeJson(objects, orderAt(options, model), { ...order, stopped: true } satisfies Order);
      for (let look = 0; look < looks.times && !over; look += 1) {
        await clock.sleep(looks.wait);
        over = await isOver();
      }
    }
    if (!over) throw new Error(`The training of ${model.project}/${model.version} is still being ended.`);
  }
  await objects.removeAll(options.artifacts.bucket, controlPrefix(options, model));
}
