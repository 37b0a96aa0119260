import type { Handlers } from './context.ts';
import { DeleteModel } from './delete-model.ts';
import { DescribeModel } from './describe-model.ts';
import { DetectAnomalies } from './detect-anomalies.ts';
import { ImportModel } from './import-model.ts';
import { ListModels } from './list-models.ts';
import { CreateProject, DeleteProject, DescribeProject, ListProjects } from './projects.ts';
import { StartModel } from './start-model.ts';
import { StopModel } from './stop-model.ts';
import { ListTagsForResource, TagResource, UntagResource } from './tags.ts';

// One set per profile, so that the function of one profile carries the code of no other.
export const readHandlers: Handlers<'read'> = { DescribeProject, ListProjects, DescribeModel, ListModels, ListTagsForResource };
export const writeHandlers: Handlers<'write'> = { CreateProject, DeleteProject, ImportModel, DeleteModel, StartModel, StopModel, TagResource, UntagResource };
export const detectHandlers: Handlers<'detect'> = { DetectAnomalies };
