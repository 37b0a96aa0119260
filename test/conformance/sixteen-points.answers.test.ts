import { expect, test } from '@jest/globals';
import {
  ConflictException,
  CreateDatasetCommand,
  CreateModelCommand,
  CreateProjectCommand,
  DeleteDatasetCommand,
  DeleteModelCommand,
  DescribeDatasetCommand,
  DescribeModelCommand,
  DescribeModelPackagingJobCommand,
  DescribeProjectCommand,
  DetectAnomaliesCommand,
  ListDatasetEntriesCommand,
  ListModelPackagingJobsCommand,
  ListModelsCommand,
  ListProjectsCommand,
  ListTagsForResourceCommand,
  ResourceNotFoundException,
  ServiceQuotaExceededException,
  StartModelCommand,
  StopModelCommand,
  UpdateDatasetEntriesCommand,
} from '@aws-sdk/client-lookoutvision';
import { start } from '../helpers/flow.ts';
import { testService } from '../helpers/service.ts';
import {
  changes,
  create,
  createModel,
  describeDataset,
  lines,
  project,
  train,
  withDataset,
} from './points.ts';

// What a service must get right so that unmodified clients of the original work: what answers hold, and what
// is taken. Each point comes from published code, which does not ask twice: a member that is missing ends a
// script.

const service = testService();

test('3. StatusMessage is always a text: of CreateDataset, DescribeDataset, DescribeProject, CreateModel and DescribeModel', async () => {
  const world = await service.open();
  await world.client.send(new CreateProjectCommand(project));
  const made = await create(world);
  const { ProjectDescription } = await world.client.send(new DescribeProjectCommand(project));
  await world.settle();
  const dataset = await describeDataset(world);
  const model = await createModel(world);
  const training = await world.describe({ ...project, ModelVersion: '1' });
  await world.settle();
  const trained = await world.describe({ ...project, ModelVersion: '1' });
  const messages = [made, ProjectDescription?.Datasets?.[0], dataset, model, training, trained].map(
    (each) => each?.StatusMessage,
  );
  expect(messages.map((message) => typeof message === 'string' && message.length > 0)).toEqual(
    Array<boolean>(6).fill(true),
  );
});

test('4. a dataset says its type, and a project how its datasets stand', async () => {
  const world = await withDataset(await service.open());
  const empty = await world.client.send(new CreateDatasetCommand({ ...project, DatasetType: 'test' }));
  expect(empty.DatasetMetadata?.DatasetType).toBe('test');
  const { ProjectDescription } = await world.client.send(new DescribeProjectCommand(project));
  expect(ProjectDescription?.Datasets?.map(({ DatasetType, Status }) => [DatasetType, Status])).toEqual([
    ['train', 'CREATE_COMPLETE'],
    ['test', 'CREATE_COMPLETE'],
  ]);
});

test('5. ImageStats has its four numbers, of an empty dataset, of one that is being made, and of one that failed', async () => {
  const world = await service.open();
  await world.client.send(new CreateProjectCommand(project));
  const none = { Total: 0, Labeled: 0, Normal: 0, Anomaly: 0 };
  world.frozen = true;
  await create(world);
  expect(await describeDataset(world)).toMatchObject({ Status: 'CREATE_IN_PROGRESS', ImageStats: none });
  world.frozen = false;
  world.objects.objects.delete('photos/m');
  await world.sweepAfter(100);
  expect(await describeDataset(world)).toMatchObject({ Status: 'CREATE_FAILED', ImageStats: none });
  await world.client.send(new DeleteDatasetCommand(train));
  await world.client.send(new CreateDatasetCommand(train));
  expect(await describeDataset(world)).toMatchObject({ Status: 'CREATE_COMPLETE', ImageStats: none });
});

