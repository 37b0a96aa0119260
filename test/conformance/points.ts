import {
  CreateDatasetCommand,
  CreateModelCommand,
  CreateProjectCommand,
  DescribeDatasetCommand,
  type DatasetDescription,
  type DatasetMetadata,
  type ModelMetadata,
} from '@aws-sdk/client-lookoutvision';
import { line, manifestOf } from '../helpers/manifests.ts';
import type { World } from '../helpers/world.ts';

// What the tests of the sixteen points begin with.

export const project = { ProjectName: 'parts' };
export const train = { ...project, DatasetType: 'train' };

export const lines = (normal: number, anomaly: number): Record<string, unknown>[] => [
  ...Array.from({ length: normal }, (_, index) => line(`normal-${index}.jpg`, 'normal')),
  ...Array.from({ length: anomaly }, (_, index) => line(`anomaly-${index}.jpg`, 'anomaly')),
];

export const changes = (entries: readonly object[]): Uint8Array => Buffer.from(manifestOf(entries));

/** Makes a dataset from a manifest; what the workflow does is not waited for. */
export async function create(
  world: World,
  entries: readonly object[] = lines(20, 10),
  DatasetType = 'train',
): Promise<DatasetMetadata | undefined> {
  world.objects.objects.set('photos/m', changes(entries));
  return (
    await world.client.send(
      new CreateDatasetCommand({
        ...project,
        DatasetType,
        DatasetSource: { GroundTruthManifest: { S3Object: { Bucket: 'photos', Key: 'm' } } },
      }),
    )
  ).DatasetMetadata;
}

export async function withDataset(world: World, entries?: readonly object[]): Promise<World> {
  await world.client.send(new CreateProjectCommand(project));
  await create(world, entries);
  await world.settle();
  return world;
}

export const describeDataset = async (world: World): Promise<DatasetDescription | undefined> =>
  (await world.client.send(new DescribeDatasetCommand(train))).DatasetDescription;

export const createModel = async (world: World, Prefix = 'out/'): Promise<ModelMetadata | undefined> =>
  (
    await world.client.send(
      new CreateModelCommand({
        ...project,
        OutputConfig: { S3Location: { Bucket: 'results', Prefix } },
        Tags: [],
      }),
    )
  ).ModelMetadata;
