import { afterEach, beforeEach, expect, test } from '@jest/globals';
import {
  ConflictException,
  CreateDatasetCommand,
  CreateModelCommand,
  CreateProjectCommand,
  DeleteDatasetCommand,
  DeleteModelCommand,
  DeleteProjectCommand,
  DescribeDatasetCommand,
  DescribeProjectCommand,
  DetectAnomaliesCommand,
  ListDatasetEntriesCommand,
  ListModelPackagingJobsCommand,
  ListModelsCommand,
  ListProjectsCommand,
  ListTagsForResourceCommand,
  ResourceNotFoundException,
  StartModelCommand,
  StartModelPackagingJobCommand,
  StopModelCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateDatasetEntriesCommand,
  type CreateModelCommandOutput,
} from '@aws-sdk/client-lookoutvision';
import { until } from '../helpers/flow.ts';
import { bucket, openLocalHost, type LocalHost } from '../helpers/local-host.ts';
import { line, manifestOf } from '../helpers/manifests.ts';
import {
  describeModel,
  indexed,
  untilCreated,
  untilHosted,
  untilItIs,
  untilPackaged,
  untilStopped,
  untilTrained,
  untilUnlisted,
  untilUpdated,
} from './polls.ts';

// Everybody else who published a client, call by call, against a host whose engine and trainer do at once
// what they are asked to.

let host: LocalHost;
beforeEach(async () => {
  host = await openLocalHost();
});
afterEach(() => host.close());

const project = { ProjectName: 'parts' };
const model = { ...project, ModelVersion: '1' };
const picture = Buffer.from([0xff, 0xd8, 0xff, 0xe0]);
const source = (Key: string) => ({ GroundTruthManifest: { S3Object: { Bucket: bucket, Key } } });
const output = (Prefix: string) => ({ S3Location: { Bucket: bucket, Prefix } });

/** Twenty good parts and ten bad ones, or ten of each. */
const pictures = (name: string, normal: number, anomaly: number): Record<string, unknown>[] => [
  ...Array.from({ length: normal }, (_, index) => line(`${name}/normal-${index}.jpg`, 'normal')),
  ...Array.from({ length: anomaly }, (_, index) => line(`${name}/anomaly-${index}.jpg`, 'anomaly')),
];

test('the Lab notebook: two datasets, a training right behind them, and loops that end on nothing but what they wait for', async () => {
  const { client } = host;
  // Its manifests call the label auto-label, and 1 means normal: only the class's name decides.
  const inverted = (name: string) =>
    pictures(name, 10, 10).map(({ 'anomaly-label': value, 'anomaly-label-metadata': about, ...rest }) => ({
      ...rest,
      'auto-label': 1 - Number(value),
      'auto-label-metadata': about,
    }));
  await client.send(new CreateProjectCommand(project));
  for (const type of ['training', 'validation'])
    await host.put(`${type}.manifest`, manifestOf(inverted(type)));
  await client.send(
    new CreateDatasetCommand({
      ...project,
      DatasetType: 'train',
      DatasetSource: source('training.manifest'),
    }),
  );
  await client.send(
    new CreateDatasetCommand({
      ...project,
      DatasetType: 'test',
      DatasetSource: source('validation.manifest'),
    }),
  );
  let created: CreateModelCommandOutput | undefined;
  await until(async () => {
    // a human runs the cell again
    created = await client
      .send(new CreateModelCommand({ ...project, OutputConfig: output('lab/') }))
      .catch((error: unknown) => {
        if (error instanceof ConflictException && error.ResourceType === 'DATASET') return undefined;
        throw error;
      });
    return created !== undefined;
  });
  expect(created?.ModelMetadata?.ModelVersion).toBe('1');
  expect(
    (await client.send(new DescribeDatasetCommand({ ...project, DatasetType: 'test' }))).DatasetDescription
      ?.ImageStats,
  ).toEqual({ Total: 20, Labeled: 20, Normal: 10, Anomaly: 10 });
  await untilItIs(client, model, 'TRAINED');
  await client.send(new StartModelCommand({ ...model, MinInferenceUnits: 1 }));
  await untilItIs(client, model, 'HOSTED');
  const { DetectAnomalyResult } = await client.send(
    new DetectAnomaliesCommand({ ...model, Body: picture, ContentType: 'image/jpeg' }),
  );
  expect(DetectAnomalyResult).toEqual({
    Source: { Type: 'direct' },
    IsAnomalous: true,
    Confidence: 0.9700000286102295,
  });
  await client.send(new StopModelCommand(model));
  await untilItIs(client, model, 'TRAINED');
});

