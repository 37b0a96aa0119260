import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  CreateDatasetCommand,
  CreateProjectCommand,
  DescribeDatasetCommand,
  LookoutVisionClient,
} from '@aws-sdk/client-lookoutvision';
import { setTimeout as sleep } from 'node:timers/promises';
import { startKeyedHost, type KeyedHost } from '../helpers/keyed-host.ts';

let host: KeyedHost;
beforeAll(async () => {
  host = await startKeyedHost({ keyless: true });
});
afterAll(() => host.close());

test('a manifest that is not there is named as the file that was looked for, without paths of the machine', async () => {
  const client = new LookoutVisionClient({
    endpoint: host.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
  });
  const dataset = { ProjectName: 'parts', DatasetType: 'train' };
  await client.send(new CreateProjectCommand({ ProjectName: 'parts' }));
  const source = { GroundTruthManifest: { S3Object: { Bucket: 'fotos', Key: 'a/train.manifest' } } };
  await client.send(new CreateDatasetCommand({ ...dataset, DatasetSource: source }));
  const describe = async () => (await client.send(new DescribeDatasetCommand(dataset))).DatasetDescription;
  let seen = await describe();
  for (; seen?.Status === 'CREATE_IN_PROGRESS'; seen = await describe()) await sleep(50);
  expect(seen).toMatchObject({
    Status: 'CREATE_FAILED',
    StatusMessage:
      'The dataset could not be created. The manifest s3://fotos/a/train.manifest ' +
      '(the file s3/fotos/a/train.manifest in the data folder) was not found.',
  });
  client.destroy();
});
