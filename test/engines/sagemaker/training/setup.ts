import type {
  TrainingExample,
  Trainer,
  TrainingObservation,
  TrainingResults,
  TrainingSpec,
} from '../../../../lambdas/engines/trainer.ts';
import type { PictureType } from '../../../../lambdas/domain/verdict.ts';
import type { SageMakerTrainerOptions } from '../../../../lambdas/engines/sagemaker/training/options.ts';
import { MemoryObjects } from '../../../helpers/artifacts.ts';
import { minutes } from '../../../helpers/fake-sagemaker/clock.ts';
import { FakeSageMaker } from '../../../helpers/fake-sagemaker/fake.ts';
import { trainingOn } from '../../../helpers/fake-sagemaker/hosting.ts';
import { headAndText, textOf } from '../../../helpers/picture-heads.ts';
import { persistently } from '../../../helpers/persistently.ts';

export const spec = (more: Partial<TrainingSpec> = {}): TrainingSpec => ({
  id: '0mf3k2xq9v7d1t5r8w4yzabcd',
  model: { project: 'lids', version: '3', createdAt: 1_767_600_000_000 },
  segmentation: false,
  workspace: { bucket: 'artifacts', prefix: 'lids/3-0mf3k2xq9v7d1t5r8w4yzabcd/' },
  examples: {
    train: { bucket: 'artifacts', key: 'lids/3-op/examples/train.jsonl' },
    test: { bucket: 'artifacts', key: 'lids/3-op/examples/test.jsonl' },
  },
  ...more,
});

/** sha256 of `lids/3@1767600000000`, the first 25 digits. */
export const name = 'cn-test-b112ed62f9d063c0e4b14e975';

export const example = (
  key: string,
  label: 'normal' | 'anomaly',
  mask?: TrainingExample['mask'],
): TrainingExample => ({
  source: `s3://pictures/${key}`,
  label,
  line: { 'source-ref': `s3://pictures/${key}` },
  ...(mask !== undefined && { mask }),
});

export const lines = (values: readonly unknown[]): Uint8Array =>
  Buffer.from(values.map((value) => `${JSON.stringify(value)}\n`).join(''));

/** Whether a picture is anomalous is its content, which the container of these tests reads back. */
const container = (picture: Uint8Array) => {
  const [verdict = '', confidence = ''] = textOf(picture).split(' ');
  return {
    body: JSON.stringify({
      Source: { Type: 'direct' },
      IsAnomalous: verdict === 'anomaly',
      Confidence: Number(confidence),
    }),
  };
};

/** A picture with a text, of the type that its name says, unless another is given. */
export const put = (
  { objects }: MemoryObjects,
  path: string,
  text: string,
  type: PictureType = /\.png$/i.test(path) ? 'image/png' : 'image/jpeg',
): void => void objects.set(path, headAndText(type, text));

export interface Setting {
  readonly fake: FakeSageMaker;
  readonly objects: MemoryObjects;
  readonly trainer: Trainer;
}

/**
 * Test pictures of both types: two anomalies, of which one is taken for normal, and two normal ones, rightly
 * judged.
 */
export const test4 = [
  ['t/1.jpg', 'anomaly', 'anomaly 0.9'],
  ['t/2.PNG', 'anomaly', 'normal 0.6'],
  ['t/3.jpeg', 'normal', 'normal 0.8'],
  ['t/4.png', 'normal', 'normal 0.7'],
] as const;

export function setUp(more: Partial<SageMakerTrainerOptions> = {}, objects = new MemoryObjects()): Setting {
  const fake = new FakeSageMaker();
  fake.container = container;
  const train = [example('1.jpg', 'normal'), example('2.jpg', 'anomaly'), example('3.jpg', 'normal')];
  for (const { source } of train) put(objects, source.replace('s3://', ''), 'a picture');
  for (const [key, , content] of test4) put(objects, `pictures/${key}`, content);
  objects.objects.set('artifacts/lids/3-op/examples/train.jsonl', lines(train));
  objects.objects.set(
    'artifacts/lids/3-op/examples/test.jsonl',
    lines(test4.map(([key, label]) => example(key, label))),
  );
  return { fake, objects, trainer: trainingOn(fake, objects, more) };
}

/**
 * As the workflow does it: looks, orders what is missing, and waits a minute. @returns what was seen, each
 * once
 */
export async function walk(
  { fake, trainer }: Setting,
  training = spec(),
  most = 60,
): Promise<TrainingObservation[]> {
  const seen: TrainingObservation[] = [];
  await persistently(() => trainer.start(training));
  for (let round = 0; round < most; round += 1) {
    const now = await persistently(() => trainer.observe(training));
    if (JSON.stringify(now) !== JSON.stringify(seen.at(-1))) seen.push(now);
    if (now.state === 'trained' || now.state === 'failed') return seen;
    if (now.state === 'missing') await persistently(() => trainer.start(training));
    fake.clock.pass(minutes(1));
  }
  throw new Error(`still ${JSON.stringify(seen.at(-1))}`);
}

export const resultsOf = (
  { objects }: Setting,
  { workspace: { bucket, prefix } } = spec(),
): TrainingResults =>
  JSON.parse(
    Buffer.from(objects.objects.get(`${bucket}/${prefix}results.json`) ?? '').toString(),
  ) as TrainingResults;

/** What is in a workspace, in order. */
export const held = ({ objects }: Setting, { workspace: { bucket, prefix } } = spec()): string[] =>
  [...objects.objects.keys()]
    .filter((path) => path.startsWith(`${bucket}/${prefix}`))
    .map((path) => path.slice(`${bucket}/${prefix}`.length))
    .sort();

/** What an act that must fail failed of. */
export const failure = (act: Promise<unknown>): Promise<Error> =>
  act.then(
    () => new Error('nothing failed'),
    (error: unknown) => error as Error,
  );
