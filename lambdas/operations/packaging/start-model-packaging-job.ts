import { createHash } from 'node:crypto';
import { ConflictError, QuotaError } from '../../contract/errors.ts';
import { Violations } from '../../contract/violations.ts';
import { modelId, type ModelKey } from '../../domain/model.ts';
import {
  jobMessage,
  packagable,
  packagingExecution,
  type GreengrassConfiguration,
  type PackagingJob,
} from '../../domain/packaging.ts';
import { beginOperation } from '../../domain/operation.ts';
import { quotaCodes, raiseQuota } from '../../domain/settings.ts';
import { noBucket, requireListed } from '../buckets.ts';
import type { Call, Operation, WriteContext } from '../context.ts';
import { startExecution } from '../start-execution.ts';
import { modelOf } from '../../store/models.ts';
import { noProject, notFound, resolveVersion, wrongState } from '../models/models.ts';
import { IdempotentCall } from '../idempotency.ts';
import { requireOwnKeys } from '../tags/tags.ts';
import { isObject } from '../../contract/json.ts';

const path = 'configuration.greengrass';
const bucketMember = `${path}.s3OutputLocation.bucket`;

/**
 * Starts the workflow that writes a model as a Greengrass component; the caller polls
 * DescribeModelPackagingJob until it has ended.
 */
export const StartModelPackagingJob: Operation<'StartModelPackagingJob'> = async (input, ctx, call) => {
  const { Greengrass } = input.Configuration;
  requireValid(Greengrass, ctx, call);
  const idempotent = new IdempotentCall<{ JobName: string }>(ctx, 'StartModelPackagingJob', input);
  const {
    store,
    settings: { times, quotas },
  } = ctx;
  const project = await store.projects.get(input.ProjectName);
  if (project === undefined) return idempotent.replayOrThrow(noProject(input.ProjectName));
  const version = await resolveVersion(
    ctx,
    { project: project.name, version: input.ModelVersion },
    'highest',
  );
  const model: ModelKey = { project: project.name, version: version ?? input.ModelVersion };
  if (version === undefined) return idempotent.replayOrThrow(await notFound(ctx, model));
  const missing = await noBucket(Greengrass.S3OutputLocation.Bucket, bucketMember, ctx);
  if (missing !== undefined) return idempotent.replayOrThrow(missing);

  const operation = beginOperation(ctx, call.caller, times.import);
  const { id, at: now } = operation;
  const limit = quotas.concurrentPackagingJobs;
  const job: PackagingJob = {
    v: 1,
    project: project.name,
    name: input.JobName ?? uuidOf(id, now),
    version,
    createdAt: now,
    updatedAt: now,
    status: 'CREATED',
    statusMessage: jobMessage.created,
    ...(input.Description !== undefined && { description: input.Description }),
    greengrass: Greengrass,
    componentVersion: Greengrass.ComponentVersion ?? `${version}.0.0`,
    operation,
    reserved: true,
    dueAt: now + times.delivery * 1000,
  };
  const noRoom = new QuotaError(
    quotaCodes.concurrentPackagingJobs,
    'MODEL_PACKAGE_JOB',
    job.name,
    `At most ${limit} packaging jobs can run at once. Wait for one to end, or ` +
      `${raiseQuota('concurrentPackagingJobs')}.`,
  );
  if (limit < 1) return idempotent.replayOrThrow(noRoom);

  const { answer, first } = await idempotent.commit(
    { answer: { JobName: job.name }, operationId: id, version },
    [
      store.models.isIn(model, packagable),
      store.jobs.createIn(project, job),
      store.quotas.take('PACKAGING_JOBS', limit),
    ],
    (refused) => {
      if (refused.at('model')) return wrongState(ctx, model, refused.row('model', modelOf), 'packaged');
      if (refused.at('job'))
        return new ConflictError(
          'MODEL_PACKAGE_JOB',
          job.name,
          `Project ${project.name} already has a packaging job ${job.name}.`,
        );
      return noRoom;
    },
  );
  if (first) await startExecution(ctx, packagingExecution(job), `${modelId(model)} as ${job.name}`);
  return answer;
};

/**
 * The form that the original's names had (RFC 9562, version 7): the time in front, so that a list of names is
 * a list in time.
 */
function uuidOf(id: string, now: number): string {
  const time = now.toString(16).padStart(12, '0');
  const chance = createHash('sha256').update(id).digest('hex');
  return [
    time.slice(0, 8),
    time.slice(8),
    `7${chance.slice(0, 3)}`,
    `8${chance.slice(3, 6)}`,
    chance.slice(6, 18),
  ].join('-');
}

/** What a compiler for NVIDIA must be told. */
const nvidiaOptions = ['gpu-code', 'trt-ver', 'cuda-ver'];

/** The rules that bind several members. @throws ValidationError with all violations */
function requireValid(greengrass: GreengrassConfiguration, ctx: WriteContext, call: Call): void {
  const { TargetDevice, TargetPlatform, CompilerOptions, S3OutputLocation, Tags = [] } = greengrass;
  const wrong = new Violations();
  if ((TargetDevice === undefined) === (TargetPlatform === undefined)) {
    wrong.addUnshown(path, 'Member must have exactly one of: targetDevice, or targetPlatform');
  }
  if (TargetDevice !== undefined && CompilerOptions !== undefined) {
    wrong.addUnshown(`${path}.compilerOptions`, 'Member must be absent where targetDevice is given');
  }
  const options = CompilerOptions === undefined ? {} : parsed(CompilerOptions);
  if (options === undefined) {
    wrong.addUnshown(`${path}.compilerOptions`, 'Member must be a JSON object');
  } else if (
    TargetPlatform?.Accelerator === 'NVIDIA' &&
    nvidiaOptions.some((option) => !Object.hasOwn(options, option))
  ) {
    wrong.addUnshown(
      `${path}.compilerOptions`,
      `Member must have ${nvidiaOptions.join(', ')} where the accelerator is NVIDIA`,
    );
  }
  wrong.throwIfAny();
  requireListed(S3OutputLocation.Bucket, bucketMember, ctx, call);
  requireOwnKeys(Tags.map(({ Key }) => Key));
}

/**
 * The developer guide's own command gives the options in single quotes, `{'gpu-code': 'sm_72'}`, which the
 * original took: so it is taken here, where the text has no other quotes.
 */
function parsed(options: string): object | undefined {
  try {
    const value: unknown = JSON.parse(
      options.includes('"') ? options : options.replace(/'([^'\\]*)'/g, '"$1"'),
    );
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
