import { ConflictError, QuotaError } from '../../contract/errors.ts';
import { projectArn } from '../../domain/arns.ts';
import { quotaCodes, raiseQuota } from '../../domain/settings.ts';
import { projectOf } from '../../store/projects.ts';
import type { Operation } from '../context.ts';
import { datasetMetadata } from '../datasets/describe-dataset.ts';
import { noProject } from '../models/models.ts';
import { IdempotentCall } from '../idempotency.ts';
import { cursors, page } from '../paging.ts';
import { reached } from '../reach.ts';

export const CreateProject: Operation<'CreateProject'> = async (input, ctx) => {
  const name = input.ProjectName;
  const { projects: limit } = ctx.settings.quotas;
  const now = ctx.clock.now();
  const metadata = { ProjectArn: projectArn(ctx.settings, name), ProjectName: name, CreationTimestamp: now };
  const idempotent = new IdempotentCall<{ ProjectMetadata: typeof metadata }>(ctx, 'CreateProject', input);
  const noRoom = new QuotaError(
    quotaCodes.projects,
    'PROJECT',
    name,
    `At most ${limit} projects can exist at once. Delete one, or ${raiseQuota('projects')}.`,
  );
  if (limit < 1) return idempotent.replayOrThrow(noRoom);
  const { answer } = await idempotent.commit(
    { answer: { ProjectMetadata: metadata }, operationId: ctx.ids.next() },
    [ctx.store.projects.create(name, now), ctx.store.quotas.take('PROJECTS', limit)],
    (refused) =>
      refused.at('project') ? new ConflictError('PROJECT', name, `Project ${name} already exists.`) : noRoom,
  );
  return answer;
};

export const DescribeProject: Operation<'DescribeProject'> = async (input, { store, settings }) => {
  const [project, datasets] = await Promise.all([
    store.projects.get(input.ProjectName),
    store.datasets.ofProject(input.ProjectName),
  ]);
  if (project === undefined) throw noProject(input.ProjectName);
  return {
    ProjectDescription: {
      ProjectArn: projectArn(settings, project.name),
      ProjectName: project.name,
      CreationTimestamp: project.createdAt,
      Datasets: datasets.map(datasetMetadata),
    },
  };
};

export const ListProjects: Operation<'ListProjects'> = async (input, { store, settings }, { reach }) => {
  const { items, next } = await page(
    input,
    ['ListProjects'],
    cursors.name,
    (after) => reached(reach, store.projects.list(after)),
    ({ name }) => name,
  );
  return {
    Projects: items.map(({ name, createdAt }) => ({
      ProjectArn: projectArn(settings, name),
      ProjectName: name,
      CreationTimestamp: createdAt,
    })),
    ...next,
  };
};

/** Effective before it answers: a DescribeProject right behind it finds nothing. */
export const DeleteProject: Operation<'DeleteProject'> = async (input, ctx) => {
  const name = input.ProjectName;
  const done = { ProjectArn: projectArn(ctx.settings, name) };
  const idempotent = new IdempotentCall<typeof done>(ctx, 'DeleteProject', input);
  const { answer } = await idempotent.commit(
    { answer: done, operationId: ctx.ids.next() },
    [
      ctx.store.projects.delete(name),
      ctx.store.quotas.giveBack('PROJECTS'),
      ctx.store.policies.drop({ project: name }),
      ctx.store.projects.remember(name, ctx.clock.now()),
    ],
    (refused) => {
      const project = refused.row('project', projectOf);
      if (project === undefined) return noProject(name);
      return new ConflictError(
        'PROJECT',
        name,
        `Project ${name} still has ${project.models} models and ${project.datasets} datasets. Delete ` +
          'them first.',
      );
    },
  );
  return answer;
};
