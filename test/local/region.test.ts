import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  CreateProjectCommand,
  DescribeProjectCommand,
  ListProjectsCommand,
  ListTagsForResourceCommand,
  LookoutVisionClient,
  StartModelCommand,
} from '@aws-sdk/client-lookoutvision';
import { startKeyedHost, type KeyedHost } from '../helpers/keyed-host.ts';

// A host without keys checks no signature; what a client is set to still means something.

let host: KeyedHost;
beforeAll(async () => {
  host = await startKeyedHost({ keyless: true });
  await clientIn('us-east-1').send(new CreateProjectCommand({ ProjectName: 'parts' }));
});
afterAll(() => host.close());

const clientIn = (region: string): LookoutVisionClient =>
  new LookoutVisionClient({
    endpoint: host.url,
    region,
    credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
    maxAttempts: 1,
  });

test('a client of another region finds nothing, makes nothing, and reads why', async () => {
  const elsewhere = clientIn('eu-west-1');
  const reason = 'This host serves us-east-1, and the request is signed for eu-west-1.';
  const notFound = {
    name: 'ResourceNotFoundException',
    message: `Project parts was not found in eu-west-1. ${reason}`,
  };
  expect((await elsewhere.send(new ListProjectsCommand({}))).Projects).toEqual([]);
  await expect(elsewhere.send(new DescribeProjectCommand({ ProjectName: 'parts' }))).rejects.toMatchObject(
    notFound,
  );
  await expect(
    elsewhere.send(new StartModelCommand({ ProjectName: 'parts', ModelVersion: '1', MinInferenceUnits: 1 })),
  ).rejects.toMatchObject(notFound);
  await expect(
    elsewhere.send(
      new ListTagsForResourceCommand({
        ResourceArn: 'arn:aws:lookoutvision:us-east-1:000000000000:model/parts/1',
      }),
    ),
  ).rejects.toMatchObject(notFound);
  await expect(elsewhere.send(new CreateProjectCommand({ ProjectName: 'new' }))).rejects.toMatchObject({
    name: 'AccessDeniedException',
    message: `Nothing can be made in eu-west-1. ${reason}`,
  });
  expect((await clientIn('us-east-1').send(new ListProjectsCommand({}))).Projects).toHaveLength(1);
});

test('a request without a signature is one of this region', async () => {
  const response = await fetch(`${host.url}/2020-11-20/projects/parts`);
  expect(response.status).toBe(200);
});
