import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import {
  CreateDatasetCommand,
  CreateModelCommand,
  CreateProjectCommand,
  DeleteModelCommand,
  DetectAnomaliesCommand,
  UpdateDatasetEntriesCommand,
} from '@aws-sdk/client-lookoutvision';
import type { Execution } from '../../lambdas/domain/ports.ts';
import { createSageMakerInventory } from '../../lambdas/engines/sagemaker/hosting/inventory.ts';
import { audit } from '../../lambdas/workflows/sweep/audit.ts';
import { sweep } from '../../lambdas/workflows/sweep/sweep.ts';
import { picture } from '../helpers/artifacts.ts';
import { TestDynamo } from '../helpers/dynamo.ts';
import { minutes } from '../helpers/fake-sagemaker/clock.ts';
import type { FakeSageMaker } from '../helpers/fake-sagemaker/fake.ts';
import { fakeOn, hostingOn, trainingOn } from '../helpers/fake-sagemaker/hosting.ts';
import { close, rowsOf, start, statusOf, stop } from '../helpers/flow.ts';
import { headAndText, textOf } from '../helpers/picture-heads.ts';
import { blankMask } from '../../lambdas/engines/sagemaker/training/manifest.ts';
import { walk, type Perform } from '../helpers/walk.ts';
import { World, type WorldOptions } from '../helpers/world.ts';

const model = { ProjectName: 'lids', ModelVersion: '1' };
const hour = 3600;

let dynamo: TestDynamo;
let world: World;
let fake: FakeSageMaker;
/** Executions that were started, and that nobody has carried out yet. */
let waiting: Execution[];

beforeAll(async () => {
  dynamo = await TestDynamo.start();
});
afterAll(() => dynamo.close());

async function open(settings: WorldOptions['settings'] = {}): Promise<void> {
  world = await World.open(dynamo, {
    settings,
    engine: (clock, objects) => {
      fake = fakeOn(clock);
      return hostingOn(fake, objects);
    },
    trainer: (objects) => trainingOn(fake, objects),
  });
  waiting = [];
  jest.spyOn(world.runner, 'start').mockImplementation((execution) => {
    waiting.push(execution);
    return Promise.resolve('started');
  });
  fake.container = (bytes) => {
    const isAnomalous = textOf(bytes).startsWith('an anomaly');
    return {
      body: JSON.stringify({ Source: { Type: 'direct' }, IsAnomalous: isAnomalous, Confidence: 0.9 }),
    };
  };
}

/**
 * A picture is what the fake container takes it for; the manifest calls its label something else, and turns
 * its values round.
 */
function line(kind: 'normal' | 'anomaly', number: number): string {
  const key = `${kind}/${number}.jpg`;
  world.objects.objects.set(
    `photos/${key}`,
    headAndText('image/jpeg', kind === 'anomaly' ? 'an anomaly' : 'nothing to be seen'),
  );
  world.objects.objects.set(`photos/masks/${number}.png`, blankMask);
  return JSON.stringify({
    'source-ref': `s3://photos/${key}`,
    'auto-label': kind === 'anomaly' ? 0 : 1,
    'auto-label-metadata': {
      'class-name': kind,
      'human-annotated': 'yes',
      type: 'groundtruth/image-classification',
      'creation-date': '2026-01-02T03:04:05',
    },
    ...(kind === 'anomaly' && {
      'auto-mask-ref': `s3://photos/masks/${number}.png`,
      'auto-mask-ref-metadata': {
        'internal-color-map': { 0: { 'class-name': 'cracked', 'hex-color': '#23A436' } },
        type: 'groundtruth/semantic-segmentation',
        'human-annotated': 'yes',
      },
    }),
  });
}

/** What was started is walked to its end, in turn; one that fails is left to the sweep. */
async function carryOut(perform?: Perform): Promise<string[][]> {
  const paths: string[][] = [];
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift())
    paths.push(await walk(world, next, perform).catch(() => ['died']));
  return paths;
}

async function sweepUntil(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let minute = 0; minute < 200; minute += 1) {
    if (await holds()) return;
    world.clock.advance(60);
    await sweep(world.context);
    await carryOut();
  }
  throw new Error(`in vain: ${JSON.stringify(await rowsOf(world))} ${fake.resources().join(' ')}`);
}

