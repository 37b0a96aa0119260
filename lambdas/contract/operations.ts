import type { ErrorName } from './errors.ts';
import { hostingOperations } from './hosting-operations.ts';
import type { ShapeName, Value } from './shapes.ts';

export interface OperationRow {
  readonly method: 'GET' | 'POST' | 'DELETE' | 'PATCH';
  readonly path: string;
  /** The code of a success. SDKs accept any 2xx; scripts that read it do not. */
  readonly status: 200 | 202;
  /** Which function, and so which role, serves it. */
  readonly profile: 'read' | 'write' | 'detect';
  readonly input: ShapeName;
  readonly output: ShapeName;
  /** What it may answer besides the five errors that every operation may. */
  readonly errors: readonly ErrorName[];
  /**
   * The kind of resource that its permission is scoped to; `none` where the original had no resource-level
   * permission.
   */
  readonly resource: 'project' | 'model' | 'none';
  /** Whether it takes a client token, and so happens at most once per token. */
  readonly token?: true;
  /** Ours, not the original's; a stage can switch extensions off. */
  readonly extension?: true;
  /** What it answers, with 200, to the header `x-crowsnest-dry-run: true`; without, it has no dry run. */
  readonly dryRun?: ShapeName;
  /** The list of the answer that `Accept: text/csv` gives as CSV. */
  readonly csv?: string;
}

const root = '/2020-11-20';