test('6. an empty list is an empty list, not an absent one', async () => {
  const world = await service.open();
  const { client } = world;
  expect((await client.send(new ListProjectsCommand({}))).Projects).toEqual([]);
  await client.send(new CreateProjectCommand(project));
  expect((await client.send(new ListModelsCommand(project))).Models).toEqual([]);
  expect((await client.send(new ListModelPackagingJobsCommand(project))).ModelPackagingJobs).toEqual([]);
  expect((await client.send(new DescribeProjectCommand(project))).ProjectDescription?.Datasets).toEqual([]);
  await client.send(new CreateDatasetCommand(train));
  expect((await client.send(new ListDatasetEntriesCommand(train))).DatasetEntries).toEqual([]);
  const { ModelArn } = await world.describe(await world.trained());
  expect((await client.send(new ListTagsForResourceCommand({ ResourceArn: ModelArn }))).Tags).toEqual([]);
});

test('7. a model that is TRAINED or HOSTED has its dates, its figures and where its files are, whether trained here or imported', async () => {
  const world = await withDataset(await service.open());
  await createModel(world, '');
  await world.settle();
  const imported = await world.trained();
  for (const [model, location] of [
    [
      { ...project, ModelVersion: '1' },
      { Bucket: 'results', Prefix: '' },
    ],
    [imported, { Bucket: 'models', Prefix: 'part/' }],
  ] as const) {
    const trained = await world.describe(model);
    await start(world, model);
    await world.settle();
    const serving = await world.describe(model);
    expect([trained.Status, serving.Status]).toEqual(['TRAINED', 'HOSTED']);
    for (const { CreationTimestamp, EvaluationEndTimestamp, Performance, OutputConfig } of [
      trained,
      serving,
    ]) {
      expect(
        [CreationTimestamp, EvaluationEndTimestamp].every(
          (date) => date instanceof Date && !Number.isNaN(date.getTime()),
        ),
      ).toBe(true);
      expect(
        [Performance?.F1Score, Performance?.Precision, Performance?.Recall].every(
          (figure) => typeof figure === 'number',
        ),
      ).toBe(true);
      expect(OutputConfig?.S3Location).toEqual(location);
    }
  }
});

test('8. ListModels has version and status of every model, and the figures of those that are trained', async () => {
  const world = await withDataset(await service.open());
  await createModel(world);
  await world.settle();
  world.trainer.born = { state: 'failed', reason: 'Images in the dataset must have the same dimensions.' };
  await createModel(world);
  await world.settle();
  world.trainer.born = { state: 'running' };
  await createModel(world);
  const { Models } = await world.client.send(new ListModelsCommand(project));
  expect(Models?.map(({ ModelVersion, Status, Performance }) => [ModelVersion, Status, Performance])).toEqual(
    [
      ['3', 'TRAINING', undefined],
      ['2', 'TRAINING_FAILED', undefined],
      ['1', 'TRAINED', { F1Score: 1, Recall: 1, Precision: 1 }],
    ],
  );
});

test('10. no tags, an empty prefix, label values as texts and labels of any name are taken', async () => {
  const odd = lines(20, 10).map(
    ({ 'source-ref': source, 'anomaly-label': value, 'anomaly-label-metadata': about }, index) => ({
      'source-ref': source,
      [`label-${index % 3}`]: String(value),
      [`label-${index % 3}-metadata`]: about,
    }),
  );
  const world = await withDataset(await service.open(), odd);
  expect((await describeDataset(world))?.ImageStats).toEqual({
    Total: 30,
    Labeled: 30,
    Normal: 20,
    Anomaly: 10,
  });
  expect(await createModel(world, '')).toMatchObject({ Status: 'TRAINING' });
  await world.settle();
  expect([...world.objects.objects.keys()].filter((key) => key.startsWith('results/')).sort()).toEqual([
    'results/EvaluationManifest-parts-1.json',
    'results/EvaluationResult-parts-1.json',
  ]);
});

