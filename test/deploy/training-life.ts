import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CreateDatasetCommand,
  CreateModelCommand,
  CreateProjectCommand,
  DeleteDatasetCommand,
  DeleteProjectCommand,
  DescribeModelPackagingJobCommand,
  StartModelPackagingJobCommand,
  type LookoutVisionClient,
} from '@aws-sdk/client-lookoutvision';
import { S3Objects } from '../../lambdas/aws/s3-objects.ts';
import type { ObjectStore } from '../../lambdas/domain/ports.ts';
import { createFolderObjects } from '../../lambdas/local/folder-objects.ts';
import { writeDataset, type SampleDataset } from '../../lambdas/local/samples/dataset.ts';
import { HostProcess } from '../helpers/host-process.ts';
import type { User } from './account.ts';
import { datasetRests } from './dataset-life.ts';
import type { Deployment, Outputs } from './deployment.ts';
import { Models, type Verdict } from './models.ts';
import type { Steps } from './steps.ts';

const ProjectName = 'trained';

/** A model that the deployed function trains gives the verdicts of the one that the local host trains. */
export async function trainingLife(
  steps: Steps,
  deployment: Deployment,
  outputs: Outputs,
  owner: User,
): Promise<void> {
  const objects = new S3Objects(deployment.s3(owner));
  const dataset = await steps.run('a dataset to train from is in the bucket', () => writeDataset(objects));
  const deployed = new Models(deployment.client(outputs, owner), ProjectName);
  let trained = '';
  await steps.run('CreateDataset, CreateModel -> TRAINED by the deployed function', async () => {
    trained = await train(deployed, dataset);
    const { Performance } = await deployed.becomes(trained, 'TRAINING', 'TRAINED');
    return `F1 ${Performance?.F1Score?.toFixed(3) ?? ''}`;
  });
  const verdicts = await steps.run('the trained model is hosted and judges unseen images', () =>
    judgeUnseen(deployed, trained, objects, dataset),
  );
  await steps.run('its verdicts are those of the local host', async () => {
    const local = await trainLocally();
    const is = JSON.stringify(verdicts);
    if (is !== JSON.stringify(local)) throw new Error(`deployed ${is}, local ${JSON.stringify(local)}`);
    return is;
  });
  await steps.run('StartModelPackagingJob -> SUCCEEDED', () =>
    packaged(deployed.client, trained, objects, dataset.bucket),
  );
  await steps.run('the trained model is deleted', async () => {
    await deployed.delete(trained);
    await deployed.client.send(new DeleteDatasetCommand({ ProjectName, DatasetType: 'train' }));
    await deployed.client.send(new DeleteProjectCommand({ ProjectName }));
  });
}

/** Makes project, dataset and model. @returns the version that is being trained */
async function train({ client }: Models, { bucket, manifest, images }: SampleDataset): Promise<string> {
  await client.send(new CreateProjectCommand({ ProjectName }));
  await client.send(
    new CreateDatasetCommand({
      ProjectName,
      DatasetType: 'train',
      DatasetSource: { GroundTruthManifest: { S3Object: { Bucket: bucket, Key: manifest } } },
    }),
  );
  const status = await datasetRests(client, ProjectName);
  if (!status.startsWith('CREATE_COMPLETE')) throw new Error(`${status} (${JSON.stringify(images)})`);
  return createModel(client, bucket);
}

async function createModel(client: LookoutVisionClient, Bucket: string): Promise<string> {
  const { ModelMetadata } = await client.send(
    new CreateModelCommand({ ProjectName, OutputConfig: { S3Location: { Bucket, Prefix: 'output/' } } }),
  );
  if (ModelMetadata?.ModelVersion === undefined) throw new Error('CreateModel names no version.');
  return ModelMetadata.ModelVersion;
}

/** Hosts the version, judges what no training has seen, and stops it. @throws Error if a verdict is wrong */
async function judgeUnseen(
  models: Models,
  version: string,
  objects: Pick<ObjectStore, 'read'>,
  { bucket, unseen }: SampleDataset,
): Promise<Readonly<Record<string, Verdict>>> {
  await models.start(version, { min: 1 });
  const verdicts: Record<string, Verdict> = {};
  for (const [shows, key] of Object.entries(unseen)) {
    const picture = await objects.read({ bucket, key });
    if (picture === undefined) throw new Error(`There is no ${key}`);
    const verdict = await models.judge(version, picture);
    if (verdict.anomalous !== (shows !== 'good'))
      throw new Error(`${key} gets the verdict ${JSON.stringify(verdict)}`);
    verdicts[shows] = verdict;
  }
  await models.stop(version);
  return verdicts;
}

/** @returns the files of the component */
async function packaged(
  client: LookoutVisionClient,
  ModelVersion: string,
  objects: Pick<ObjectStore, 'read'>,
  bucket: string,
): Promise<string> {
  const { JobName } = await client.send(
    new StartModelPackagingJobCommand({
      ProjectName,
      ModelVersion,
      Configuration: {
        Greengrass: {
          ComponentName: 'deployed',
          TargetDevice: 'jetson_xavier',
          S3OutputLocation: { Bucket: bucket, Prefix: 'components' },
        },
      },
    }),
  );
  for (;;) {
    const { ModelPackagingDescription: job = {} } = await client.send(
      new DescribeModelPackagingJobCommand({ ProjectName, JobName }),
    );
    if (job.Status === 'FAILED') throw new Error(job.StatusMessage);
    if (job.Status === 'SUCCEEDED') break;
    await sleep(250);
  }
  const files = ['deployed.zip', 'recipe.json'].map(
    (name) => `components/deployed/${ModelVersion}.0.0/${name}`,
  );
  for (const key of files) {
    const bytes = await objects.read({ bucket, key });
    if (bytes === undefined || bytes.length === 0) throw new Error(`There is no ${key}`);
  }
  return files.join(', ');
}

/** The same dataset, trained and judged by the local host. */
async function trainLocally(): Promise<Readonly<Record<string, Verdict>>> {
  const folder = await mkdtemp(join(tmpdir(), 'crowsnest-deploy-local-'));
  const objects = createFolderObjects(join(folder, 's3'));
  const dataset = await writeDataset(objects);
  const host = await HostProcess.start(folder);
  try {
    const models = new Models(host.client, ProjectName);
    const version = await train(models, dataset);
    await models.becomes(version, 'TRAINING', 'TRAINED');
    return await judgeUnseen(models, version, objects, dataset);
  } finally {
    await host.destroy();
    await rm(folder, { recursive: true, force: true });
  }
}
