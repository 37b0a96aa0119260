import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
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
  DetectAnomaliesCommand,
  ListDatasetEntriesCommand,
  ListModelsCommand,
  ListTagsForResourceCommand,
  LookoutVisionClient,
  StartModelCommand,
  StartModelPackagingJobCommand,
  StopModelCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateDatasetEntriesCommand,
  type ModelDescription,
} from '@aws-sdk/client-lookoutvision';
import { Account } from '../helpers/account/account.ts';
import { colourGraph, colourManifest, json } from '../helpers/artifacts.ts';
import { line, manifestOf } from '../helpers/manifests.ts';
import { headAndText } from '../helpers/picture-heads.ts';

const ProjectName = 'lids';
const dataset = { ProjectName, DatasetType: 'train' };
const OutputConfig = { S3Location: { Bucket: 'results', Prefix: 'lids/' } };

let account: Account;
let client: LookoutVisionClient;

beforeAll(async () => {
  account = await Account.deploy({
    buckets: ['photos', 'results', 'theirs'],
    algorithmArn: 'arn:aws:sagemaker:eu-west-1:865070037744:algorithm/vision',
    trainer: 'sagemaker',
    modelPackages: ['arn:aws:sagemaker:eu-west-1:123456789012:model-package/vision-*'],
  });
  for (const name of ['photos', 'results', 'secrets']) account.objects.buckets.add(name);
  account.objects.closed.add('theirs');
  client = new LookoutVisionClient({
    endpoint: account.url,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'caller', secretAccessKey: 'secret' },
    maxAttempts: 1,
  });
}, 600_000);
afterAll(async () => {
  client.destroy();
  await account.close();
});
beforeEach(() => {
  account.policies.refused.splice(0);
});

const pictures = (count: number, from = 0): object[] =>
  Array.from({ length: count }, (_, index) =>
    line(`${from + index}.jpg`, index % 3 === 0 ? 'anomaly' : 'normal'),
  );

async function createDataset(Key: string, Bucket = 'photos'): Promise<unknown> {
  await client.send(
    new CreateDatasetCommand({
      ...dataset,
      DatasetSource: { GroundTruthManifest: { S3Object: { Bucket, Key } } },
    }),
  );
  await account.executions.idle();
  return (await client.send(new DescribeDatasetCommand(dataset))).DatasetDescription;
}

async function describeModel(ModelVersion: string): Promise<ModelDescription | undefined> {
  await account.executions.idle();
  return (await client.send(new DescribeModelCommand({ ProjectName, ModelVersion }))).ModelDescription;
}

const versions = async (): Promise<(string | undefined)[]> =>
  ((await client.send(new ListModelsCommand({ ProjectName }))).Models ?? []).map((each) => each.ModelVersion);

const detect = (ModelVersion: string) =>
  client.send(
    new DetectAnomaliesCommand({
      ProjectName,
      ModelVersion,
      Body: Buffer.from('a picture'),
      ContentType: 'image/jpeg',
    }),
  );

/** A dataset whose pictures are there. */
async function trainable(): Promise<void> {
  const lines = pictures(40);
  account.objects.write({ bucket: 'photos', key: 'small.manifest' }, manifestOf(lines));
  for (const each of lines)
    account.objects.files.set(
      (each as { 'source-ref': string })['source-ref'].replace('s3://', ''),
      headAndText('image/jpeg', 'a picture'),
    );
  expect(await createDataset('small.manifest')).toMatchObject({ Status: 'CREATE_COMPLETE' });
}

/** By the one operation that the original client does not know. */
async function importModel(Source: object): Promise<ModelDescription | undefined> {
  const answer = await fetch(`${account.url}/2020-11-20/projects/${ProjectName}/models/import`, {
    method: 'POST',
    body: JSON.stringify({ Source }),
  });
  const {
    ModelMetadata: { ModelVersion },
  } = (await answer.json()) as { ModelMetadata: { ModelVersion: string } };
  return await describeModel(ModelVersion);
}

/** @returns the version, trained elsewhere */
async function importPackage(): Promise<string> {
  const ModelPackageArn = account.sagemaker.addPackage('vision-1', {
    CustomerMetadataProperties: {
      f1Score: '0.9',
      precision: '1',
      recall: '0.82',
      evaluatedAt: '2026-01-01T00:00:00Z',
    },
  });
  const model = await importModel({ ModelPackageArn });
  expect(model).toMatchObject({ Status: 'TRAINED', Performance: { Recall: 0.8199999928474426 } });
  return model?.ModelVersion ?? '';
}

/** Started, asked, stopped; the engine has nothing left of the run. */
async function run(ModelVersion: string): Promise<void> {
  const before = account.sagemaker.resources();
  await client.send(
    new StartModelCommand({ ProjectName, ModelVersion, MinInferenceUnits: 1, MaxInferenceUnits: 2 }),
  );
  expect(await describeModel(ModelVersion)).toMatchObject({
    Status: 'HOSTED',
    MinInferenceUnits: 1,
    MaxInferenceUnits: 2,
  });
  expect((await detect(ModelVersion)).DetectAnomalyResult).toMatchObject({
    Source: { Type: 'direct' },
    IsAnomalous: true,
  });
  await account.visit('WatchSweep');
  await client.send(new StopModelCommand({ ProjectName, ModelVersion }));
  expect(await describeModel(ModelVersion)).toMatchObject({ Status: 'TRAINED' });
  expect(account.sagemaker.resources()).toEqual(before);
}