test('13. ConflictException, ResourceNotFoundException and ServiceQuotaExceededException are called exactly so', async () => {
  const world = await service.open({
    settings: {
      quotas: {
        projects: 1,
        modelsPerProject: 1,
        runningModels: 1,
        unitsPerModel: 1,
        concurrentTrainings: 1,
        concurrentPackagingJobs: 1,
      },
    },
  });
  const model = await world.trained();
  const named = async (call: Promise<unknown>) =>
    call.then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? [error.constructor, error.name] : error),
    );
  expect(await named(world.client.send(new CreateProjectCommand(project)))).toEqual([
    ConflictException,
    'ConflictException',
  ]);
  expect(await named(world.client.send(new DescribeModelCommand({ ...model, ModelVersion: '2' })))).toEqual([
    ResourceNotFoundException,
    'ResourceNotFoundException',
  ]);
  expect(await named(start(world, model, { MinInferenceUnits: 2 }))).toEqual([
    ServiceQuotaExceededException,
    'ServiceQuotaExceededException',
  ]);
  // awslabs looks for the word in what botocore makes of the header.
  const raw = await world.post('/2020-11-20/projects', project);
  expect([raw.status, raw.headers.get('x-amzn-errortype')]).toEqual([409, 'ConflictException']);
});

test('16. what does not exist is a 404 that says of which kind it is; of a project that is missing, the project', async () => {
  const world = await service.open();
  const { client } = world;
  const missing = async (call: Promise<unknown>) =>
    call.then(
      () => 'found',
      (error: unknown) =>
        error instanceof ResourceNotFoundException
          ? `${error.$metadata.httpStatusCode} ${error.ResourceType} ${error.ResourceId}`
          : String(error),
    );
  const calls = (ProjectName: string) => [
    client.send(new DescribeDatasetCommand({ ProjectName, DatasetType: 'train' })),
    client.send(new ListDatasetEntriesCommand({ ProjectName, DatasetType: 'train' })),
    client.send(
      new UpdateDatasetEntriesCommand({ ProjectName, DatasetType: 'train', Changes: changes(lines(1, 0)) }),
    ),
    client.send(new DeleteDatasetCommand({ ProjectName, DatasetType: 'train' })),
    client.send(new CreateModelCommand({ ProjectName, OutputConfig: { S3Location: { Bucket: 'results' } } })),
    client.send(new DescribeModelCommand({ ProjectName, ModelVersion: '1' })),
    client.send(new DescribeModelCommand({ ProjectName, ModelVersion: 'latest' })),
    client.send(new StartModelCommand({ ProjectName, ModelVersion: '1', MinInferenceUnits: 1 })),
    client.send(new StopModelCommand({ ProjectName, ModelVersion: '1' })),
    client.send(new DeleteModelCommand({ ProjectName, ModelVersion: '1' })),
    client.send(
      new DetectAnomaliesCommand({
        ProjectName,
        ModelVersion: '1',
        Body: Buffer.from([0xff, 0xd8, 0xff]),
        ContentType: 'image/jpeg',
      }),
    ),
    client.send(new DescribeModelPackagingJobCommand({ ProjectName, JobName: 'job' })),
  ];
  expect(
    new Set(
      await Promise.all(
        [
          ...calls('nowhere'),
          client.send(new ListModelsCommand({ ProjectName: 'nowhere' })),
          client.send(new ListModelPackagingJobsCommand({ ProjectName: 'nowhere' })),
          client.send(new DescribeProjectCommand({ ProjectName: 'nowhere' })),
          client.send(new CreateDatasetCommand({ ProjectName: 'nowhere', DatasetType: 'train' })),
        ].map(missing),
      ),
    ),
  ).toEqual(new Set(['404 PROJECT nowhere']));
  await client.send(new CreateProjectCommand(project));
  expect(await Promise.all(calls('parts').map(missing))).toEqual([
    ...Array<string>(5).fill('404 DATASET parts/train'),
    '404 MODEL parts/1',
    '404 MODEL parts/latest',
    ...Array<string>(4).fill('404 MODEL parts/1'),
    '404 MODEL_PACKAGE_JOB job',
  ]);
});
