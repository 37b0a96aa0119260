import { describe, expect, test } from '@jest/globals';
import {
  CreateDatasetCommand,
  CreateModelCommand,
  CreateProjectCommand,
  DeleteDatasetCommand,
  DeleteModelCommand,
  DescribeModelCommand,
  ListTagsForResourceCommand,
  StartModelCommand,
  type CreateModelCommandInput,
} from '@aws-sdk/client-lookoutvision';
import { scan } from '../../lambdas/local/execution-memory.ts';
import { refusal } from '../helpers/refusal.ts';
import { testService } from '../helpers/service.ts';
import type { World } from '../helpers/world.ts';

const service = testService();

/** Lines of a manifest: so many pictures of each kind. */
function manifest(normal: number, anomaly: number, mask = false): Uint8Array {
  const label = (kind: 'normal' | 'anomaly', index: number): string =>
    JSON.stringify({
      'source-ref': `s3://photos/${kind}-${index}.jpg`,
      'anomaly-label': kind === 'anomaly' ? 1 : 0,
      'anomaly-label-metadata': {
        'class-name': kind,
        'human-annotated': 'yes',
        type: 'groundtruth/image-classification',
        'creation-date': '2026-01-02T03:04:05',
      },
      ...(mask &&
        kind === 'anomaly' && {
          'anomaly-mask-ref': `s3://photos/mask-${index}.png`,
          'anomaly-mask-ref-metadata': {
            'internal-color-map': { 0: { 'class-name': 'cracked', 'hex-color': '#23A436' } },
            type: 'groundtruth/semantic-segmentation',
            'human-annotated': 'yes',
          },
        }),
    });
  const lines = [
    ...Array.from({ length: normal }, (_, index) => label('normal', index)),
    ...Array.from({ length: anomaly }, (_, index) => label('anomaly', index)),
  ];
  return Buffer.from(`${lines.join('\n')}\n`);
}

async function project(
  world: World,
  sets: Partial<Record<'train' | 'test', Uint8Array>>,
  ProjectName = 'parts',
): Promise<string> {
  await world.client.send(new CreateProjectCommand({ ProjectName }));
  for (const [DatasetType, bytes] of Object.entries(sets)) {
    await world.objects.write({ bucket: 'photos', key: `${ProjectName}-${DatasetType}.manifest` }, bytes);
    await world.client.send(
      new CreateDatasetCommand({
        ProjectName,
        DatasetType,
        DatasetSource: {
          GroundTruthManifest: {
            S3Object: { Bucket: 'photos', Key: `${ProjectName}-${DatasetType}.manifest` },
          },
        },
      }),
    );
  }
  await world.settle();
  return ProjectName;
}

const create = (world: World, more: Partial<CreateModelCommandInput> = {}, ProjectName = 'parts') =>
  world.client.send(
    new CreateModelCommand({
      ProjectName,
      OutputConfig: { S3Location: { Bucket: 'results', Prefix: 'out/' } },
      ...more,
    }),
  );

const describeModel = async (world: World, ModelVersion = '1') =>
  (await world.client.send(new DescribeModelCommand({ ProjectName: 'parts', ModelVersion })))
    .ModelDescription;

const text = async (world: World, bucket: string, key: string): Promise<string> =>
  Buffer.from((await world.objects.read({ bucket, key })) ?? '').toString();

const trainings = (world: World): Promise<number> => world.store.quotas.used('TRAINING_JOBS');

