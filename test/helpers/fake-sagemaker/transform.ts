import { tagsIn } from './control.ts';
import { objectsUnder, secondsOf, stop, withinJobQuota, type Job } from './jobs.ts';
import { check, invalid, resourceName, ServiceError, text, type Input } from './service-error.ts';
import type { World } from './world.ts';

type Operation = (world: World, input: Input) => Readonly<Record<string, unknown>>;

export type TransformJob = Job;

interface Members {
  readonly ModelName: string;
  readonly MaxPayloadInMB?: number;
  readonly TransformInput: {
    readonly DataSource: { readonly S3DataSource: { readonly S3Uri: string } };
    readonly ContentType?: string;
  };
  readonly TransformOutput: { readonly S3OutputPath: string };
  readonly TransformResources: { readonly InstanceType: string; readonly InstanceCount: number };
}

const membersOf = (input: Input): Members => input as unknown as Members;

const CreateTransformJob: Operation = (world, input) => {
  check(input, { TransformJobName: resourceName, ModelName: resourceName });
  const name = text(input, 'TransformJobName');
  const {
    ModelName,
    MaxPayloadInMB = 6,
    TransformInput,
    TransformOutput,
    TransformResources: { InstanceType },
  } = membersOf(input);
  check(
    { ...TransformOutput },
    { S3OutputPath: { required: true, max: 1024, pattern: /^(https|s3):\/\/([^/]+)\/?(.*)$/ } },
  );
  check({ ContentType: TransformInput.ContentType }, { ContentType: { max: 256 } });
  if (MaxPayloadInMB > 100)
    throw invalid(
      "Value at 'maxPayloadInMB' failed to satisfy constraint: Member must have value less than or equal to 100",
    );
  const model = world.models.get(ModelName);
  if (model === undefined) throw invalid(`Could not find model "${world.arn('model', ModelName)}".`);
  objectsUnder(world, TransformInput.DataSource.S3DataSource.S3Uri, model.input['ExecutionRoleArn']);
  if (world.transforms.has(name)) {
    throw new ServiceError(
      'ResourceInUse',
      'Job name must be unique within an AWS account and region, and a job with this name already exists ' +
        `(${world.arn('transform-job', name)})`,
    );
  }
  withinJobQuota(world, world.transforms.values(), InstanceType, 'transform');
  world.transforms.set(name, {
    name,
    arn: world.arn('transform-job', name),
    created: world.clock.now(),
    tags: tagsIn(input),
    input,
    status: 'InProgress',
    type: InstanceType,
  });
  return { TransformJobArn: world.arn('transform-job', name) };
};

const find = (world: World, input: Input): TransformJob => {
  const name = text(input, 'TransformJobName');
  const found = world.transforms.get(name);
  if (found === undefined) throw invalid(`Could not find requested job with name: ${name}`);
  return found;
};

const DescribeTransformJob: Operation = (world, input) => {
  const {
    arn,
    status,
    reason,
    created,
    input: { Tags: _, ...given },
  } = find(world, input);
  return {
    ...given,
    TransformJobArn: arn,
    TransformJobStatus: status,
    CreationTime: secondsOf(created),
    ...(reason !== undefined && { FailureReason: reason }),
  };
};

const StopTransformJob: Operation = (world, input) => {
  stop(world, find(world, input), 'transform');
  return {};
};

/**
 * Asks the container about every object at the end, or, if it was stopped, about the first half; one bad
 * answer fails the job, and the good ones stay.
 */
export function settleTransform(world: World, job: TransformJob): void {
  const now = world.clock.now();
  const { running, stopping, outcome } = world.transforming;
  if (job.status === 'Stopping' && now >= (job.stoppedAt ?? now) + stopping) {
    run(world, job, 0.5);
    job.status = 'Stopped';
  }
  if (job.status !== 'InProgress' || now < job.created + running) return;
  const failed = outcome === 'Completed' ? run(world, job, 1) : outcome.failed;
  job.status = failed === undefined ? 'Completed' : 'Failed';
  if (failed !== undefined) job.reason = failed;
}

/** @returns why it failed, if so */
function run(world: World, { input }: TransformJob, share: number): string | undefined {
  const {
    ModelName,
    MaxPayloadInMB = 6,
    TransformInput: { DataSource, ContentType = '' },
    TransformOutput: { S3OutputPath },
  } = membersOf(input);
  if (!world.models.has(ModelName))
    return 'InternalServerError: We encountered an internal error. Please try again.';
  const prefix = DataSource.S3DataSource.S3Uri.replace('s3://', '');
  const objects = [...(world.files ?? [])].filter(([path]) => path.startsWith(prefix));
  let failed: string | undefined;
  for (const [path, bytes] of objects.slice(0, Math.ceil(objects.length * share))) {
    const { status = 200, body } =
      bytes.length > MaxPayloadInMB * 1024 * 1024
        ? { status: 413, body: '' }
        : world.container(bytes, ContentType);
    if (status >= 400)
      failed = `${status < 500 ? 'ClientError' : 'AlgorithmError'}: See job logs for more information`;
    else
      world.files?.set(
        `${S3OutputPath.replace('s3://', '')}/${path.slice(prefix.length)}.out`,
        Buffer.from(body),
      );
  }
  return failed;
}

export const transform: Readonly<Record<string, Operation>> = {
  CreateTransformJob,
  DescribeTransformJob,
  StopTransformJob,
};
