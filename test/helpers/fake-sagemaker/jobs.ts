import { invalid, ServiceError } from './service-error.ts';
import type { Named, World } from './world.ts';

type JobStatus = 'InProgress' | 'Completed' | 'Failed' | 'Stopping' | 'Stopped';

/** What training and transform jobs share. Nothing removes a job: its name stays taken. */
export interface Job extends Named {
  status: JobStatus;
  reason?: string;
  readonly type: string;
  /** When it was told to stop, in epoch milliseconds. */
  stoppedAt?: number;
}

/** @throws ServiceError if there are no more instances of the type for this use */
export function withinJobQuota(
  world: World,
  jobs: Iterable<Job>,
  type: string,
  use: 'training' | 'transform',
): void {
  const name = `${type} for ${use} job usage`;
  const limit = world.quotas.get(name);
  const used = [...jobs].filter(
    (job) => job.type === type && ['InProgress', 'Stopping'].includes(job.status),
  ).length;
  if (limit === undefined || used < limit) return;
  throw new ServiceError(
    'ResourceLimitExceeded',
    `The account-level service limit '${name}' is ${limit} Instances, with current utilization of ${used} Instances and a request delta of 1 Instances. ` +
      'Please use AWS Service Quotas to request an increase for this quota.',
  );
}

/** The objects below an S3 URL, in the order of their keys. */
export function objectsUnder(world: World, url: string, role: unknown): [string, Uint8Array][] {
  const prefix = url.replace('s3://', '');
  const found = [...(world.files ?? [])]
    .filter(([path]) => path.startsWith(prefix))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  if (found.length > 0) return found;
  throw invalid(
    `No S3 objects found under S3 URL "${url}" given in input data source. Please ensure that the bucket exists in the selected region (${world.region}), ` +
      `that objects exist under that S3 prefix, and that the role "${String(role)}" has "s3:ListBucket" permissions on bucket "${prefix.split('/')[0] ?? ''}".`,
  );
}

/** @throws ServiceError as the service refuses to stop what has ended */
export function stop(world: World, job: Job, kind: 'training' | 'transform'): void {
  if (job.status !== 'InProgress')
    throw invalid(`The request was rejected because the ${kind} job is in status ${job.status}.`);
  job.status = 'Stopping';
  job.stoppedAt = world.clock.now();
}

export const secondsOf = (milliseconds: number): number => milliseconds / 1000;