async function createDataset(): Promise<void> {
  await world.client.send(new CreateProjectCommand({ ProjectName: 'lids' }));
  const lines = [
    ...Array.from({ length: 20 }, (_, number) => line('normal', number)),
    ...Array.from({ length: 20 }, (_, number) => line('anomaly', number)),
  ];
  await world.objects.write({ bucket: 'photos', key: 'lids.manifest' }, Buffer.from(`${lines.join('\n')}\n`));
  const S3Object = { Bucket: 'photos', Key: 'lids.manifest' };
  await world.client.send(
    new CreateDatasetCommand({
      ProjectName: 'lids',
      DatasetType: 'train',
      DatasetSource: { GroundTruthManifest: { S3Object } },
    }),
  );
  await carryOut();
}

const createModel = () =>
  world.client.send(
    new CreateModelCommand({
      ProjectName: 'lids',
      OutputConfig: { S3Location: { Bucket: 'results', Prefix: 'out/' } },
      KmsKeyId: 'alias/lids',
    }),
  );
const deleteModel = () => world.client.send(new DeleteModelCommand(model));
const kept = (): string[] =>
  [...world.objects.objects.keys()].filter((path) => path.startsWith('artifacts/'));
const isGone = async (): Promise<boolean> =>
  (await world.store.models.get({ project: 'lids', version: '1' })) === undefined;
const looked = () =>
  audit(world.context, createSageMakerInventory({ sagemaker: fake.clients().sagemaker, stage: 'test' }));

/**
 * However a test ended, once the version is deleted nothing is left of it: nothing paid for, nothing kept,
 * nothing counted.
 */
async function leavesNothing(): Promise<void> {
  await deleteModel();
  await carryOut();
  await sweepUntil(isGone);
  expect([fake.resources(), kept()]).toEqual([[], []]);
  expect(fake.world.violations).toEqual([]);
  expect(await world.reserved()).toEqual({ used: 0, reserved: 0 });
  expect(await world.store.quotas.used('TRAINING_JOBS')).toBe(0);
}

beforeEach(async () => {
  await open();
  await createDataset();
});
afterEach(async () => {
  jest.restoreAllMocks();
  await close(world);
});

