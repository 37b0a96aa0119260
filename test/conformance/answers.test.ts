import { Readable } from 'node:stream';
import { beforeAll, expect, test } from '@jest/globals';
import {
  CreateDatasetCommand,
  CreateModelCommand,
  CreateProjectCommand,
  DeleteDatasetCommand,
  DeleteModelCommand,
  DeleteProjectCommand,
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
  StartModelCommand,
  StartModelPackagingJobCommand,
  StopModelCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateDatasetEntriesCommand,
} from '@aws-sdk/client-lookoutvision';
import { originalOperations, published, type Outline } from '../helpers/published-client.ts';
import { testService } from '../helpers/service.ts';
import type { World } from '../helpers/world.ts';
import { changes, lines, project, train } from './points.ts';

// What stands in the bodies that the service sends, before a client makes anything of it: every operation is
// called with all that it takes, and what it answers is compared with the shape that the published client has
// for it.

const service = testService();

/** What there must be, whatever else there is; of lists, in the first item. */
const required: Readonly<Record<string, readonly string[]>> = {
  CreateProject: [
    'ProjectMetadata.ProjectArn',
    'ProjectMetadata.ProjectName',
    'ProjectMetadata.CreationTimestamp',
  ],
  DescribeProject: [
    ...[
      'ProjectArn',
      'ProjectName',
      'CreationTimestamp',
      'Datasets.0.DatasetType',
      'Datasets.0.CreationTimestamp',
      'Datasets.0.Status',
      'Datasets.0.StatusMessage',
    ].map((member) => `ProjectDescription.${member}`),
  ],
  ListProjects: [
    'Projects.0.ProjectArn',
    'Projects.0.ProjectName',
    'Projects.0.CreationTimestamp',
    'NextToken',
  ],
  DeleteProject: ['ProjectArn'],
  CreateDataset: ['DatasetType', 'CreationTimestamp', 'Status', 'StatusMessage'].map(
    (member) => `DatasetMetadata.${member}`,
  ),
  DescribeDataset: [
    'ProjectName',
    'DatasetType',
    'CreationTimestamp',
    'LastUpdatedTimestamp',
    'Status',
    'StatusMessage',
    'ImageStats.Total',
    'ImageStats.Labeled',
    'ImageStats.Normal',
    'ImageStats.Anomaly',
  ].map((member) => `DatasetDescription.${member}`),
  ListDatasetEntries: ['DatasetEntries.0', 'NextToken'],
  UpdateDatasetEntries: ['Status'],
  DeleteDataset: [],
  CreateModel: [
    'CreationTimestamp',
    'ModelVersion',
    'ModelArn',
    'Description',
    'Status',
    'StatusMessage',
  ].map((member) => `ModelMetadata.${member}`),
  DescribeModel: [
    'ModelVersion',
    'ModelArn',
    'CreationTimestamp',
    'Description',
    'Status',
    'StatusMessage',
    'Performance.F1Score',
    'Performance.Recall',
    'Performance.Precision',
    'OutputConfig.S3Location.Bucket',
    'OutputConfig.S3Location.Prefix',
    'EvaluationManifest.Bucket',
    'EvaluationManifest.Key',
    'EvaluationResult.Bucket',
    'EvaluationResult.Key',
    'EvaluationEndTimestamp',
    'KmsKeyId',
    'MinInferenceUnits',
    'MaxInferenceUnits',
  ].map((member) => `ModelDescription.${member}`),
  ListModels: [
    ...[
      'CreationTimestamp',
      'ModelVersion',
      'ModelArn',
      'Description',
      'Status',
      'StatusMessage',
      'Performance.F1Score',
      'Performance.Recall',
      'Performance.Precision',
    ].map((member) => `Models.0.${member}`),
    'NextToken',
  ],
  StartModel: ['Status'],
  StopModel: ['Status'],
  DetectAnomalies: [
    'Source.Type',
    'IsAnomalous',
    'Confidence',
    'Anomalies.0.Name',
    'Anomalies.0.PixelAnomaly.TotalPercentageArea',
    'Anomalies.0.PixelAnomaly.Color',
    'AnomalyMask',
  ].map((member) => `DetectAnomalyResult.${member}`),
  DeleteModel: ['ModelArn'],
  StartModelPackagingJob: ['JobName'],
  DescribeModelPackagingJob: [
    'JobName',
    'ProjectName',
    'ModelVersion',
    'ModelPackagingJobDescription',
    'ModelPackagingMethod',
    'Status',
    'StatusMessage',
    'CreationTimestamp',
    'LastUpdatedTimestamp',
    'ModelPackagingConfiguration.Greengrass.ComponentName',
    'ModelPackagingConfiguration.Greengrass.S3OutputLocation.Bucket',
    'ModelPackagingConfiguration.Greengrass.TargetPlatform.Os',
    'ModelPackagingConfiguration.Greengrass.CompilerOptions',
    'ModelPackagingOutputDetails.Greengrass.ComponentVersionArn',
    'ModelPackagingOutputDetails.Greengrass.ComponentVersion',
  ].map((member) => `ModelPackagingDescription.${member}`),
  ListModelPackagingJobs: [
    ...[
      'JobName',
      'ProjectName',
      'ModelVersion',
      'ModelPackagingMethod',
      'Status',
      'StatusMessage',
      'CreationTimestamp',
      'LastUpdatedTimestamp',
    ].map((member) => `ModelPackagingJobs.0.${member}`),
    'NextToken',
  ],
  TagResource: [],
  ListTagsForResource: ['Tags.0.Key', 'Tags.0.Value'],
  UntagResource: [],
};