test('the awslabs Python SDK: asks before it makes, trains to an empty prefix, deploys, stops, and cleans up', async () => {
  const { client } = host;
  await expect(client.send(new DescribeProjectCommand(project))).rejects.toBeInstanceOf(
    ResourceNotFoundException,
  );
  await client.send(new CreateProjectCommand(project));
  await expect(client.send(new CreateProjectCommand(project))).rejects.toBeInstanceOf(ConflictException);
  for (const DatasetType of ['train', 'test']) {
    await host.put(`${DatasetType}.manifest`, manifestOf(pictures(DatasetType, 10, 10)));
    await client.send(
      new CreateDatasetCommand({ ...project, DatasetType, DatasetSource: source(`${DatasetType}.manifest`) }),
    );
  }
  for (const type of ['train', 'test']) await untilCreated(client, project, type);
  for (const DatasetType of ['train', 'test']) {
    const { DatasetDescription } = await client.send(new DescribeDatasetCommand({ ...project, DatasetType }));
    expect(indexed(DatasetDescription?.ImageStats?.Labeled, 'Labeled')).toBe(20);
  }
  await client.send(new CreateModelCommand({ ...project, OutputConfig: output('') }));
  await untilTrained(client, model);
  expect(
    JSON.parse(Buffer.from((await host.read('EvaluationResult-parts-1.json')) ?? '').toString()),
  ).toMatchObject({ Version: 1 });

  expect((await describeModel(client, model)).Status).toBe('TRAINED'); // it starts nothing else
  await client.send(new StartModelCommand({ ...model, MinInferenceUnits: 1 }));
  await untilHosted(client, model);
  const { Models } = await client.send(new ListModelsCommand(project));
  expect(
    indexed(Models, 'Models').map(({ ModelVersion, Status, Performance }) => [
      ModelVersion,
      Status,
      Performance,
    ]),
  ).toEqual([['1', 'HOSTED', { F1Score: 1, Recall: 1, Precision: 1 }]]);
  await client.send(new StopModelCommand(model));
  await untilItIs(client, model, 'TRAINED');

  for (const DatasetType of ['train', 'test']) {
    const { DatasetEntries } = await client.send(new ListDatasetEntriesCommand({ ...project, DatasetType }));
    expect(indexed(DatasetEntries, 'DatasetEntries')).toHaveLength(20);
    await client.send(new DeleteDatasetCommand({ ...project, DatasetType }));
  }
  for (const { ModelVersion = '' } of indexed(
    (await client.send(new ListModelsCommand(project))).Models,
    'Models',
  )) {
    await client.send(new DeleteModelCommand({ ...project, ModelVersion }));
    await untilUnlisted(client, { ...project, ModelVersion });
  }
  await client.send(new DeleteProjectCommand(project));
});

test('the CloudFormation provider: create, read, delete, and a list of fifty at a time', async () => {
  const { client } = host;
  const names = Array.from({ length: 51 }, (_, index) => `stack-${String(index).padStart(2, '0')}`);
  for (const ProjectName of names) {
    const { ProjectMetadata } = await client.send(new CreateProjectCommand({ ProjectName }));
    const { ProjectDescription } = await client.send(new DescribeProjectCommand({ ProjectName }));
    expect(indexed(ProjectDescription?.ProjectArn, 'ProjectArn')).toBe(ProjectMetadata?.ProjectArn);
  }
  const first = await client.send(new ListProjectsCommand({ MaxResults: 50 }));
  const second = await client.send(new ListProjectsCommand({ MaxResults: 50, NextToken: first.NextToken }));
  expect([first.Projects?.length, second.Projects?.length, second.NextToken]).toEqual([50, 1, undefined]);
  expect(
    [...(first.Projects ?? []), ...(second.Projects ?? [])].map(({ ProjectName }) => ProjectName),
  ).toEqual(names);
  const [ProjectName] = names;
  await client.send(new DeleteProjectCommand({ ProjectName }));
  await expect(client.send(new DescribeProjectCommand({ ProjectName }))).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
    ResourceType: 'PROJECT',
  });
  await expect(client.send(new DeleteProjectCommand({ ProjectName }))).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
    ResourceType: 'PROJECT',
  });
});

