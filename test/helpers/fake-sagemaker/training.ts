import { refusal, type Channel } from './algorithm.ts';
import { tagsIn } from './control.ts';
import { objectsUnder, secondsOf, stop, withinJobQuota, type Job } from './jobs.ts';
import { check, invalid, resourceName, ServiceError, text, type Input } from './service-error.ts';
import type { World } from './world.ts';

type Operation = (world: World, input: Input) => Readonly<Record<string, unknown>>;

export interface TrainingJob extends Job {
  secondary: string;
  /** What the algorithm said when it began to read; undefined before it did. */
  read?: { readonly refused: string | undefined };
}

interface Members {
  readonly AlgorithmSpecification: { readonly AlgorithmName: string; readonly TrainingInputMode: string };
  readonly HyperParameters: Readonly<Record<string, string>>;
  readonly InputDataConfig: readonly Channel[];
  readonly OutputDataConfig: { readonly S3OutputPath: string };
  readonly ResourceConfig: {
    readonly InstanceType: string;
    readonly InstanceCount: number;
    readonly VolumeSizeInGB: number;
  };
  readonly StoppingCondition: { readonly MaxRuntimeInSeconds: number };
  readonly EnableNetworkIsolation?: boolean;
  readonly RoleArn: string;
}

const membersOf = (input: Input): Members => input as unknown as Members;

const CreateTrainingJob: Operation = (world, input) => {
  check(input, {
    TrainingJobName: resourceName,
    RoleArn: { required: true, pattern: /^arn:aws[a-z-]*:iam::\d{12}:role\/?[a-zA-Z_0-9+=,.@\-_/]+$/ },
  });
  const name = text(input, 'TrainingJobName');
  const {
    AlgorithmSpecification,
    InputDataConfig,
    OutputDataConfig,
    ResourceConfig,
    EnableNetworkIsolation,
    RoleArn,
    StoppingCondition,
  } = membersOf(input);
  check(
    { ...AlgorithmSpecification },
    {
      AlgorithmName: { required: true, max: 170 },
      TrainingInputMode: { required: true, pattern: /^(Pipe|File|FastFile)$/ },
    },
  );
  check(
    { ...OutputDataConfig },
    { S3OutputPath: { required: true, max: 1024, pattern: /^(https|s3):\/\/([^/]+)\/?(.*)$/ } },
  );
  check({ ...ResourceConfig }, { InstanceType: { required: true, pattern: /^ml\.[a-z0-9-]+\.[a-z0-9]+$/ } });
  if (!(ResourceConfig.VolumeSizeInGB >= 1) || !(StoppingCondition.MaxRuntimeInSeconds >= 1))
    throw invalid('Volume and runtime must be 1 or more.');
  for (const {
    InputMode,
    RecordWrapperType,
    DataSource: { S3DataSource },
  } of InputDataConfig) {
    if (
      S3DataSource.S3DataType === 'AugmentedManifestFile' &&
      (InputMode !== 'Pipe' || RecordWrapperType !== 'RecordIO')
    ) {
      throw invalid(
        'AugmentedManifestFile can only be used with the Pipe input mode and the RecordIO wrapper.',
      );
    }
    if ((S3DataSource.AttributeNames ?? []).length > 16)
      throw invalid('Member must have length less than or equal to 16');
    objectsUnder(world, S3DataSource.S3Uri, RoleArn);
  }
  if (world.unsubscribed.has(AlgorithmSpecification.AlgorithmName))
    throw invalid('Caller is not subscribed to the marketplace offering.');
  if (EnableNetworkIsolation !== true)
    throw invalid(
      'EnableNetworkIsolation must be true for training jobs that use SageMaker Marketplace products.',
    );
  if (world.trainings.has(name)) {
    throw new ServiceError(
      'ResourceInUse',
      'Training job names must be unique within an AWS account and region, and a training job with this name already exists ' +
        `(${world.arn('training-job', name)})`,
    );
  }
  withinJobQuota(world, world.trainings.values(), ResourceConfig.InstanceType, 'training');
  world.trainings.set(name, {
    name,
    arn: world.arn('training-job', name),
    created: world.clock.now(),
    tags: tagsIn(input),
    input,
    status: 'InProgress',
    secondary: 'Starting',
    type: ResourceConfig.InstanceType,
  });
  return { TrainingJobArn: world.arn('training-job', name) };
};

const find = (world: World, input: Input): TrainingJob => {
  const found = world.trainings.get(text(input, 'TrainingJobName'));
  if (found === undefined) throw invalid('Requested resource not found.');
  return found;
};

const artifactOf = ({ name, input }: TrainingJob): string =>
  `${membersOf(input).OutputDataConfig.S3OutputPath}/${name}/output/model.tar.gz`;

const DescribeTrainingJob: Operation = (world, input) => {
  const job = find(world, input);
  const { Tags: _, ...given } = job.input;
  return {
    ...given,
    TrainingJobArn: job.arn,
    TrainingJobStatus: job.status,
    SecondaryStatus: job.secondary,
    CreationTime: secondsOf(job.created),
    ...(job.reason !== undefined && { FailureReason: job.reason }),
    ...(['Completed', 'Stopped'].includes(job.status) && {
      ModelArtifacts: { S3ModelArtifacts: artifactOf(job) },
    }),
  };
};

const StopTrainingJob: Operation = (world, input) => {
  const job = find(world, input);
  stop(world, job, 'training');
  job.secondary = 'Stopping';
  return {};
};

/**
 * Lets happen what is due: the algorithm reads its manifest when the learning begins, and the model is there
 * when the job has ended.
 */
export function settleTraining(world: World, job: TrainingJob): void {
  const now = world.clock.now();
  const { starting, downloading, training, uploading, stopping, outcome } = world.learning;
  if (job.status === 'Stopping' && now >= (job.stoppedAt ?? now) + stopping)
    return end(world, job, 'Stopped', 'Stopped');
  if (job.status !== 'InProgress') return;
  const elapsed = now - job.created;
  if (elapsed < starting) return;
  if (elapsed < starting + downloading) return void (job.secondary = 'Downloading');
  job.read ??= { refused: refusal(world.files ?? new Map<string, Uint8Array>(), membersOf(job.input)) };
  if (job.read.refused !== undefined)
    return end(world, job, 'Failed', 'Failed', `ClientError: ${job.read.refused}`);
  const longest = membersOf(job.input).StoppingCondition.MaxRuntimeInSeconds * 1000;
  if (elapsed - starting > longest) return end(world, job, 'Stopped', 'MaxRuntimeExceeded');
  if (elapsed < starting + downloading + training) return void (job.secondary = 'Training');
  if (outcome !== 'Completed') return end(world, job, 'Failed', 'Failed', outcome.failed);
  if (elapsed < starting + downloading + training + uploading) return void (job.secondary = 'Uploading');
  end(world, job, 'Completed', 'Completed');
}

/** One that was stopped leaves what it had learnt by then, which may be after somebody tidied up. */
function end(
  world: World,
  job: TrainingJob,
  status: TrainingJob['status'],
  secondary: string,
  reason?: string,
): void {
  job.status = status;
  job.secondary = secondary;
  if (reason !== undefined) job.reason = reason;
  if (status !== 'Failed')
    world.files?.set(artifactOf(job).replace('s3://', ''), Buffer.from(`learnt by ${job.name}`));
}

export const training: Readonly<Record<string, Operation>> = {
  CreateTrainingJob,
  DescribeTrainingJob,
  StopTrainingJob,
};
