import type { DescribeTrainingJobResponse, DescribeTransformJobResponse } from '@aws-sdk/client-sagemaker';
import type { TrainingObservation } from '../../trainer.ts';
import { userMessageOf, type About } from './user-messages.ts';

/** What a job has come to; `done` is the time for the next step. */
export type JobLevel =
  Extract<TrainingObservation, { state: 'running' | 'failed' }> | { readonly state: 'done' };

/** In the words of a user; what the service calls `Training` is the learning alone. */
const notes: Readonly<Record<string, string>> = {
  Pending: 'Waiting for an instance.',
  Starting: 'Waiting for an instance.',
  LaunchingMLInstances: 'Waiting for an instance.',
  PreparingTrainingStack: 'Preparing the instance.',
  DownloadingTrainingImage: 'Preparing the instance.',
  Downloading: 'Reading the images.',
  Training: 'Learning.',
  Uploading: 'Saving the model.',
  Restarting: 'Starting again after a fault of the instance.',
};

/** A stop that nobody here ordered: who orders one does not look again. */
const stoppedOutside = 'was stopped from outside. Train again.';

export function trainingLevel(job: DescribeTrainingJobResponse, about: About): JobLevel {
  const { TrainingJobStatus: status, SecondaryStatus: secondary, FailureReason: reason } = job;
  switch (status) {
    case 'Completed':
      return { state: 'done' };
    case 'Failed':
      return { state: 'failed', reason: userMessageOf(about)(reason ?? '') };
    case 'Stopped':
      return {
        state: 'failed',
        reason:
          secondary?.endsWith('Exceeded') === true
            ? userMessageOf(about)(secondary)
            : `The training job ${stoppedOutside}`,
      };
    case 'Deleting':
      return { state: 'failed', reason: 'The training job is being deleted. Train again.' };
    case 'InProgress':
      return { state: 'running', note: notes[secondary ?? ''] ?? `SageMaker reports ${String(secondary)}.` };
    case 'Stopping':
    case undefined:
    default:
      return { state: 'running', note: `SageMaker reports ${String(status)}.` };
  }
}

export function transformLevel(
  { TransformJobStatus: status, FailureReason: reason }: DescribeTransformJobResponse,
  about: About,
): JobLevel {
  switch (status) {
    case 'Completed':
      return { state: 'done' };
    case 'Failed':
      return {
        state: 'failed',
        reason: `The model could not be evaluated. ${userMessageOf(about)(reason ?? '')}`,
      };
    case 'Stopped':
      return { state: 'failed', reason: `The evaluation of the model ${stoppedOutside}` };
    case 'InProgress':
    case 'Stopping':
    case undefined:
    default:
      return { state: 'running', note: 'Evaluating the model.' };
  }
}