const bodies: Record<string, unknown> = {};

/** Keeps the body of every answer as it came. */
function record(world: World): void {
  world.client.middlewareStack.add(
    (next, { commandName = '' }) =>
      async (args) => {
        const result = await next(args);
        const response = result.response as { body: AsyncIterable<Uint8Array> };
        const bytes = Buffer.concat(await Array.fromAsync(response.body));
        bodies[commandName.replace('Command', '')] = JSON.parse(bytes.toString());
        response.body = Readable.from([bytes]);
        return result;
      },
    { step: 'deserialize', priority: 'low' },
  );
}

beforeAll(async () => {
  const world = await service.shared();
  const { client } = world;
  record(world);
  world.engine.verdict = {
    isAnomalous: true,
    confidence: 0.97,
    mask: Buffer.from('a mask'),
    anomalies: [
      { name: 'background', area: 0.98, color: '#FFFFFF' },
      { name: 'cracked', area: 0.02, color: '#23A436' },
    ],
  };
  const model = { ...project, ModelVersion: '1' };
  await client.send(new CreateProjectCommand({ ProjectName: 'another' }));
  await client.send(new CreateProjectCommand(project));
  await client.send(new ListProjectsCommand({ MaxResults: 1 }));
  world.objects.objects.set('photos/m', changes(lines(20, 10)));
  await client.send(
    new CreateDatasetCommand({
      ...train,
      DatasetSource: { GroundTruthManifest: { S3Object: { Bucket: 'photos', Key: 'm' } } },
    }),
  );
  await world.settle();
  await client.send(new UpdateDatasetEntriesCommand({ ...train, Changes: changes(lines(21, 0)) }));
  await world.settle();
  await client.send(new DescribeDatasetCommand(train));
  await client.send(new ListDatasetEntriesCommand({ ...train, MaxResults: 3 }));
  await client.send(new DescribeProjectCommand(project));
  for (const Description of ['first', 'second']) {
    await client.send(
      new CreateModelCommand({
        ...project,
        Description,
        KmsKeyId: 'alias/parts',
        Tags: [{ Key: 'line', Value: '4' }],
        OutputConfig: { S3Location: { Bucket: 'out', Prefix: '' } },
      }),
    );
    await world.settle();
  }
  await client.send(new ListModelsCommand({ ...project, MaxResults: 1 }));
  await client.send(new StartModelCommand({ ...model, MinInferenceUnits: 1, MaxInferenceUnits: 2 }));
  await world.settle();
  await client.send(new DescribeModelCommand(model));
  await client.send(
    new DetectAnomaliesCommand({
      ...model,
      Body: Buffer.from([0xff, 0xd8, 0xff]),
      ContentType: 'image/jpeg',
    }),
  );
  const ResourceArn = (await world.describe(model)).ModelArn;
  await client.send(new TagResourceCommand({ ResourceArn, Tags: [{ Key: 'shift', Value: '' }] }));
  await client.send(new ListTagsForResourceCommand({ ResourceArn }));
  await client.send(new UntagResourceCommand({ ResourceArn, TagKeys: ['line'] }));
  for (const JobName of ['first', 'second']) {
    await client.send(
      new StartModelPackagingJobCommand({
        ...model,
        JobName,
        Description: 'a job',
        Configuration: {
          Greengrass: {
            ComponentName: JobName,
            ComponentDescription: 'a part',
            Tags: [{ Key: 'line', Value: '4' }],
            S3OutputLocation: { Bucket: 'out', Prefix: '' },
            TargetPlatform: { Os: 'LINUX', Arch: 'ARM64' },
            CompilerOptions: '{"mcpu":"core-avx2"}',
          },
        },
      }),
    );
    await world.settle();
  }
  await client.send(new DescribeModelPackagingJobCommand({ ...project, JobName: 'first' }));
  await client.send(new ListModelPackagingJobsCommand({ ...project, MaxResults: 1 }));
  await client.send(new StopModelCommand(model));
  await world.settle();
  for (const ModelVersion of ['1', '2'])
    await client.send(new DeleteModelCommand({ ...project, ModelVersion }));
  await world.settle();
  await client.send(new DeleteDatasetCommand(train));
  await client.send(new DeleteProjectCommand(project));
});

