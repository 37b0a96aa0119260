import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  CreateDatasetCommand,
  CreateModelCommand,
  CreateProjectCommand,
  DeleteDatasetCommand,
  DeleteModelCommand,
  DeleteProjectCommand,
  DescribeProjectCommand,
  DetectAnomaliesCommand,
  ListModelsCommand,
  ListProjectsCommand,
  ListTagsForResourceCommand,
  paginateListDatasetEntries,
  paginateListModels,
  paginateListProjects,
  ResourceNotFoundException,
  StartModelCommand,
  StopModelCommand,
  TagResourceCommand,
  ThrottlingException,
  UpdateDatasetEntriesCommand,
  type ModelDescription,
} from '@aws-sdk/client-lookoutvision';
import sharp from 'sharp';
import { bucket, openLocalHost, type LocalHost } from '../helpers/local-host.ts';
import { putPlates } from '../helpers/plate-dataset.ts';
import { plates } from '../vision/pictures-made.ts';
import {
  describeModel,
  indexed,
  untilCreated,
  untilHosted,
  untilStopped,
  untilTrained,
  untilUnlisted,
  untilUpdated,
} from './polls.ts';

// The scripts of aws-doc-sdk-examples (python/example_code/lookoutvision) and the developer guide, call by
// call, one after the other on one project, against a host that trains and hosts for real. What they index
// without asking is indexed here.

let host: LocalHost;
beforeAll(async () => {
  host = await openLocalHost({ real: true });
});
afterAll(() => host.close());

const project = { ProjectName: 'circuitboard' };
const model = { ...project, ModelVersion: '1' };

const unseen = async (scratched: boolean): Promise<Uint8Array> =>
  (plates(1, 1, 0, 77, { side: 64 })[scratched ? 1 : 0] as { load(): Promise<Uint8Array> }).load();

/** `Models.describe_model`: what it prints of a model, indexed as it does. */
function printed(description: ModelDescription): Record<string, unknown> {
  const always = ['ModelVersion', 'ModelArn', 'Status', 'StatusMessage'] as const;
  const seen: Record<string, unknown> = Object.fromEntries(
    always.map((member) => [member, indexed(description[member], member)]),
  );
  if (!['TRAINED', 'HOSTED'].includes(String(seen['Status']))) return seen;
  const performance = indexed(description.Performance, 'Performance');
  const { Bucket, Prefix } = indexed(
    indexed(description.OutputConfig, 'OutputConfig').S3Location,
    'S3Location',
  );
  return {
    ...seen,
    created: indexed(description.CreationTimestamp, 'CreationTimestamp'),
    evaluated: indexed(description.EvaluationEndTimestamp, 'EvaluationEndTimestamp'),
    recall: indexed(performance.Recall, 'Recall'),
    precision: indexed(performance.Precision, 'Precision'),
    f1: indexed(performance.F1Score, 'F1Score'),
    output: `s3://${indexed(Bucket, 'Bucket')}/${indexed(Prefix, 'Prefix')}`,
  };
}

test('train_host.py: project, train and test dataset from manifests, a training with no tags, its figures, a start', async () => {
  const { client } = host;
  const { ProjectMetadata } = await client.send(new CreateProjectCommand(project));
  expect(indexed(ProjectMetadata?.ProjectArn, 'ProjectArn')).toBe(
    'arn:aws:lookoutvision:us-east-1:000000000000:project/circuitboard',
  );
  for (const [type, seed] of [
    ['train', 1],
    ['test', 2],
  ] as const) {
    await host.put(`manifests/${type}.manifest`, (await putPlates(host, 10, 10, seed)).lines.join(''));
    const { DatasetMetadata } = await client.send(
      new CreateDatasetCommand({
        ...project,
        DatasetType: type,
        DatasetSource: {
          GroundTruthManifest: { S3Object: { Bucket: bucket, Key: `manifests/${type}.manifest` } },
        },
      }),
    );
    expect([DatasetMetadata?.Status, indexed(DatasetMetadata?.StatusMessage, 'StatusMessage')]).toEqual([
      'CREATE_IN_PROGRESS',
      'The dataset is being created.',
    ]);
    const { ImageStats, StatusMessage } = await untilCreated(client, project, type);
    expect([StatusMessage, ImageStats]).toEqual([
      'The dataset was created successfully.',
      { Total: 20, Labeled: 20, Normal: 10, Anomaly: 10 },
    ]);
  }
  const { ModelMetadata } = await client.send(
    new CreateModelCommand({
      ...project,
      OutputConfig: { S3Location: { Bucket: bucket, Prefix: 'output/' } },
      Tags: [],
    }),
  );
  expect(indexed(ModelMetadata?.ModelVersion, 'ModelVersion')).toBe('1');
  expect(printed(indexed(ModelMetadata, 'ModelMetadata'))).toMatchObject({
    Status: 'TRAINING',
    StatusMessage: 'The model is being trained.',
  });
  await untilTrained(client, model);
  const told = printed(await describeModel(client, model));
  expect(told).toMatchObject({
    Status: 'TRAINED',
    StatusMessage: expect.stringMatching(/^Training completed successfully\. F1 \d/),
    output: `s3://${bucket}/output/`,
  });
  expect(told['f1']).toBeGreaterThan(0.8);
  expect(
    JSON.parse(
      Buffer.from((await host.read('output/EvaluationResult-circuitboard-1.json')) ?? '').toString(),
    ),
  ).toMatchObject({
    EvaluationDetails: { NumberOfTrainingImages: 20, NumberOfTestingImages: 20 },
    AggregatedEvaluationResults: { Metrics: { F1Score: told['f1'] } },
  });
  await client.send(new StartModelCommand({ ...model, MinInferenceUnits: 1 }));
  await untilHosted(client, model);
  expect(printed(await describeModel(client, model))).toMatchObject({ Status: 'HOSTED', f1: told['f1'] });
}, 600_000);

