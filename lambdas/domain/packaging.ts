import type { ModelStatus, Value } from '../contract/shapes.ts';
import { attemptName, fenceOf, type Operation } from './operation.ts';
import type { Execution } from './ports.ts';

export interface JobKey {
  readonly project: string;
  readonly name: string;
}

export type JobStatus = Value<'ModelPackagingJobStatus'>;
export type GreengrassConfiguration = Value<'GreengrassConfiguration'>;

/** The packaging of one model version for Greengrass. */
export interface PackagingJob extends JobKey {
  readonly v: 1;
  readonly version: string;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly status: JobStatus;
  readonly statusMessage: string;
  readonly description?: string;
  /** As it was asked for. */
  readonly greengrass: GreengrassConfiguration;
  /** The component's version: the one asked for, or `{ModelVersion}.0.0`. */
  readonly componentVersion: string;
  readonly operation: Operation;
  /** Counted against the quota of concurrent jobs. */
  readonly reserved?: true;
  readonly dueAt?: number;
}

/** Only models that were trained successfully can be packaged, hosted or not. */
export const packagable: readonly ModelStatus[] = [
  'TRAINED',
  'STARTING_HOSTING',
  'HOSTED',
  'HOSTING_FAILED',
  'STOPPING_HOSTING',
  'SYSTEM_UPDATING',
];

/** The states in which the job is under way. */
export const busyJobs: readonly JobStatus[] = ['CREATED', 'RUNNING'];

export const endedJobs: readonly JobStatus[] = ['SUCCEEDED', 'FAILED'];

export const jobMessage = {
  created: 'The model packaging job was created.',
  running: 'The model is being packaged.',
  succeeded: 'The model was packaged successfully.',
} as const;

/** The only way of packaging that there is. */
export const packagingMethod = 'Greengrass';

/** The execution that carries out a job: a function of the row alone. */
export function packagingExecution({
  project,
  name,
  operation,
}: JobKey & { readonly operation: Operation }): Extract<Execution, { readonly workflow: 'packaging' }> {
  return {
    workflow: 'packaging',
    name: attemptName(operation),
    input: { v: 1, kind: 'package', project, job: name, ...fenceOf({ operation }) },
  };
}