describe('the whole life of a model', () => {
  test('from its dataset to its last resource', async () => {
    await createModel();
    const seen: string[] = [];
    const [path] = await carryOut(async (_, once) => {
      const result = await once();
      const message = ((await world.describe(model)).StatusMessage ?? '').replace(
        /^The model is being trained\. ?/,
        '',
      );
      if (message !== seen.at(-1)) seen.push(message);
      expect((await looked()).unknown).toEqual([]);
      return result;
    });
    expect([...new Set(path)]).toEqual([
      'TakeExamples',
      'Train',
      'AwaitTraining',
      'ObserveTraining',
      'IsTrained',
      'MarkTrained',
      'CleanUp',
      'Done',
    ]);
    expect(seen).toEqual([
      '',
      'Waiting for an instance.',
      'Reading the images.',
      'Learning.',
      'Saving the model.',
      '',
      'SageMaker is making a model package of the training output.',
      '',
      'Evaluating the model.',
      '',
      expect.stringMatching(/^Training completed successfully\. F1 1\.00 is measured on /),
    ]);
    expect(await world.describe(model)).toMatchObject({
      Status: 'TRAINED',
      Performance: { F1Score: 1, Precision: 1, Recall: 1 },
      KmsKeyId: 'alias/lids',
    });

    const result = JSON.parse(
      Buffer.from(world.objects.objects.get('results/out/EvaluationResult-lids-1.json') ?? '').toString(),
    ) as Record<string, unknown>;
    expect(result['EvaluationDetails']).toMatchObject({
      NumberOfTrainingImages: 32,
      NumberOfTestingImages: 8,
    });
    const judged = Buffer.from(world.objects.objects.get('results/out/EvaluationManifest-lids-1.json') ?? '')
      .toString()
      .trim()
      .split('\n');
    expect(judged).toHaveLength(8);
    expect(
      judged
        .map((each) => JSON.parse(each) as Record<string, unknown>)
        .every((each) => each['auto-label'] === each['anomaly-label-detected']),
    ).toBe(true);
    expect(kept().every((at) => /\/(results\.json|output\/.*model\.tar\.gz)$/.test(at))).toBe(true);
    expect(fake.resources()).toHaveLength(1);

    await start(world, model);
    await carryOut();
    expect(await statusOf(world, model)).toBe('HOSTED');
    expect([...fake.world.models.values()].map(({ input }) => input['PrimaryContainer'])).toEqual([
      { ModelPackageName: [...fake.world.packages.keys()][0] },
    ]);
    const { DetectAnomalyResult } = await world.client.send(
      new DetectAnomaliesCommand({
        ...model,
        ContentType: 'image/jpeg',
        Body: await picture('white').jpeg().toBuffer(),
      }),
    );
    expect(DetectAnomalyResult).toMatchObject({ Source: { Type: 'direct' }, IsAnomalous: false });
    expect((await looked()).unknown).toEqual([]);
    await stop(world, model);
    await carryOut();
    await sweepUntil(async () => (await statusOf(world, model)) === 'TRAINED');
    await leavesNothing();
  });

  test('the algorithm learns from four fifths of the pictures, and from no other label than the right one', async () => {
    await createModel();
    await carryOut(async (state, once) => {
      const result = await once();
      if (state === 'Train' && fake.world.trainings.size === 1 && fake.world.transforms.size === 0) {
        const [at] = kept().filter((path) => path.endsWith('training/manifest.jsonl'));
        const lines = Buffer.from(world.objects.objects.get(at ?? '') ?? '')
          .toString()
          .trim()
          .split('\n')
          .map((each) => JSON.parse(each) as Record<string, unknown>);
        expect(lines.filter((each) => each['anomaly-label'] === 1)).toHaveLength(16);
        expect(lines.filter((each) => each['anomaly-label'] === 0)).toHaveLength(16);
      }
      return result;
    });
    expect([...fake.world.trainings.values()][0]?.input['HyperParameters']).toMatchObject({
      ModelType: 'segmentation',
    });
    await leavesNothing();
  });
});

describe('a training that fails', () => {
  test('in SageMaker is TRAINING_FAILED with a remedy, and leaves nothing that costs', async () => {
    fake.world.learning.outcome = {
      failed: 'CapacityError: Unable to provision requested ML compute capacity.',
    };
    await createModel();
    await carryOut();
    expect(await world.describe(model)).toMatchObject({
      Status: 'TRAINING_FAILED',
      StatusMessage: expect.stringMatching(/^AWS has no ml\.g4dn\.2xlarge instances free/),
    });
    expect([fake.resources(), kept()]).toEqual([[], []]);
    await leavesNothing();
  });

  test('by its deadline stops the job, and waits until it has stopped', async () => {
    await close(world);
    await open({ times: { ...world.settings.times, train: 600 } });
    await createDataset();
    fake.world.learning.training = minutes(60);
    await createModel();
    const [path] = await carryOut(async (state, once) => {
      if (state === 'CleanUp') fake.clock.pass(10_000);
      return once();
    });
    expect(await world.describe(model)).toMatchObject({
      Status: 'TRAINING_FAILED',
      StatusMessage: expect.stringMatching(/^The training took longer than 10 minutes/),
    });
    expect(path?.at(-1)).toBe('Done');
    expect([...fake.world.trainings.values()].map(({ status }) => status)).toEqual(['Stopped']);
    expect(fake.resources()).toEqual([]);
    await leavesNothing();
  });

  test('while its package is made is deleted when the package may be', async () => {
    await close(world);
    await open({ times: { ...world.settings.times, train: 600 } });
    await createDataset();
    fake.world.packaging.takes = minutes(20);
    await createModel();
    await carryOut();
    expect(await statusOf(world, model)).toBe('TRAINING_FAILED');
    await deleteModel();
    await carryOut();
    // SageMaker does not let go of what it is making
    expect([await isGone(), fake.resources().length]).toEqual([false, 1]);
    await sweepUntil(isGone);
    expect([fake.resources(), kept()]).toEqual([[], []]);
  });

  test('and is deleted before anybody cleaned up is gone only when its job has stopped', async () => {
    await createModel();
    await carryOut(async (state, once) => {
      if (state === 'CleanUp') throw new Error('the account is out of concurrency');
      if (state === 'ObserveTraining') throw Object.assign(new Error('enough'), { name: 'EngineFailed' });
      return once();
    });
    expect(await statusOf(world, model)).toBe('TRAINING_FAILED');
    expect(fake.resources()).toHaveLength(1);
    await deleteModel();
    await carryOut();
    expect([await isGone(), [...fake.world.trainings.values()].map(({ status }) => status)]).toEqual([
      false,
      ['Stopping'],
    ]);
    await sweepUntil(isGone);
    expect([fake.resources(), kept()]).toEqual([[], []]);
  });
});