test('the Java samples and their test: every operation, tags and packaging among them, each seen at once', async () => {
  const { client } = host;
  await client.send(new CreateProjectCommand(project));
  await client.send(new CreateDatasetCommand({ ...project, DatasetType: 'train' }));
  const empty = await untilCreated(client, project, 'train');
  expect(Object.values(indexed(empty.ImageStats, 'ImageStats')).map(String)).toEqual(['0', '0', '0', '0']); // `.toString()` on each
  await client.send(
    new UpdateDatasetEntriesCommand({
      ...project,
      DatasetType: 'train',
      Changes: Buffer.from(manifestOf(pictures('train', 20, 10))),
    }),
  );
  await untilUpdated(client, project, 'train');
  const { DatasetEntries } = await client.send(
    new ListDatasetEntriesCommand({
      ...project,
      DatasetType: 'train',
      Labeled: true,
      AnomalyClass: 'anomaly',
      SourceRefContains: 'anomaly-',
      MaxResults: 100,
    }),
  );
  expect(DatasetEntries).toHaveLength(10);

  const { ModelMetadata } = await client.send(
    new CreateModelCommand({ ...project, OutputConfig: output('java/'), Description: 'a-Java-model' }),
  );
  await untilTrained(client, model);
  expect((await describeModel(client, model)).Description).toBe('a-Java-model');
  const ResourceArn = indexed(ModelMetadata?.ModelArn, 'ModelArn');
  const tags = async () =>
    indexed((await client.send(new ListTagsForResourceCommand({ ResourceArn }))).Tags, 'Tags');
  expect(await tags()).toEqual([]);
  await client.send(new TagResourceCommand({ ResourceArn, Tags: [{ Key: 'line', Value: '4' }] }));
  expect(await tags()).toEqual([{ Key: 'line', Value: '4' }]);
  await client.send(new UntagResourceCommand({ ResourceArn, TagKeys: ['line'] }));
  expect(await tags()).toEqual([]);

  await client.send(new StartModelCommand({ ...model, MinInferenceUnits: 1, MaxInferenceUnits: 2 }));
  await untilHosted(client, model);
  await client.send(new DetectAnomaliesCommand({ ...model, Body: picture, ContentType: 'image/jpeg' }));
  const { JobName } = await client.send(
    new StartModelPackagingJobCommand({
      ...model,
      JobName: 'java-job',
      Description: 'packaged by Java',
      Configuration: {
        Greengrass: {
          ComponentName: 'MyComponent',
          ComponentVersion: '1.0.0',
          S3OutputLocation: { Bucket: bucket, Prefix: 'components' },
          Tags: [],
          TargetPlatform: { Os: 'LINUX', Arch: 'X86_64', Accelerator: 'NVIDIA' },
          CompilerOptions: '{"gpu-code": "sm_72", "trt-ver": "7.1.3", "cuda-ver": "10.2"}',
        },
      },
    }),
  );
  expect(JobName).toBe('java-job');
  expect(await untilPackaged(client, project, 'java-job')).toMatchObject({
    Status: 'SUCCEEDED',
    ModelPackagingOutputDetails: { Greengrass: { ComponentVersion: '1.0.0' } },
  });
  expect(
    (await client.send(new ListModelPackagingJobsCommand(project))).ModelPackagingJobs?.map(
      (job) => job.JobName,
    ),
  ).toEqual(['java-job']);
  expect(await host.read('components/MyComponent/1.0.0/recipe.json')).toBeDefined();

  await client.send(new StopModelCommand(model));
  await untilStopped(client, model);
  await client.send(new DeleteModelCommand(model));
  await untilUnlisted(client, model);
  await client.send(new DeleteDatasetCommand({ ...project, DatasetType: 'train' }));
  await client.send(new DeleteProjectCommand(project));
  await expect(client.send(new DescribeProjectCommand(project))).rejects.toBeInstanceOf(
    ResourceNotFoundException,
  );
});
