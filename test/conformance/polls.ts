import { setTimeout as sleep } from 'node:timers/promises';
import {
  DescribeDatasetCommand,
  DescribeModelCommand,
  DescribeModelPackagingJobCommand,
  ListModelsCommand,
  type DatasetDescription,
  type LookoutVisionClient,
  type ModelDescription,
  type ModelPackagingDescription,
} from '@aws-sdk/client-lookoutvision';

/**
 * The loops of published clients: what they wait through, what they end on, and that everything else is a
 * failure. The first look follows the call at once. They have no time limit; only their intervals are shorter
 * here.
 */
const interval = 10;

/** As a script that indexes an answer: what is not there ends it. */
export function indexed<T>(value: T | undefined, member: string): T {
  if (value === undefined) throw new Error(`KeyError: '${member}'`);
  return value;
}

interface Loop<T> {
  readonly passing: readonly string[];
  readonly end: readonly string[];
  look(): Promise<T>;
}

async function loop<
  T extends { readonly Status?: string | undefined; readonly StatusMessage?: string | undefined },
>(wanted: Loop<T>): Promise<T> {
  for (; ; await sleep(interval)) {
    const seen = await wanted.look();
    const status = indexed(seen.Status, 'Status');
    const message = indexed(seen.StatusMessage, 'StatusMessage');
    if (wanted.passing.includes(status)) continue;
    if (wanted.end.includes(status)) return seen;
    throw new Error(`${status}: ${message}`);
  }
}

export interface Project {
  readonly ProjectName: string;
}
export interface Model extends Project {
  readonly ModelVersion: string;
}

const describeDataset = async (
  client: LookoutVisionClient,
  project: Project,
  DatasetType: string,
): Promise<DatasetDescription> =>
  indexed(
    (await client.send(new DescribeDatasetCommand({ ...project, DatasetType }))).DatasetDescription,
    'DatasetDescription',
  );

export const describeModel = async (client: LookoutVisionClient, model: Model): Promise<ModelDescription> =>
  indexed((await client.send(new DescribeModelCommand(model))).ModelDescription, 'ModelDescription');

/** Python every 2 s, awslabs and Java every 5 s. */
export const untilCreated = (
  client: LookoutVisionClient,
  project: Project,
  type: string,
): Promise<DatasetDescription> =>
  loop({
    passing: ['CREATE_IN_PROGRESS'],
    end: ['CREATE_COMPLETE'],
    look: () => describeDataset(client, project, type),
  });

/** Every 5 s. */
export const untilUpdated = (
  client: LookoutVisionClient,
  project: Project,
  type: string,
): Promise<DatasetDescription> =>
  loop({
    passing: ['UPDATE_IN_PROGRESS', 'UPDATE_FAILED_ROLLBACK_IN_PROGRESS'],
    end: ['UPDATE_COMPLETE', 'UPDATE_FAILED_ROLLBACK_COMPLETE'],
    look: () => describeDataset(client, project, type),
  });

/** Python every 600 s, Java and awslabs every 60 s. */
export const untilTrained = (client: LookoutVisionClient, model: Model): Promise<ModelDescription> =>
  loop({ passing: ['TRAINING'], end: ['TRAINED'], look: () => describeModel(client, model) });

/** Python every 10 s, Java and awslabs every 60 s. */
export const untilHosted = (client: LookoutVisionClient, model: Model): Promise<ModelDescription> =>
  loop({ passing: ['STARTING_HOSTING'], end: ['HOSTED'], look: () => describeModel(client, model) });

/** Python every 10 s, Java every 60 s. */
export const untilStopped = (client: LookoutVisionClient, model: Model): Promise<ModelDescription> =>
  loop({ passing: ['STOPPING_HOSTING'], end: ['TRAINED'], look: () => describeModel(client, model) });

/**
 * The Lab notebook every 5 s, awslabs when it stops a model: nothing but the status that is waited for ends
 * them, not even a failure.
 */
export async function untilItIs(client: LookoutVisionClient, model: Model, status: string): Promise<void> {
  while ((await describeModel(client, model)).Status !== status) await sleep(interval);
}

/** Python every 2 s, awslabs every 5 s, Java every 60 s. */
export async function untilUnlisted(
  client: LookoutVisionClient,
  { ProjectName, ModelVersion }: Model,
): Promise<void> {
  const listed = async (): Promise<boolean> =>
    indexed((await client.send(new ListModelsCommand({ ProjectName }))).Models, 'Models').some(
      (model) => model.ModelVersion === ModelVersion,
    );
  while (await listed()) await sleep(interval);
}

/** Java every 60 s. */
export const untilPackaged = (
  client: LookoutVisionClient,
  project: Project,
  JobName: string,
): Promise<ModelPackagingDescription> =>
  loop({
    passing: ['CREATED', 'RUNNING'],
    end: ['SUCCEEDED', 'FAILED'],
    look: async () =>
      indexed(
        (await client.send(new DescribeModelPackagingJobCommand({ ...project, JobName })))
          .ModelPackagingDescription,
        'ModelPackagingDescription',
      ),
  });