test('inference.py: one call for each picture, as PNG too', async () => {
  const judge = async (Body: Uint8Array, ContentType: string) =>
    (await host.client.send(new DetectAnomaliesCommand({ ...model, Body, ContentType }))).DetectAnomalyResult;
  expect(await judge(await unseen(true), 'image/png')).toMatchObject({
    Source: { Type: 'direct' },
    IsAnomalous: true,
  });
  expect(await judge(await unseen(false), 'image/png')).toMatchObject({
    Source: { Type: 'direct' },
    IsAnomalous: false,
  });
  expect(
    await judge(
      await sharp(await unseen(true))
        .jpeg({ quality: 100 })
        .toBuffer(),
      'image/jpeg',
    ),
  ).toMatchObject({ IsAnomalous: true });
});

test('show_anomalies.py: reads anomalies and mask unasked, and blends the mask with the picture', async () => {
  const picture = await unseen(true);
  const { DetectAnomalyResult } = await host.client.send(
    new DetectAnomaliesCommand({ ...model, Body: picture, ContentType: 'image/png' }),
  );
  const [background, scratch, ...more] = indexed(DetectAnomalyResult?.Anomalies, 'Anomalies');
  expect([
    background?.Name,
    background?.PixelAnomaly?.Color,
    scratch?.Name,
    scratch?.PixelAnomaly?.Color,
    more,
  ]).toEqual(['background', '#FFFFFF', 'scratch', '#23A436', []]);
  const [clean = 0, scratched = 0] = [background, scratch].map(
    (each) => each?.PixelAnomaly?.TotalPercentageArea,
  );
  expect(clean + scratched).toBeCloseTo(1, 6);
  expect(scratched).toBeGreaterThan(0.005);
  // `Image.blend` demands the same size and the same mode of both.
  const mask = await sharp(indexed(DetectAnomalyResult?.AnomalyMask, 'AnomalyMask')).metadata();
  const image = await sharp(picture).metadata();
  expect([mask.format, mask.width, mask.height, mask.channels]).toEqual([
    'png',
    image.width,
    image.height,
    3,
  ]);
});

test('tps.py: from 10 to 80 users at once, retries off: each has a verdict, or is told to slow down', async () => {
  const Body = await unseen(false);
  for (const users of [10, 20, 40, 80]) {
    const answers = await Promise.all(
      Array.from({ length: users }, () =>
        host.client.send(new DetectAnomaliesCommand({ ...model, Body, ContentType: 'image/png' })).then(
          ({ DetectAnomalyResult }) => DetectAnomalyResult?.IsAnomalous,
          (error: unknown) => error,
        ),
      ),
    );
    for (const answer of answers) {
      if (answer !== false) expect(answer).toBeInstanceOf(ThrottlingException);
    }
    expect(answers).toContain(false);
  }
});

/** `Hosting.list_hosted`, `find_running_models.py`: every model of every project, described one by one. */
async function hostedModels(): Promise<string[]> {
  const found: string[] = [];
  const { Projects } = await host.client.send(new ListProjectsCommand({}));
  for (const { ProjectName } of indexed(Projects, 'Projects')) {
    const name = indexed(ProjectName, 'ProjectName');
    const { Models } = await host.client.send(new ListModelsCommand({ ProjectName: name }));
    for (const { ModelVersion } of indexed(Models, 'Models')) {
      const { Status, ModelArn } = await describeModel(host.client, {
        ProjectName: name,
        ModelVersion: indexed(ModelVersion, 'ModelVersion'),
      });
      if (Status === 'HOSTED') found.push(indexed(ModelArn, 'ModelArn'));
    }
  }
  return found;
}

test('hosting.py: lists what is hosted; stops it, and it is listed no more', async () => {
  expect(await hostedModels()).toEqual(['arn:aws:lookoutvision:us-east-1:000000000000:model/circuitboard/1']);
  await host.client.send(new StopModelCommand(model));
  await untilStopped(host.client, model);
  expect(await hostedModels()).toEqual([]);
});

