import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  CreateDatasetCommand,
  CreateModelCommand,
  CreateProjectCommand,
  ListModelsCommand,
  StartModelPackagingJobCommand,
} from '@aws-sdk/client-lookoutvision';
import { bucket, openLocalHost, type LocalHost } from '../helpers/local-host.ts';
import { line, manifestOf } from '../helpers/manifests.ts';
import { untilCreated, untilTrained } from '../conformance/polls.ts';

let host: LocalHost;
beforeAll(async () => {
  host = await openLocalHost();
});
afterAll(() => host.close());

const project = { ProjectName: 'parts' };
const refusal = (name: string, member: string) => ({
  name: 'ValidationException',
  message:
    `1 validation error detected: Value '${name}' at '${member}' failed to satisfy constraint: ` +
    'Member must be a bucket that is there: a folder of its name in the folder s3 of the data folder',
});

test('a bucket that a typing error names is refused, and not made', async () => {
  const { client } = host;
  const train = (Bucket: string) =>
    client.send(new CreateModelCommand({ ...project, OutputConfig: { S3Location: { Bucket } } }));
  await client.send(new CreateProjectCommand(project));
  // What is worse is told first.
  await expect(train('console-dat')).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  await host.put(
    'train.manifest',
    manifestOf([
      ...Array.from({ length: 20 }, (_, index) => line(`${index}.png`, 'normal')),
      ...Array.from({ length: 10 }, (_, index) => line(`x${index}.png`, 'anomaly')),
    ]),
  );
  await client.send(
    new CreateDatasetCommand({
      ...project,
      DatasetType: 'train',
      DatasetSource: { GroundTruthManifest: { S3Object: { Bucket: bucket, Key: 'train.manifest' } } },
    }),
  );
  await untilCreated(client, project, 'train');
  await expect(train('console-dat')).rejects.toMatchObject(
    refusal('console-dat', 'outputConfig.s3Location.bucket'),
  );
  expect((await client.send(new ListModelsCommand(project))).Models).toEqual([]);

  await train(bucket);
  await untilTrained(client, { ...project, ModelVersion: '1' });
  const pack = (Bucket: string) =>
    client.send(
      new StartModelPackagingJobCommand({
        ...project,
        ModelVersion: '1',
        Configuration: {
          Greengrass: {
            ComponentName: 'parts',
            TargetDevice: 'jetson_xavier',
            S3OutputLocation: { Bucket },
          },
        },
      }),
    );
  await expect(pack('console-dat')).rejects.toMatchObject(
    refusal('console-dat', 'configuration.greengrass.s3OutputLocation.bucket'),
  );
  await expect(pack(bucket)).resolves.toMatchObject({ JobName: expect.any(String) });
  // The refused calls left nothing behind: the same one is refused again.
  await expect(train('console-dat')).rejects.toMatchObject({ name: 'ValidationException' });
}, 60_000);
