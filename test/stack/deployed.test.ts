import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  CreateDatasetCommand, CreateProjectCommand, DeleteDatasetCommand, DeleteModelCommand, DeleteProjectCommand, DescribeDatasetCommand, DescribeModelCommand,
  DescribeModelPackagingJobCommand, DetectAnomaliesCommand, ListDatasetEntriesCommand, ListModelsCommand, LookoutVisionClient, StartModelCommand, StartModelPackagingJobCommand,
  StopModelCommand, UpdateDatasetEntriesCommand,
} from '@aws-sdk/client-lookoutvision';
import { Account } from '../helpers/account/account.ts';
import { line, manifestOf } from '../helpers/manifests.ts';

let account: Account;
let client: LookoutVisionClient;

beforeAll(async () => {
  account = await Account.deploy({ buckets: ['photos', 'results'], algorithmArn: 'arn:aws:sagemaker:eu-west-1:865070037744:algorithm/vision' });
  client = new LookoutVisionClient({ endpoint: account.url, region: 'eu-west-1', credentials: { accessKeyId: 'caller', secretAccessKey: 'secret' }, maxAttempts: 1 });
  account.objects.bucket('results');
}, 120_000);
afterAll(async () => {
  client.destroy();
  await account.close();
});

const ProjectName = 'lids';
const dataset = { ProjectName, DatasetType: 'train' };

const pictures = (count: number, from = 0): object[] => Array.from({ length: count }, (_, index) => line(`${from + index}.jpg`, index % 3 === 0 ? 'anomaly' : 'normal'));

test('a dataset is read from S3 and changed', async () => {
  // A thousand lines are one step of the workflow, and its end the end of the object: S3 calls going on there an error.
  account.objects.write({ bucket: 'photos', key: 'train.manifest' }, Buffer.from(manifestOf(pictures(1000))));
  await client.send(new CreateProjectCommand({ ProjectName }));
  await client.send(new CreateDatasetCommand({ ...dataset, DatasetSource: { GroundTruthManifest: { S3Object: { Bucket: 'photos', Key: 'train.manifest' } } } }));
  await account.executions.idle();
  const { DatasetDescription } = await client.send(new DescribeDatasetCommand(dataset));
  expect(DatasetDescription).toMatchObject({ Status: 'CREATE_COMPLETE', ImageStats: { Total: 1000, Labeled: 1000, Normal: 666, Anomaly: 334 } });
  await client.send(new UpdateDatasetEntriesCommand({ ...dataset, Changes: Buffer.from(manifestOf(pictures(3, 999))) }));
  await account.executions.idle();
  expect((await client.send(new DescribeDatasetCommand(dataset))).DatasetDescription).toMatchObject({ Status: 'UPDATE_COMPLETE', ImageStats: { Total: 1002 } });
  const { DatasetEntries } = await client.send(new ListDatasetEntriesCommand({ ...dataset, MaxResults: 100 }));
  expect(DatasetEntries).toHaveLength(100);
  expect(account.policies.refused).toEqual([]);
}, 60_000);