describe('a training', () => {
  test('is answered with version 1 in TRAINING, and ends in TRAINED with figures, files, key and tags', async () => {
    const world = await service.open();
    await project(world, { train: manifest(30, 20, true) });
    world.trainer.born = { state: 'running', note: 'Learning: 40 %.' };
    const { ModelMetadata } = await create(world, {
      Description: 'first',
      KmsKeyId: 'alias/parts',
      Tags: [{ Key: 'line', Value: '4' }],
    });
    expect(ModelMetadata).toMatchObject({
      ModelVersion: '1',
      Status: 'TRAINING',
      StatusMessage: 'The model is being trained.',
      Description: 'first',
    });
    expect(await trainings(world)).toBe(1);
    while (world.trainer.calls.filter((call) => call.startsWith('observe')).length < 2)
      await new Promise((resolve) => {
        setTimeout(resolve, 5);
      });
    expect(await describeModel(world)).toMatchObject({
      Status: 'TRAINING',
      StatusMessage: 'The model is being trained. Learning: 40 %.',
    });
    expect(await describeModel(world)).not.toHaveProperty('Performance');

    const model = await world.store.models.get({ project: 'parts', version: '1' });
    const {
      operation: { id },
      createdAt,
    } = model ?? { operation: { id: '' }, createdAt: 0 };
    const workspace = { bucket: 'artifacts', prefix: `parts/1-${id}/` };
    const at = (name: string) => ({ bucket: 'artifacts', key: `${workspace.prefix}examples/${name}.jsonl` });
    await world.trainer.finish({
      id,
      model: { project: 'parts', version: '1', createdAt },
      segmentation: true,
      workspace,
      examples: { train: at('train'), test: at('test') },
    });
    await world.settle();

    expect(await describeModel(world)).toMatchObject({
      Status: 'TRAINED',
      StatusMessage: expect.stringMatching(
        /^Training completed successfully\. F1 1\.00 is measured on 10 test images, 4 of them anomalies: its 95 % /,
      ),
      Performance: { F1Score: 1, Precision: 1, Recall: 1 },
      KmsKeyId: 'alias/parts',
      OutputConfig: { S3Location: { Bucket: 'results', Prefix: 'out/' } },
      EvaluationManifest: { Bucket: 'results', Key: 'out/EvaluationManifest-parts-1.json' },
      EvaluationResult: { Bucket: 'results', Key: 'out/EvaluationResult-parts-1.json' },
      EvaluationEndTimestamp: new Date('2026-01-15T12:30:00Z'),
    });
    expect(await trainings(world)).toBe(0);
    const { Tags } = await world.client.send(
      new ListTagsForResourceCommand({ ResourceArn: ModelMetadata?.ModelArn ?? '' }),
    );
    expect(Tags).toEqual([{ Key: 'line', Value: '4' }]);
    expect([...world.objects.objects.keys()].filter((key) => key.includes('examples/'))).toEqual([]);
  });

  test('of a single dataset holds a fifth of each kind out, and judges the model by nothing else', async () => {
    const world = await service.open();
    await project(world, { train: manifest(30, 20) });
    await create(world);
    await world.settle();
    const lines = (await text(world, 'results', 'out/EvaluationManifest-parts-1.json'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines).toHaveLength(10);
    expect(lines.filter((line) => line['anomaly-label'] === 1)).toHaveLength(4);
    expect(lines[0]).toMatchObject({
      'source-ref-metadata': { 'creation-date': '2026-01-15T12:30:00.000' },
      'anomaly-label-detected-metadata': {
        type: 'groundtruth/image-classification',
        'human-annotated': 'no',
        'job-name': 'training-job/anomaly-detection',
        confidence: 0.9,
        'model-arn': 'arn:aws:lookoutvision:us-east-1:111122223333:model/parts/1',
        'project-name': 'parts',
        'model-version': '1',
      },
    });
    expect(lines.every((line) => line['anomaly-label-detected'] === line['anomaly-label'])).toBe(true);
    expect(JSON.parse(await text(world, 'results', 'out/EvaluationResult-parts-1.json'))).toEqual({
      Version: 1,
      EvaluationDetails: {
        ModelArn: 'arn:aws:lookoutvision:us-east-1:111122223333:model/parts/1',
        EvaluationEndTimestamp: '2026-01-15T12:30:00.000',
        NumberOfTrainingImages: 40,
        NumberOfTestingImages: 10,
      },
      AggregatedEvaluationResults: {
        Metrics: { ROCAUC: 1, AveragePrecision: 1, Precision: 1, Recall: 1, F1Score: 1 },
      },
      Reliability: {
        NumberOfNormalTestingImages: 6,
        NumberOfAnomalousTestingImages: 4,
        F1ScoreInterval: { Level: 0.95, Low: expect.closeTo(0.676, 2), High: 1 },
        Notes: [],
      },
    });
  });

  test('with a test dataset learns from all of the train dataset', async () => {
    const world = await service.open();
    await project(world, { train: manifest(12, 0), test: manifest(10, 10) });
    await create(world);
    await world.settle();
    expect(JSON.parse(await text(world, 'results', 'out/EvaluationResult-parts-1.json'))).toMatchObject({
      EvaluationDetails: { NumberOfTrainingImages: 12, NumberOfTestingImages: 20 },
    });
  });

  test('of too few images of an anomaly type fails before it begins', async () => {
    const world = await service.open();
    await project(world, { train: manifest(30, 19, true) });
    await create(world);
    await world.settle();
    expect(await describeModel(world)).toMatchObject({
      Status: 'TRAINING_FAILED',
      StatusMessage:
        'The datasets do not suffice to train a segmentation model: ' +
        'the train dataset has 19 images with a mask of the anomaly type cracked, and at least 20 are needed. Add such images, or leave the masks out to train a classification model.',
    });
    expect([world.trainer.calls.filter((call) => call.startsWith('start')), await trainings(world)]).toEqual([
      [],
      0,
    ]);
  });

  test('that fails says why, has no figures, gives its place back, and leaves nothing', async () => {
    const world = await service.open();
    await project(world, { train: manifest(20, 10) });
    world.trainer.born = { state: 'failed', reason: 'Images in the dataset must have the same dimensions.' };
    await create(world);
    await world.settle();
    const description = await describeModel(world);
    expect(description).toMatchObject({
      Status: 'TRAINING_FAILED',
      StatusMessage: 'Images in the dataset must have the same dimensions.',
    });
    expect(description).not.toHaveProperty('Performance');
    expect(await trainings(world)).toBe(0);
    expect(world.trainer.jobs.size).toBe(0);
    await world.client.send(new DeleteModelCommand({ ProjectName: 'parts', ModelVersion: '1' }));
    await world.settle();
    await create(world);
    await world.settle();
    expect((await world.store.models.highest('parts'))?.version).toBe('2'); // no version is used twice
  });

  test('that a host which died had begun starts over, and never ends in two versions', async () => {
    const world = await service.open();
    await project(world, { train: manifest(20, 10) });
    world.trainer.born = { state: 'running' };
    await create(world);
    while (world.trainer.jobs.size === 0)
      await new Promise((resolve) => {
        setTimeout(resolve, 5);
      });
    for (const name of world.runner.names()) world.runner.abort(name);
    await world.settle();
    world.trainer.jobs.clear(); // the trainer's process died with the host
    world.trainer.born = 'done';
    await world.sweepAfter(200);
    expect(await describeModel(world)).toMatchObject({ Status: 'TRAINED', ModelVersion: '1' });
    const versions = [];
    for await (const row of scan(world.dynamo.client, world.tableName))
      if (String(row['sk']).startsWith('MODEL#')) versions.push(row['version']);
    expect(versions).toEqual(['1']);
    expect(await trainings(world)).toBe(0);
  });

  test('that takes too long fails after its deadline, by the sweep if no execution runs', async () => {
    const times = {
      delivery: 60,
      start: 600,
      import: 600,
      train: 600,
      release: 600,
      provision: 60,
      health: 60,
    };
    const world = await service.open({ settings: { times } });
    await project(world, { train: manifest(20, 10) });
    world.trainer.born = { state: 'running' };
    await create(world);
    while (world.trainer.jobs.size === 0)
      await new Promise((resolve) => {
        setTimeout(resolve, 5);
      });
    for (const name of world.runner.names()) world.runner.abort(name);
    await world.settle();
    world.frozen = true;
    for (let passed = 0; passed < 600; passed += 61) await world.sweepAfter(61);
    expect((await describeModel(world))?.Status).toBe('TRAINING');
    // A job that has still to stop keeps the version due: it is told only when nothing is left.
    let refusals = 2;
    world.trainer.before = (call) => {
      if (call !== 'stop' || refusals === 0) return;
      refusals -= 1;
      throw new Error('the job must stop first');
    };
    for (let passed = 0; passed < 300 && refusals > 0; passed += 61) await world.sweepAfter(61);
    expect([refusals, (await describeModel(world))?.Status]).toEqual([0, 'TRAINING']);
    for (let passed = 0; passed < 300; passed += 61) await world.sweepAfter(61);
    expect(await describeModel(world)).toMatchObject({
      Status: 'TRAINING_FAILED',
      StatusMessage: expect.stringContaining('took longer than'),
    });
    expect(await trainings(world)).toBe(0);
    expect(world.trainer.jobs.size).toBe(0); // and the trainer was told to end
  });

  test('makes a model that can be started', async () => {
    const world = await service.open();
    await project(world, { train: manifest(20, 10) });
    await create(world);
    await world.settle();
    await world.client.send(
      new StartModelCommand({ ProjectName: 'parts', ModelVersion: '1', MinInferenceUnits: 1 }),
    );
    await world.settle();
    expect((await describeModel(world))?.Status).toBe('HOSTED');
  });
});

describe('CreateModel refuses', () => {
  test('a project without a train dataset, naming the dataset; and one that does not exist', async () => {
    const world = await service.open();
    await project(world, {});
    await expect(refusal(create(world))).resolves.toMatchObject({
      name: 'ResourceNotFoundException',
      ResourceType: 'DATASET',
      ResourceId: 'parts/train',
    });
    await expect(refusal(create(world, {}, 'nowhere'))).resolves.toMatchObject({
      name: 'ResourceNotFoundException',
      ResourceType: 'PROJECT',
      ResourceId: 'nowhere',
    });
  });

  test.each([
    [
      'single, too few normals',
      { train: manifest(19, 10) },
      'the train dataset has 19 images labelled normal, and at least 20 are needed',
    ],
    [
      'single, too few anomalies',
      { train: manifest(20, 9) },
      'the train dataset has 9 images labelled anomaly, and at least 10 are needed',
    ],
    [
      'separate, too few everywhere',
      { train: manifest(9, 0), test: manifest(9, 9) },
      'the train dataset has 9 images labelled normal, and at least 10 are needed; the test dataset has 9 images labelled normal, and at least 10 are needed; the test dataset has 9 images labelled anomaly, and at least 10 are needed',
    ],
  ])('%s', async (_, sets, told) => {
    const world = await service.open();
    await project(world, sets);
    await expect(refusal(create(world))).resolves.toMatchObject({
      name: 'ValidationException',
      message: `The datasets do not suffice to train a model: ${told}.`,
    });
    expect(await trainings(world)).toBe(0);
  });

  test('a third training at once, and takes it when one has ended', async () => {
    const world = await service.open();
    await project(world, { train: manifest(20, 10) });
    world.trainer.born = { state: 'running' };
    await create(world);
    await create(world);
    await expect(refusal(create(world))).resolves.toMatchObject({
      name: 'ServiceQuotaExceededException',
      QuotaCode: 'L-2489F742',
    });
    expect(await trainings(world)).toBe(2);
    expect((await world.store.projects.get('parts'))?.models).toBe(2);
  });

  test('a bucket that the stage does not list', async () => {
    const world = await service.open({ settings: { buckets: ['photos'] } });
    await project(world, { train: manifest(20, 10) });
    await expect(refusal(create(world))).resolves.toMatchObject({ name: 'ValidationException' });
  });

  test('another call under the same token, and repeats the same one', async () => {
    const world = await service.open();
    await project(world, { train: manifest(20, 10) });
    const first = await create(world, { ClientToken: 'once' });
    await world.settle();
    const again = await create(world, { ClientToken: 'once' });
    expect(again.ModelMetadata).toEqual(first.ModelMetadata);
    await expect(
      refusal(create(world, { ClientToken: 'once', Description: 'other' })),
    ).resolves.toMatchObject({ name: 'ValidationException' });
    expect((await world.store.projects.get('parts'))?.models).toBe(1);
  });
});

describe('a training reads the generations that it has recorded', () => {
  const drop = (world: World) =>
    world.client.send(new DeleteDatasetCommand({ ProjectName: 'parts', DatasetType: 'train' }));

  test('of a dataset that is deleted before it begins, for as long as it may need them', async () => {
    const world = await service.open();
    await project(world, { train: manifest(20, 10) });
    const generation = (await world.store.datasets.get({ project: 'parts', type: 'train' }))?.generation;
    const lines = async (): Promise<number> => {
      let count = 0;
      for await (const _ of world.store.entries.list(generation ?? '')) count += 1;
      return count;
    };
    world.frozen = true;
    await create(world);
    await drop(world);
    await world.sweepAfter(3601); // the deletion is due, and the training has not read a line
    expect(await lines()).toBe(30);
    world.frozen = false;
    await world.sweepAfter(100);
    expect(await describeModel(world)).toMatchObject({ Status: 'TRAINED' });
    await world.sweepAfter(3600);
    expect(await lines()).toBe(0);
  });

  test('of a dataset that is made anew before it begins', async () => {
    const world = await service.open();
    await project(world, { train: manifest(20, 10) });
    world.frozen = true;
    await create(world);
    await drop(world);
    world.frozen = false;
    await world.objects.write({ bucket: 'photos', key: 'parts-train.manifest' }, manifest(40, 40));
    await world.client.send(
      new CreateDatasetCommand({
        ProjectName: 'parts',
        DatasetType: 'train',
        DatasetSource: {
          GroundTruthManifest: { S3Object: { Bucket: 'photos', Key: 'parts-train.manifest' } },
        },
      }),
    );
    await world.settle();
    await world.sweepAfter(100);
    expect(await describeModel(world)).toMatchObject({ Status: 'TRAINED' });
    const [, first = ''] = world.trainer.calls[0]?.split(' ') ?? [];
    const read = await world.objects.read({
      bucket: 'artifacts',
      key: `parts/1-${first}/results.json`,
    });
    expect((JSON.parse(Buffer.from(read ?? []).toString()) as { images: object }).images).toEqual({
      train: 24,
      test: 6,
    });
  });

  test('and names none that readers no longer saw when it was committed', async () => {
    const world = await service.open();
    await project(world, { train: manifest(20, 10) });
    const { datasets } = world.store;
    const ofProject = datasets.ofProject.bind(datasets);
    let between = true;
    datasets.ofProject = async (name) => {
      const read = await ofProject(name);
      if (between) {
        between = false;
        await drop(world);
      }
      return read;
    };
    await expect(refusal(create(world))).resolves.toMatchObject({ name: 'ResourceNotFoundException' });
    expect(await trainings(world)).toBe(0);
  });
});
