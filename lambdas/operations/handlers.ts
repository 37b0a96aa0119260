import type { Handlers } from './context.ts';
import { CreateDataset } from './datasets/create-dataset.ts';
import { ImportDataset } from './datasets/import-dataset.ts';
import { DescribeDataset } from './datasets/describe-dataset.ts';
import { DeleteDataset } from './datasets/delete-dataset.ts';
import { ListHostedModels, StopAllModels, StopProjectModels } from './hosting/fleet.ts';
import {
  DeleteHostingPolicy,
  DeleteModelHostingPolicy,
  GetHostingPolicy,
  GetModelHostingPolicy,
  ListHostingPolicies,
  PutHostingPolicy,
  PutModelHostingPolicy,
} from './hosting/policies.ts';
import { DescribeRun, ListRuns } from './hosting/runs.ts';
import { GetUsage } from './hosting/usage.ts';
import { CreateModel } from './models/create-model.ts';
import { DeleteModel } from './models/delete-model.ts';
import { DescribeModel } from './models/describe-model.ts';
import { DetectAnomalies } from './models/detect-anomalies.ts';
import { ImportModel } from './models/import-model.ts';
import { ListDatasetEntries } from './datasets/list-dataset-entries.ts';
import { ListModels } from './models/list-models.ts';
import { CreateDownloadUrls, CreateUploadUrls } from './pictures/picture-urls.ts';
import { DescribeModelPackagingJob, ListModelPackagingJobs } from './packaging/packaging-jobs.ts';
import { CreateProject, DeleteProject, DescribeProject, ListProjects } from './projects/projects.ts';
import { StartModelPackagingJob } from './packaging/start-model-packaging-job.ts';
import { StartModel } from './models/start-model.ts';
import { StopModel } from './models/stop-model.ts';
import { ListTagsForResource, TagResource, UntagResource } from './tags/tags.ts';
import { UpdateDatasetEntries } from './datasets/update-dataset-entries.ts';

// One set per profile, so that the function of one profile carries the code of no other.
export const readHandlers: Handlers<'read'> = {
  DescribeProject,
  ListProjects,
  DescribeDataset,
  ListDatasetEntries,
  CreateDownloadUrls,
  DescribeModel,
  ListModels,
  DescribeModelPackagingJob,
  ListModelPackagingJobs,
  ListTagsForResource,
  GetHostingPolicy,
  GetModelHostingPolicy,
  ListHostingPolicies,
  ListHostedModels,
  ListRuns,
  DescribeRun,
  GetUsage,
};
export const writeHandlers: Handlers<'write'> = {
  CreateProject,
  DeleteProject,
  CreateDataset,
  ImportDataset,
  UpdateDatasetEntries,
  DeleteDataset,
  CreateUploadUrls,
  CreateModel,
  ImportModel,
  DeleteModel,
  StartModel,
  StopModel,
  StartModelPackagingJob,
  TagResource,
  UntagResource,
  StopAllModels,
  StopProjectModels,
  PutHostingPolicy,
  DeleteHostingPolicy,
  PutModelHostingPolicy,
  DeleteModelHostingPolicy,
};
export const detectHandlers: Handlers<'detect'> = { DetectAnomalies };