test('find_running_models.py: both lists through their paginators', async () => {
  const seen: (string | undefined)[] = [];
  for await (const { Projects } of paginateListProjects({ client: host.client }, {})) {
    for (const { ProjectName } of indexed(Projects, 'Projects')) {
      for await (const { Models } of paginateListModels({ client: host.client }, { ProjectName }))
        seen.push(...indexed(Models, 'Models').map(({ Status }) => Status));
    }
  }
  expect(seen).toEqual(['TRAINED']);
});

test('find_tag.py: finds the models that have a tag', async () => {
  const { client } = host;
  await client.send(
    new TagResourceCommand({
      ResourceArn: (await describeModel(client, model)).ModelArn,
      Tags: [{ Key: 'line', Value: '4' }],
    }),
  );
  const found: string[] = [];
  for (const { ProjectName } of indexed(
    (await client.send(new ListProjectsCommand({}))).Projects,
    'Projects',
  )) {
    for (const { ModelVersion } of indexed(
      (await client.send(new ListModelsCommand({ ProjectName }))).Models,
      'Models',
    )) {
      const description = await describeModel(client, {
        ProjectName: ProjectName ?? '',
        ModelVersion: ModelVersion ?? '',
      });
      const { Tags } = await client.send(
        new ListTagsForResourceCommand({ ResourceArn: indexed(description.ModelArn, 'ModelArn') }),
      );
      for (const tag of indexed(Tags, 'Tags'))
        if (tag.Key === 'line' && tag.Value === '4') found.push(`${ProjectName}/${ModelVersion}`);
    }
  }
  expect(found).toEqual(['circuitboard/1']);
});

test('update_dataset.py: one line relabelled, one added; the figures tell so', async () => {
  const [line = ''] = (await putPlates(host, 1, 0, 1)).lines;
  const relabelled = line.replace('"class-name":"normal"', '"class-name":"anomaly"');
  const { Status } = await host.client.send(
    new UpdateDatasetEntriesCommand({
      ...project,
      DatasetType: 'train',
      Changes: Buffer.from(`${relabelled}${line.replace('none-0', 'another')}`),
    }),
  );
  expect(Status).toBe('UPDATE_IN_PROGRESS');
  const { ImageStats, LastUpdatedTimestamp, CreationTimestamp } = await untilUpdated(
    host.client,
    project,
    'train',
  );
  expect(ImageStats).toEqual({ Total: 21, Labeled: 21, Normal: 10, Anomaly: 11 });
  expect(LastUpdatedTimestamp?.getTime()).toBeGreaterThan(CreationTimestamp?.getTime() ?? Number.NaN);
});

test('export_datasets.py: what it exports of every dataset makes the same dataset again', async () => {
  const { client } = host;
  const { ProjectDescription } = await client.send(new DescribeProjectCommand(project));
  const datasets = indexed(ProjectDescription?.Datasets, 'Datasets');
  expect(datasets.map(({ DatasetType, Status }) => [DatasetType, Status])).toEqual([
    ['train', 'UPDATE_COMPLETE'],
    ['test', 'CREATE_COMPLETE'],
  ]);
  const copy = { ProjectName: 'copy' };
  await client.send(new CreateProjectCommand(copy));
  for (const { DatasetType = '' } of datasets) {
    const lines: string[] = [];
    for await (const { DatasetEntries } of paginateListDatasetEntries(
      { client, pageSize: 100 },
      { ...project, DatasetType },
    ))
      lines.push(...indexed(DatasetEntries, 'DatasetEntries'));
    await host.put(`datasets/${DatasetType}.manifest`, lines.map((line) => `${line}\n`).join(''));
    await client.send(
      new CreateDatasetCommand({
        ...copy,
        DatasetType,
        DatasetSource: {
          GroundTruthManifest: { S3Object: { Bucket: bucket, Key: `datasets/${DatasetType}.manifest` } },
        },
      }),
    );
    expect((await untilCreated(client, copy, DatasetType)).ImageStats?.Total).toBe(
      DatasetType === 'train' ? 21 : 20,
    );
    const again: string[] = [];
    for await (const { DatasetEntries } of paginateListDatasetEntries(
      { client, pageSize: 7 },
      { ...copy, DatasetType },
    ))
      again.push(...indexed(DatasetEntries, 'DatasetEntries'));
    expect(again).toEqual(lines);
  }
});

test('projects.py and models.py: everything is listed, and deleted, and gone', async () => {
  const { client } = host;
  await client.send(new DeleteModelCommand(model));
  await untilUnlisted(client, model);
  for (const { ProjectName } of indexed(
    (await client.send(new ListProjectsCommand({}))).Projects,
    'Projects',
  )) {
    const { ProjectDescription } = await client.send(new DescribeProjectCommand({ ProjectName }));
    for (const { DatasetType } of indexed(ProjectDescription?.Datasets, 'Datasets'))
      await client.send(new DeleteDatasetCommand({ ProjectName, DatasetType }));
    await client.send(new DeleteProjectCommand({ ProjectName }));
  }
  await expect(client.send(new DescribeProjectCommand(project))).rejects.toBeInstanceOf(
    ResourceNotFoundException,
  );
  expect((await client.send(new ListProjectsCommand({}))).Projects).toEqual([]);
});
