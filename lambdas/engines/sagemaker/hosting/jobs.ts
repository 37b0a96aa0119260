import {
  DeleteModelCommand,
  DescribeTrainingJobCommand,
  DescribeTransformJobCommand,
  StopTrainingJobCommand,
  StopTransformJobCommand,
  type DescribeTrainingJobResponse,
  type DescribeTransformJobResponse,
} from '@aws-sdk/client-sagemaker';
import type { PictureType } from '../../../domain/verdict.ts';
import { tagKeys, versionNameOf, type VersionKey } from './names.ts';
import type { SageMakerAccount } from './options.ts';
import { isJobMissing, isJobOver, isMissing } from './refusals.ts';
import { findArn, tagsAt } from './resources.ts';

/**
 * A job was told to stop, and has not stopped yet: what it writes until then cannot be removed. Another try,
 * later, finds it stopped.
 */
class StillEnding extends Error {
  override readonly name = 'StillEnding';
}

/**
 * A transform takes pictures of one type; a version is judged by one for each type that its test pictures
 * have.
 */
export const transformNameOf = (
  account: Pick<SageMakerAccount, 'stage'>,
  model: VersionKey,
  type: PictureType,
): string => `${versionNameOf(account, model)}-${type.replace('image/', '')}`;

export const findTrainingJob = (
  { sagemaker }: SageMakerAccount,
  name: string,
): Promise<DescribeTrainingJobResponse | undefined> =>
  unlessMissing(() => sagemaker.send(new DescribeTrainingJobCommand({ TrainingJobName: name })));

export const findTransformJob = (
  { sagemaker }: SageMakerAccount,
  name: string,
): Promise<DescribeTransformJobResponse | undefined> =>
  unlessMissing(() => sagemaker.send(new DescribeTransformJobCommand({ TransformJobName: name })));

async function unlessMissing<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (isJobMissing(error)) return undefined;
    throw error;
  }
}

/** Whether the tags at `arn` say that this stage made it for the training of the version of that name. */
export async function isOfTraining(
  account: SageMakerAccount,
  arn: string,
  version: string,
): Promise<boolean> {
  const tags = await tagsAt(account, arn);
  return tags.get(tagKeys.stage) === account.stage && tags.get(tagKeys.training) === version;
}

/** Jobs that have ended stay where they are: the account keeps their history, and they cost nothing. */
interface Job {
  readonly name: string;
  readonly status: string | undefined;
  readonly arn: string | undefined;
  readonly stop: () => Promise<unknown>;
}

async function jobsOf(account: SageMakerAccount, model: VersionKey): Promise<Job[]> {
  const { sagemaker } = account;
  const name = versionNameOf(account, model);
  const training = await findTrainingJob(account, name);
  const found: Job[] =
    training === undefined
      ? []
      : [
          {
            name,
            status: training.TrainingJobStatus,
            arn: training.TrainingJobArn,
            stop: () => sagemaker.send(new StopTrainingJobCommand({ TrainingJobName: name })),
          },
        ];
  for (const type of ['image/jpeg', 'image/png'] as const) {
    const TransformJobName = transformNameOf(account, model, type);
    const transform = await findTransformJob(account, TransformJobName);
    if (transform === undefined) continue;
    const { TransformJobStatus: status, TransformJobArn: arn } = transform;
    found.push({
      name: TransformJobName,
      status,
      arn,
      stop: () => sagemaker.send(new StopTransformJobCommand({ TransformJobName })),
    });
  }
  return found;
}

/**
 * Stops whatever still trains or judges this version, and removes the model that was judged. The package and
 * what the training put out stay. What our tags are not on is not ours, and stays too.
 * @throws StillEnding
 */
export async function endTraining(account: SageMakerAccount, model: VersionKey): Promise<void> {
  const version = versionNameOf(account, model);
  const ending: string[] = [];
  for (const job of await jobsOf(account, model))
    if (await isEnding(account, job, version)) ending.push(job.name);
  if (ending.length > 0) throw new StillEnding(`${ending.join(' and ')} must stop first`);
  await removeJudgedModel(account, version);
}

/** @returns whether the job is of ours and has still to stop, after it was told to */
async function isEnding(
  account: SageMakerAccount,
  { status, arn, stop }: Job,
  version: string,
): Promise<boolean> {
  if (
    arn === undefined ||
    !['InProgress', 'Stopping'].includes(status ?? '') ||
    !(await isOfTraining(account, arn, version))
  )
    return false;
  try {
    if (status === 'InProgress') await stop();
  } catch (error) {
    if (!isJobOver(error) && !isJobMissing(error)) throw error;
  }
  return true;
}

async function removeJudgedModel(account: SageMakerAccount, name: string): Promise<void> {
  const arn = await findArn(account, 'model', name);
  if (arn === undefined || !(await isOfTraining(account, arn, name))) return;
  try {
    await account.sagemaker.send(new DeleteModelCommand({ ModelName: name }));
  } catch (error) {
    if (!isMissing(error, 'model', name)) throw error;
  }
}