/** Where a value of a body is not what the client's shape says; what is not known to it counts, too. */
function* unlike(outline: Outline, value: unknown, path: string): Generator<string, void, undefined> {
  if (typeof outline === 'string') {
    if (!scalars[outline]?.(value)) yield `${path}: ${JSON.stringify(value)} is no ${outline}`;
  } else if ('values' in outline) {
    if (!outline.values.includes(value as string))
      yield `${path}: ${JSON.stringify(value)} is none of ${outline.values.join(', ')}`;
  } else if ('of' in outline) {
    if (!Array.isArray(value)) return yield `${path}: is no list`;
    for (const [index, each] of value.entries()) yield* unlike(outline.of, each, `${path}.${index}`);
  } else {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return yield `${path}: is no structure`;
    for (const [member, each] of Object.entries(value)) {
      const known = outline.members[member];
      if (known === undefined) yield `${path}.${member}: is not known`;
      else yield* unlike(known.is, each, `${path}.${member}`);
    }
    for (const [member, each] of Object.entries(outline.members))
      if (each.required && !(member in value)) yield `${path}.${member}: is missing`;
  }
}

const scalars: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string',
  number: (value) => typeof value === 'number' && Number.isFinite(value),
  boolean: (value) => typeof value === 'boolean',
  // seconds: milliseconds are a thousand times as many
  Date: (value) => typeof value === 'number' && value > 1.6e9 && value < 4e9,
  Uint8Array: (value) =>
    typeof value === 'string' && value !== '' && Buffer.from(value, 'base64').toString('base64') === value,
};

const at = (body: unknown, path: string): unknown =>
  path
    .split('.')
    .reduce<unknown>((value, key) => (value as Readonly<Record<string, unknown>> | undefined)?.[key], body);

test.each(originalOperations)('%s answers in its published shape, with all that clients read', (name) => {
  expect(bodies).toHaveProperty(name);
  expect([...unlike(published(`${name}Response`), bodies[name], name)]).toEqual([]);
  expect(required[name]?.filter((path) => at(bodies[name], path) === undefined)).toEqual([]);
});

test('counts are whole numbers, shares are fractions, and a mask is base64 of its bytes', () => {
  expect(at(bodies['DescribeDataset'], 'DatasetDescription.ImageStats')).toEqual({
    Total: 31,
    Labeled: 31,
    Normal: 21,
    Anomaly: 10,
  });
  expect(at(bodies['DescribeModel'], 'ModelDescription')).toMatchObject({
    MinInferenceUnits: 1,
    MaxInferenceUnits: 2,
    OutputConfig: { S3Location: { Prefix: '' } },
  });
  expect(at(bodies['DetectAnomalies'], 'DetectAnomalyResult')).toEqual({
    Source: { Type: 'direct' },
    IsAnomalous: true,
    Confidence: 0.9700000286102295,
    AnomalyMask: 'YSBtYXNr',
    Anomalies: [
      { Name: 'background', PixelAnomaly: { TotalPercentageArea: 0.9800000190734863, Color: '#FFFFFF' } },
      { Name: 'cracked', PixelAnomaly: { TotalPercentageArea: 0.019999999552965164, Color: '#23A436' } },
    ],
  });
});

test('what has nothing to say is an empty object', () => {
  expect([bodies['DeleteDataset'], bodies['TagResource'], bodies['UntagResource']]).toEqual([{}, {}, {}]);
});
