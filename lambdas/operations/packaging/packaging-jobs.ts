import { NotFoundError } from '../../contract/errors.ts';
import type { Value } from '../../contract/shapes.ts';
import { componentArn } from '../../domain/component.ts';
import { packagingMethod, type PackagingJob } from '../../domain/packaging.ts';
import type { Project } from '../../store/projects.ts';
import type { Operation, ReadContext } from '../context.ts';
import { noProject } from '../models/models.ts';
import { cursors, page } from '../paging.ts';

/** @throws NotFoundError */
async function projectNamed({ store }: Pick<ReadContext, 'store'>, name: string): Promise<Project> {
  const project = await store.projects.get(name);
  if (project === undefined) throw noProject(name);
  return project;
}

const metadata = (job: PackagingJob): Value<'ModelPackagingJobMetadata'> => ({
  JobName: job.name,
  ProjectName: job.project,
  ModelVersion: job.version,
  ...(job.description !== undefined && { ModelPackagingJobDescription: job.description }),
  ModelPackagingMethod: packagingMethod,
  Status: job.status,
  StatusMessage: job.statusMessage,
  CreationTimestamp: job.createdAt,
  LastUpdatedTimestamp: job.updatedAt,
});

export const DescribeModelPackagingJob: Operation<'DescribeModelPackagingJob'> = async (input, ctx) => {
  const project = await projectNamed(ctx, input.ProjectName);
  const job = await ctx.store.jobs.get({ project: project.name, name: input.JobName });
  if (job === undefined || job.createdAt < project.createdAt) {
    throw new NotFoundError(
      'MODEL_PACKAGE_JOB',
      input.JobName,
      `Packaging job ${input.JobName} of project ${project.name} was not found.`,
    );
  }
  return {
    ModelPackagingDescription: {
      ...metadata(job),
      ModelPackagingConfiguration: { Greengrass: job.greengrass },
      ...(job.status === 'SUCCEEDED' && {
        ModelPackagingOutputDetails: {
          Greengrass: {
            ComponentVersionArn: componentArn(ctx.settings, job),
            ComponentName: job.greengrass.ComponentName,
            ComponentVersion: job.componentVersion,
          },
        },
      }),
    },
  };
};

/** By name. The names that we give are ordered by time. */
export const ListModelPackagingJobs: Operation<'ListModelPackagingJobs'> = async (input, ctx) => {
  const project = await projectNamed(ctx, input.ProjectName);
  const { items, next } = await page(
    input,
    ['ListModelPackagingJobs', project.name],
    cursors.name,
    (after) => ctx.store.jobs.list(project, after),
    ({ name }) => name,
  );
  return { ModelPackagingJobs: items.map(metadata), ...next };
};
