import type { Handlers } from './context.ts';
import { CreateDataset } from './create-dataset.ts';
import { DescribeDataset } from './datasets.ts';
import { DeleteDataset } from './delete-dataset.ts';
import { CreateModel } from './create-model.ts';
import { DeleteModel } from './delete-model.ts';
import { DescribeModel } from './describe-model.ts';
import { DetectAnomalies } from './detect-anomalies.ts';
import { ImportModel } from './import-model.ts';
import { ListDatasetEntries } from './list-dataset-entries.ts';
import { ListModels } from './list-models.ts';
import { DescribeModelPackagingJob, ListModelPackagingJobs } from './packaging-jobs.ts';
import { CreateProject, DeleteProject, DescribeProject, ListProjects } from './projects.ts';
import { StartModelPackagingJob } from './start-model-packaging-job.ts';
import { StartModel } from './start-model.ts';
import { StopModel } from './stop-model.ts';
import { ListTagsForResource, TagResource, UntagResource } from './tags.ts';
import { UpdateDatasetEntries } from './update-dataset-entries.ts';

// One set per profile, so that the function of one profile carries the code of no other.
export const readHandlers: Handlers<'read'> = {
  DescribeProject,
  ListProjects,
  DescribeDataset,
  ListDatasetEntries,
  DescribeModel,
  ListModels,
  DescribeModelPackagingJob,
  ListModelPackagingJobs,
  ListTagsForResource,
};
export const writeHandlers: Handlers<'write'> = {
  CreateProject,
  DeleteProject,
  CreateDataset,
  UpdateDatasetEntries,
  DeleteDataset,
  CreateModel,
  ImportModel,
  DeleteModel,
  StartModel,
  StopModel,
  StartModelPackagingJob,
  TagResource,
  UntagResource,
};
export const detectHandlers: Handlers<'detect'> = { DetectAnomalies };