test('what no policy allows is refused here as well: otherwise the rest would prove nothing', () => {
  const on = 'arn:aws:dynamodb:eu-west-1:123456789012:table/Table';
  expect(account.policies.allow('ReadRole', [{ action: 'dynamodb:GetItem', resource: on }])).toBe(true);
  expect(account.policies.allow('ReadRole', [{ action: 'dynamodb:PutItem', resource: on }])).toBe(false);
  expect(
    account.policies.allow('TasksProvisionRole', [
      { action: 'iam:PassRole', resource: 'arn:aws:iam::123456789012:role/HostingExecutionRole' },
    ]),
  ).toBe(false);
});

describe('with the rights of the template, and no others', () => {
  test('a dataset is read from S3, changed and listed', async () => {
    // A thousand lines are one step of the workflow, and with the last of them the object ends: S3 would
    // refuse to go on there.
    account.objects.write({ bucket: 'photos', key: 'train.manifest' }, manifestOf(pictures(1000)));
    await client.send(new CreateProjectCommand({ ProjectName }));
    expect(await createDataset('train.manifest')).toMatchObject({
      Status: 'CREATE_COMPLETE',
      ImageStats: { Total: 1000, Labeled: 1000, Normal: 666, Anomaly: 334 },
    });
    await client.send(
      new UpdateDatasetEntriesCommand({ ...dataset, Changes: Buffer.from(manifestOf(pictures(3, 999))) }),
    );
    await account.executions.idle();
    expect((await client.send(new DescribeDatasetCommand(dataset))).DatasetDescription).toMatchObject({
      Status: 'UPDATE_COMPLETE',
      ImageStats: { Total: 1002 },
    });
    expect(
      (await client.send(new ListDatasetEntriesCommand({ ...dataset, MaxResults: 100 }))).DatasetEntries,
    ).toHaveLength(100);
    await client.send(new DeleteDatasetCommand(dataset));
    expect(account.policies.refused).toEqual([]);
  }, 300_000);

  test('a manifest that is not there, a bucket that nobody listed, and one whose owner does not let us in', async () => {
    expect(await createDataset('none.manifest')).toMatchObject({
      Status: 'CREATE_FAILED',
      StatusMessage: expect.stringContaining('s3://photos/none.manifest was not found'),
    });
    await client.send(new DeleteDatasetCommand(dataset));
    await expect(
      client.send(
        new CreateDatasetCommand({
          ...dataset,
          DatasetSource: { GroundTruthManifest: { S3Object: { Bucket: 'secrets', Key: 'x' } } },
        }),
      ),
    ).rejects.toMatchObject({ name: 'ValidationException' });
    const refusal = 'S3 refuses it to this deployment (AccessDenied: Access Denied)';
    expect(await createDataset('x', 'theirs')).toMatchObject({
      Status: 'CREATE_FAILED',
      StatusMessage: expect.stringContaining(`s3://theirs/x: ${refusal}`),
    });
    await client.send(new DeleteDatasetCommand(dataset));
    expect(await importModel({ S3: { Bucket: 'theirs', Prefix: 'job' } })).toMatchObject({
      Status: 'TRAINING_FAILED',
      StatusMessage: expect.stringContaining(refusal),
    });
    expect(account.policies.refused).toEqual([]);
  });

  test('a model package is imported, tagged, hosted, asked, stopped and deleted', async () => {
    const ModelVersion = await importPackage();
    const { ModelArn: ResourceArn } = (await describeModel(ModelVersion)) ?? {};
    await client.send(
      new TagResourceCommand({
        ResourceArn,
        Tags: [
          { Key: 'line', Value: '4' },
          { Key: 'shift', Value: 'late' },
        ],
      }),
    );
    await client.send(new UntagResourceCommand({ ResourceArn, TagKeys: ['shift'] }));
    expect((await client.send(new ListTagsForResourceCommand({ ResourceArn }))).Tags).toEqual([
      { Key: 'line', Value: '4' },
    ]);
    await run(ModelVersion);
    await client.send(new DeleteModelCommand({ ProjectName, ModelVersion }));
    await account.executions.idle();
    expect(await versions()).not.toContain(ModelVersion);
    expect(account.policies.refused).toEqual([]);
  }, 300_000);

  test("a model in the project's own format is checked, hosted in a function, asked, stopped and deleted", async () => {
    const at = (key: string) => ({ bucket: 'photos', key: `colours/${key}` });
    account.objects.write(at('model.onnx'), colourGraph());
    account.objects.write(at('model.json'), json({ ...colourManifest, threshold: 5 }));
    expect(await importModel({ S3: { Bucket: 'photos', Prefix: 'colours' } })).toMatchObject({
      Status: 'TRAINING_FAILED',
      StatusMessage: expect.stringContaining('threshold'),
    });
    account.objects.write(at('model.json'), json(colourManifest));
    const model = await importModel({ S3: { Bucket: 'photos', Prefix: 'colours' } });
    expect(model).toMatchObject({ Status: 'TRAINED', Performance: { Recall: 1 } });
    const ModelVersion = model?.ModelVersion ?? '';
    account.lambda.life = { hidden: 0, creating: 0, provisioning: 0 };
    account.lambda.unit = (event) => ({
      payload:
        (event as { readonly kind: string }).kind === 'warmUp'
          ? { kind: 'warm' }
          : { kind: 'verdict', verdict: { isAnomalous: true, confidence: 0.9 } },
    });
    await client.send(new StartModelCommand({ ProjectName, ModelVersion, MinInferenceUnits: 1 }));
    expect(await describeModel(ModelVersion)).toMatchObject({ Status: 'HOSTED' });
    expect((await detect(ModelVersion)).DetectAnomalyResult).toMatchObject({ IsAnomalous: true });
    await account.visit('WatchSweep');
    await account.visit('WatchAudit');
    await client.send(new StopModelCommand({ ProjectName, ModelVersion }));
    expect(await describeModel(ModelVersion)).toMatchObject({ Status: 'TRAINED' });
    expect(account.lambda.resources()).toEqual([]);
    await client.send(new DeleteModelCommand({ ProjectName, ModelVersion }));
    await account.executions.idle();
    expect(await versions()).not.toContain(ModelVersion);
    expect([...account.objects.files.keys()].filter((path) => path.includes('checks/'))).toEqual([]);
    expect(account.policies.refused).toEqual([]);
  }, 120_000);

  test('when no execution can be started, the sweep brings a deletion to its end by itself', async () => {
    const ModelVersion = await importPackage();
    account.outage = true;
    await client.send(new DeleteModelCommand({ ProjectName, ModelVersion }));
    // An hour is what executions have, of time in which somebody comes by.
    for (let minute = 0; minute < 64; minute += 1) {
      account.pass(61);
      await account.visit('WatchSweep');
    }
    account.outage = false;
    expect(await versions()).not.toContain(ModelVersion);
    expect(account.policies.refused).toEqual([]);
  }, 300_000);

  test('a dataset is trained on, and what came of it is hosted, packaged and deleted, with nothing left behind', async () => {
    await trainable();
    const { ModelMetadata: { ModelVersion = '' } = {} } = await client.send(
      new CreateModelCommand({ ProjectName, OutputConfig }),
    );
    expect(await describeModel(ModelVersion)).toMatchObject({
      Status: 'TRAINED',
      StatusMessage: expect.stringMatching(/^Training completed successfully\. F1 \d/),
      OutputConfig,
      Performance: { Recall: 1 },
      EvaluationResult: { Bucket: 'results', Key: `lids/EvaluationResult-lids-${ModelVersion}.json` },
    });
    expect(
      account.objects
        .text({ bucket: 'results', key: `lids/EvaluationManifest-lids-${ModelVersion}.json` })
        ?.trim()
        .split('\n'),
    ).toHaveLength(8);
    // The jobs run under a role of their own.
    const role = 'TrainingExecutionRole';
    expect(
      account.policies.allow(
        role,
        [...(account.sagemaker.world.files?.keys() ?? [])]
          .filter((path) => path.startsWith('photos/') || path.includes('/output/'))
          .map((path) => ({
            action: path.includes('/output/') ? 's3:PutObject' : 's3:GetObject',
            resource: `arn:aws:s3:::${path}`,
          })),
      ),
    ).toBe(true);

    await run(ModelVersion);
    const { JobName } = await client.send(
      new StartModelPackagingJobCommand({
        ProjectName,
        ModelVersion,
        Configuration: {
          Greengrass: {
            S3OutputLocation: { Bucket: 'results' },
            ComponentName: 'lids',
            TargetPlatform: { Os: 'LINUX', Arch: 'X86_64' },
          },
        },
      }),
    );
    await account.executions.idle();
    expect(
      (await client.send(new DescribeModelPackagingJobCommand({ ProjectName, JobName })))
        .ModelPackagingDescription,
    ).toMatchObject({ Status: 'SUCCEEDED' });
    await account.visit('WatchAudit');

    for (const each of await versions())
      await client.send(new DeleteModelCommand({ ProjectName, ModelVersion: each }));
    await account.executions.idle();
    await client.send(new DeleteDatasetCommand(dataset));
    await client.send(new DeleteProjectCommand({ ProjectName }));
    expect(account.sagemaker.resources()).toEqual([]);
    expect([...account.objects.files.keys()].filter((path) => !/^(photos|results)\//.test(path))).toEqual([]);
    // Two hours later nobody can be reading any more what the deletions left to be removed.
    account.pass(7200);
    await account.visit('WatchSweep');
    expect(account.executions.failures).toEqual([]);
    expect(account.policies.refused).toEqual([]);
  }, 300_000);
});
