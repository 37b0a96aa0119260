import type { LocalOperation, Profile, Served } from '../contract/operations.ts';
import type { HandlersOf } from './context.ts';
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

type Deployed<P extends Profile> = HandlersOf<Exclude<Served<P>, LocalOperation>>;

// One set per profile, so that the function of one profile carries the code of no other.
export const readHandlers: Deployed<'read'> = { DescribeProject, ListProjects, DescribeModel, ListModels, ListTagsForResource };
export const writeHandlers: Deployed<'write'> = { CreateProject, DeleteProject, ImportModel, DeleteModel, StartModel, StopModel, TagResource, UntagResource };
export const detectHandlers: Deployed<'detect'> = { DetectAnomalies };

/** What only the local host serves. */
export const localHandlers: HandlersOf<LocalOperation> = {
  CreateDataset, DescribeDataset, ListDatasetEntries, UpdateDatasetEntries, DeleteDataset, CreateModel,
  StartModelPackagingJob, DescribeModelPackagingJob, ListModelPackagingJobs,
};