export const operations = {
  CreateProject: {
    method: 'POST',
    path: `${root}/projects`,
    status: 200,
    profile: 'write',
    resource: 'project',
    token: true,
    input: 'CreateProjectRequest',
    output: 'CreateProjectResponse',
    errors: ['ConflictException', 'ServiceQuotaExceededException'],
  },
  DescribeProject: {
    method: 'GET',
    path: `${root}/projects/{projectName}`,
    status: 200,
    profile: 'read',
    resource: 'project',
    input: 'DescribeProjectRequest',
    output: 'DescribeProjectResponse',
    errors: ['ConflictException'],
  },
  ListProjects: {
    method: 'GET',
    path: `${root}/projects`,
    status: 200,
    profile: 'read',
    resource: 'none',
    input: 'ListProjectsRequest',
    output: 'ListProjectsResponse',
    errors: ['ConflictException'],
  },
  DeleteProject: {
    method: 'DELETE',
    path: `${root}/projects/{projectName}`,
    status: 200,
    profile: 'write',
    resource: 'project',
    token: true,
    input: 'DeleteProjectRequest',
    output: 'DeleteProjectResponse',
    errors: ['ConflictException'],
  },
  CreateDataset: {
    method: 'POST',
    path: `${root}/projects/{projectName}/datasets`,
    status: 202,
    profile: 'write',
    resource: 'none',
    token: true,
    input: 'CreateDatasetRequest',
    output: 'CreateDatasetResponse',
    errors: ['ConflictException', 'ServiceQuotaExceededException'],
  },
  DescribeDataset: {
    method: 'GET',
    path: `${root}/projects/{projectName}/datasets/{datasetType}`,
    status: 200,
    profile: 'read',
    resource: 'none',
    input: 'DescribeDatasetRequest',
    output: 'DescribeDatasetResponse',
    errors: ['ConflictException'],
  },
  ListDatasetEntries: {
    method: 'GET',
    path: `${root}/projects/{projectName}/datasets/{datasetType}/entries`,
    status: 200,
    profile: 'read',
    resource: 'none',
    input: 'ListDatasetEntriesRequest',
    output: 'ListDatasetEntriesResponse',
    errors: ['ConflictException'],
  },
  UpdateDatasetEntries: {
    method: 'PATCH',
    path: `${root}/projects/{projectName}/datasets/{datasetType}/entries`,
    status: 202,
    profile: 'write',
    resource: 'none',
    token: true,
    input: 'UpdateDatasetEntriesRequest',
    output: 'UpdateDatasetEntriesResponse',
    errors: ['ConflictException'],
  },
  DeleteDataset: {
    method: 'DELETE',
    path: `${root}/projects/{projectName}/datasets/{datasetType}`,
    status: 202,
    profile: 'write',
    resource: 'none',
    token: true,
    input: 'DeleteDatasetRequest',
    output: 'EmptyResponse',
    errors: ['ConflictException'],
  },
  ImportDataset: {
    method: 'POST',
    path: `${root}/projects/{projectName}/datasets/import`,
    status: 202,
    profile: 'write',
    resource: 'none',
    token: true,
    extension: true,
    input: 'ImportDatasetRequest',
    output: 'CreateDatasetResponse',
    errors: ['ConflictException', 'ServiceQuotaExceededException'],
  },
  CreateDownloadUrls: {
    method: 'POST',
    path: `${root}/projects/{projectName}/downloads`,
    status: 200,
    profile: 'read',
    resource: 'none',
    extension: true,
    input: 'CreateDownloadUrlsRequest',
    output: 'CreateDownloadUrlsResponse',
    errors: [],
  },
  CreateUploadUrls: {
    method: 'POST',
    path: `${root}/projects/{projectName}/uploads`,
    status: 200,
    profile: 'write',
    resource: 'none',
    extension: true,
    input: 'CreateUploadUrlsRequest',
    output: 'CreateUploadUrlsResponse',
    errors: [],
  },
  DescribeModel: {
    method: 'GET',
    path: `${root}/projects/{projectName}/models/{modelVersion}`,
    status: 200,
    profile: 'read',
    resource: 'model',
    input: 'DescribeModelRequest',
    output: 'DescribeModelResponse',
    errors: ['ConflictException'],
  },
  ListModels: {
    method: 'GET',
    path: `${root}/projects/{projectName}/models`,
    status: 200,
    profile: 'read',
    resource: 'none',
    input: 'ListModelsRequest',
    output: 'ListModelsResponse',
    errors: ['ConflictException'],
  },
  CreateModel: {
    method: 'POST',
    path: `${root}/projects/{projectName}/models`,
    status: 202,
    profile: 'write',
    resource: 'model',
    token: true,
    input: 'CreateModelRequest',
    output: 'ModelMetadataResponse',
    errors: ['ConflictException', 'ServiceQuotaExceededException'],
  },
  ImportModel: {
    method: 'POST',
    path: `${root}/projects/{projectName}/models/import`,
    status: 202,
    profile: 'write',
    resource: 'model',
    token: true,
    extension: true,
    input: 'ImportModelRequest',
    output: 'ModelMetadataResponse',
    errors: ['ConflictException', 'ServiceQuotaExceededException'],
  },
  DeleteModel: {
    method: 'DELETE',
    path: `${root}/projects/{projectName}/models/{modelVersion}`,
    status: 202,
    profile: 'write',
    resource: 'model',
    token: true,
    input: 'DeleteModelRequest',
    output: 'DeleteModelResponse',
    errors: ['ConflictException'],
  },
  StartModel: {
    method: 'POST',
    path: `${root}/projects/{projectName}/models/{modelVersion}/start`,
    status: 202,
    profile: 'write',
    resource: 'model',
    token: true,
    dryRun: 'StartModelDryRunResponse',
    input: 'StartModelRequest',
    output: 'HostingStatusResponse',
    errors: ['ConflictException', 'ServiceQuotaExceededException'],
  },
  StopModel: {
    method: 'POST',
    path: `${root}/projects/{projectName}/models/{modelVersion}/stop`,
    status: 202,
    profile: 'write',
    resource: 'model',
    token: true,
    input: 'StopModelRequest',
    output: 'HostingStatusResponse',
    errors: ['ConflictException'],
  },
  DetectAnomalies: {
    method: 'POST',
    path: `${root}/projects/{projectName}/models/{modelVersion}/detect`,
    status: 200,
    profile: 'detect',
    resource: 'model',
    input: 'DetectAnomaliesRequest',
    output: 'DetectAnomaliesResponse',
    errors: ['ConflictException'],
  },
  StartModelPackagingJob: {
    method: 'POST',
    path: `${root}/projects/{projectName}/modelpackagingjobs`,
    status: 200,
    profile: 'write',
    resource: 'model',
    token: true,
    input: 'StartModelPackagingJobRequest',
    output: 'StartModelPackagingJobResponse',
    errors: ['ConflictException', 'ServiceQuotaExceededException'],
  },
  DescribeModelPackagingJob: {
    method: 'GET',
    path: `${root}/projects/{projectName}/modelpackagingjobs/{jobName}`,
    status: 200,
    profile: 'read',
    resource: 'none',
    input: 'DescribeModelPackagingJobRequest',
    output: 'DescribeModelPackagingJobResponse',
    errors: [],
  },
  ListModelPackagingJobs: {
    method: 'GET',
    path: `${root}/projects/{projectName}/modelpackagingjobs`,
    status: 200,
    profile: 'read',
    resource: 'none',
    input: 'ListModelPackagingJobsRequest',
    output: 'ListModelPackagingJobsResponse',
    errors: [],
  },
  TagResource: {
    method: 'POST',
    path: `${root}/tags/{resourceArn}`,
    status: 200,
    profile: 'write',
    resource: 'model',
    input: 'TagResourceRequest',
    output: 'EmptyResponse',
    errors: ['ConflictException', 'ServiceQuotaExceededException'],
  },
  UntagResource: {
    method: 'DELETE',
    path: `${root}/tags/{resourceArn}`,
    status: 200,
    profile: 'write',
    resource: 'model',
    input: 'UntagResourceRequest',
    output: 'EmptyResponse',
    errors: ['ConflictException'],
  },
  ListTagsForResource: {
    method: 'GET',
    path: `${root}/tags/{resourceArn}`,
    status: 200,
    profile: 'read',
    resource: 'model',
    input: 'ListTagsForResourceRequest',
    output: 'ListTagsForResourceResponse',
    errors: ['ConflictException'],
  },
  ...hostingOperations,
} as const satisfies Record<string, OperationRow>;

export type OperationName = keyof typeof operations;
export type Profile = OperationRow['profile'];
export type Input<N extends OperationName> = Value<(typeof operations)[N]['input']>;
export type Output<N extends OperationName> = Value<(typeof operations)[N]['output']>;
/** What an operation may give: its answer, or that to a dry run. */
export type Answer<N extends OperationName> =
  | Output<N>
  | ((typeof operations)[N] extends { readonly dryRun: infer D extends ShapeName } ? Value<D> : never);
/** The operations that a profile's function serves. */
export type Served<P extends Profile> = {
  [N in OperationName]: (typeof operations)[N]['profile'] extends P ? N : never;
}[OperationName];

export const operationNames = Object.keys(operations) as OperationName[];