describe('a version that is deleted before anybody cleaned up after its training', () => {
  /** @returns what was asked of SageMaker after the version had gone */
  async function deletedBeforeCleanUp(): Promise<string[]> {
    const asked: string[] = [];
    await createModel();
    await carryOut(async (state, once) => {
      if (state !== 'CleanUp') return once();
      await deleteModel();
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await walk(world, next);
      await sweepUntil(isGone);
      fake.takeOperations();
      const result = await once();
      asked.push(...fake.takeOperations());
      return result;
    });
    expect([fake.resources(), kept(), await isGone()]).toEqual([[], [], true]);
    return asked;
  }

  test('is looked for under its own name, that of its birth', async () => {
    expect(await deletedBeforeCleanUp()).toEqual([
      'DescribeTrainingJob',
      'DescribeTransformJob',
      'DescribeTransformJob',
      'DescribeModel',
    ]);
  });

  test('is not looked for at all if it failed before its first look: whoever deleted it did that', async () => {
    world.objects.objects.delete('photos/normal/0.jpg');
    for (let number = 1; number < 20; number += 1)
      world.objects.objects.delete(`photos/normal/${number}.jpg`);
    expect(await deletedBeforeCleanUp()).toEqual([]);
  });
});

describe('a training whose tasks die', () => {
  test.each(['TakeExamples', 'Train', 'ObserveTraining', 'MarkTrained'])(
    'with their execution, in %s, is taken over, and trains one model',
    async (where) => {
      await createModel();
      let times = 0;
      let dead = false;
      await carryOut(async (state, once) => {
        if (dead) throw new Error('the account is out of concurrency');
        const result = await once();
        // The second time, where there is one: in the middle of things.
        if (state === where && (times += 1) === (['Train', 'ObserveTraining'].includes(where) ? 2 : 1))
          dead = true;
        if (dead) throw new Error('killed');
        return result;
      });
      // What becomes of the dataset meanwhile is no concern of this version.
      await world.client.send(
        new UpdateDatasetEntriesCommand({
          ProjectName: 'lids',
          DatasetType: 'train',
          Changes: Buffer.from(line('normal', 99)),
        }),
      );
      await sweepUntil(async () => (await statusOf(world, model)) === 'TRAINED');
      expect([fake.world.trainings.size, fake.world.packages.size, fake.world.transforms.size]).toEqual([
        1, 1, 1,
      ]);
      const result = JSON.parse(
        Buffer.from(world.objects.objects.get('results/out/EvaluationResult-lids-1.json') ?? '').toString(),
      ) as Record<string, unknown>;
      expect(result['EvaluationDetails']).toMatchObject({
        NumberOfTrainingImages: 32,
        NumberOfTestingImages: 8,
      });
      await leavesNothing();
    },
  );

  test('of every call to SageMaker for an hour is late, and nothing else', async () => {
    fake.inject('*', 'throttled', { times: Infinity });
    await createModel();
    await carryOut();
    for (let minute = 0; minute < hour / 60; minute += 10) {
      world.clock.advance(600);
      await sweep(world.context);
      await carryOut();
    }
    expect(await statusOf(world, model)).toBe('TRAINING');
    fake.heal();
    await sweepUntil(async () => (await statusOf(world, model)) === 'TRAINED');
    await leavesNothing();
  });
});
