import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  ConflictException,
  CreateDatasetCommand,
  CreateModelCommand,
  CreateProjectCommand,
  DeleteDatasetCommand,
  DescribeDatasetCommand,
  DescribeModelCommand,
  ListModelsCommand,
  ResourceNotFoundException,
  type DatasetDescription,
  type LookoutVisionClient,
  type ModelDescription,
} from '@aws-sdk/client-lookoutvision';
import { CommandFailed } from '../failed.ts';
import type { Uploaded } from './upload.ts';

export interface Place {
  readonly client: LookoutVisionClient;
  readonly project: string;
  readonly bucket: string;
  readonly tell: (line: string) => void;
}

export async function createProject({ client, project, tell }: Place): Promise<void> {
  try {
    await client.send(new CreateProjectCommand({ ProjectName: project }));
    tell(`Project ${project} is made.`);
  } catch (error) {
    if (!(error instanceof ConflictException)) throw error;
    tell(`Project ${project} is there already.`);
  }
}

async function describe(
  { client, project }: Place,
  DatasetType: string,
): Promise<DatasetDescription | undefined> {
  try {
    for (;;) {
      const { DatasetDescription = {} } = await client.send(
        new DescribeDatasetCommand({ ProjectName: project, DatasetType }),
      );
      if (!(DatasetDescription.Status ?? '').endsWith('IN_PROGRESS')) return DatasetDescription;
      await sleep(500);
    }
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return undefined;
    throw error;
  }
}

/**
 * Makes the dataset unless it is there with as many pictures. One that could not be made before is made
 * again.
 * @throws CommandFailed if another one is there, or the manifest cannot be taken in
 */
export async function createDataset(
  place: Place,
  { dataset, key, lines }: Uploaded,
  { replace }: { readonly replace: boolean },
): Promise<void> {
  const { client, project, bucket, tell } = place;
  const request = { ProjectName: project, DatasetType: dataset };
  const present = await describe(place, dataset);
  if (present !== undefined && present.Status !== 'CREATE_FAILED') {
    if (present.ImageStats?.Total === lines && !replace)
      return tell(`Dataset ${dataset} is there already, with ${lines} pictures.`);
    if (!replace) {
      throw new CommandFailed(
        `Project ${project} has a ${dataset} dataset of ${present.ImageStats?.Total ?? 0} pictures ` +
          `already; the export has ${lines}. Name another project with --project, or put this one in its ` +
          'place with --replace.',
      );
    }
  }
  if (present !== undefined) await client.send(new DeleteDatasetCommand(request));
  await client.send(
    new CreateDatasetCommand({
      ...request,
      DatasetSource: { GroundTruthManifest: { S3Object: { Bucket: bucket, Key: key } } },
    }),
  );
  const made = await describe(place, dataset);
  if (made?.Status !== 'CREATE_COMPLETE')
    throw new CommandFailed(
      `Dataset ${dataset} ended in ${made?.Status ?? 'nothing'}: ${made?.StatusMessage ?? ''}`,
    );
  const { Total, Normal, Anomaly } = made.ImageStats ?? {};
  tell(
    `Dataset ${dataset} is made: ${Total ?? 0} pictures, ${Normal ?? 0} normal, ${Anomaly ?? 0} anomalous.`,
  );
}

/**
 * Trains a model from the datasets, once: a model of the same manifests that is there, or on its way, is the
 * one.
 * @throws CommandFailed if training fails
 */
export async function train(place: Place, uploaded: readonly Uploaded[], prefix: string): Promise<void> {
  const { client, project, bucket, tell } = place;
  const hash = createHash('sha256')
    .update(uploaded.map(({ text }) => text).join('\n'))
    .digest('hex');
  const Description = `migrated-${hash.slice(0, 16)}`;
  const { Models = [] } = await client.send(new ListModelsCommand({ ProjectName: project }));
  const present = Models.find(
    (model) => model.Description === Description && model.Status !== 'TRAINING_FAILED',
  );
  const version =
    present?.ModelVersion ??
    (
      await client.send(
        new CreateModelCommand({
          ProjectName: project,
          Description,
          OutputConfig: { S3Location: { Bucket: bucket, Prefix: `${prefix}models/` } },
        }),
      )
    ).ModelMetadata?.ModelVersion;
  tell(
    present === undefined
      ? `Training version ${version ?? ''}.`
      : `Version ${version ?? ''} was made from these datasets already.`,
  );
  const model = await trained(client, { ProjectName: project, ModelVersion: version ?? '' }, tell);
  if (model.Status === 'TRAINING_FAILED')
    throw new CommandFailed(`Training failed: ${model.StatusMessage ?? ''}`);
  tell(
    `Version ${version ?? ''} is ${model.Status ?? ''}, F1 ` +
      `${model.Performance?.F1Score?.toFixed(3) ?? 'unknown'}.`,
  );
}

async function trained(
  client: LookoutVisionClient,
  model: { ProjectName: string; ModelVersion: string },
  tell: (line: string) => void,
): Promise<ModelDescription> {
  let said = '';
  for (let wait = 500; ; wait = Math.min(wait * 1.5, 30_000)) {
    const { ModelDescription = {} } = await client.send(new DescribeModelCommand(model));
    if (ModelDescription.Status !== 'TRAINING') return ModelDescription;
    if (ModelDescription.StatusMessage !== undefined && ModelDescription.StatusMessage !== said)
      tell(ModelDescription.StatusMessage);
    said = ModelDescription.StatusMessage ?? said;
    await sleep(wait);
  }
}
