import {
  CreateProjectCommand,
  DeleteProjectCommand,
  DescribeProjectCommand,
  paginateListProjects,
} from '@aws-sdk/client-lookoutvision';
import { accepted, refused, require, type Case } from './case.ts';

const tokenOf = (project: string): string => `create-${project}`;

export const projectCases: readonly Case[] = [
  {
    operation: 'CreateProject',
    title: 'makes a project',
    async run({ target: { client }, project }) {
      const { ProjectMetadata } = await accepted(
        'CreateProject',
        client.send(new CreateProjectCommand({ ProjectName: project, ClientToken: tokenOf(project) })),
      );
      require(ProjectMetadata?.ProjectArn?.endsWith(`:project/${project}`) ===
        true, `gave the ARN ${ProjectMetadata?.ProjectArn ?? 'none'}`);
      require(ProjectMetadata?.CreationTimestamp instanceof Date, 'gave no CreationTimestamp');
      return ProjectMetadata?.ProjectArn ?? '';
    },
  },
  {
    operation: 'CreateProject',
    title: 'the same token again is the same call',
    async run({ target: { client }, project }) {
      await accepted(
        'CreateProject',
        client.send(new CreateProjectCommand({ ProjectName: project, ClientToken: tokenOf(project) })),
      );
      return 'the same answer';
    },
  },
  {
    operation: 'CreateProject',
    title: 'the same token for another project is refused',
    run: ({ target: { client }, project }) =>
      refused(
        client.send(new CreateProjectCommand({ ProjectName: `${project}-b`, ClientToken: tokenOf(project) })),
        'ValidationException',
      ),
  },
  {
    operation: 'CreateProject',
    title: 'a name that is taken is refused',
    run: ({ target: { client }, project }) =>
      refused(client.send(new CreateProjectCommand({ ProjectName: project })), 'ConflictException', {
        ResourceType: 'PROJECT',
      }),
  },
  {
    operation: 'CreateProject',
    title: 'a name that cannot be one is refused',
    run: ({ target: { client } }) =>
      refused(client.send(new CreateProjectCommand({ ProjectName: 'two words' })), 'ValidationException'),
  },
  {
    operation: 'DescribeProject',
    title: 'tells of the project at once',
    async run({ target: { client }, project }) {
      const { ProjectDescription } = await accepted(
        'DescribeProject',
        client.send(new DescribeProjectCommand({ ProjectName: project })),
      );
      require(ProjectDescription?.ProjectName ===
        project, `tells of ${ProjectDescription?.ProjectName ?? 'nothing'}`);
      require(ProjectDescription?.Datasets?.length === 0, 'does not give an empty list of datasets');
      return 'no datasets';
    },
  },
  {
    operation: 'DescribeProject',
    title: 'a project that is not there is refused',
    run: ({ target: { client }, project }) =>
      refused(
        client.send(new DescribeProjectCommand({ ProjectName: `${project}-none` })),
        'ResourceNotFoundException',
        { ResourceType: 'PROJECT' },
      ),
  },
  {
    operation: 'ListProjects',
    title: 'has the project on one of its pages',
    async run({ target: { client }, project }) {
      let pages = 0;
      for await (const { Projects } of paginateListProjects(
        { client, pageSize: 10, stopOnSameToken: true },
        {},
      )) {
        pages += 1;
        if (Projects?.some(({ ProjectName }) => ProjectName === project)) return `on page ${pages}`;
      }
      throw new Error(`it is on none of ${pages} pages`);
    },
  },
];

/** After everything in the project has gone. */
export const lastCases: readonly Case[] = [
  {
    operation: 'DeleteProject',
    title: 'takes the project away',
    async run({ target: { client }, project }) {
      const { ProjectArn } = await accepted(
        'DeleteProject',
        client.send(new DeleteProjectCommand({ ProjectName: project })),
      );
      require(ProjectArn?.endsWith(`:project/${project}`) === true, `gave the ARN ${ProjectArn ?? 'none'}`);
      return refused(
        client.send(new DescribeProjectCommand({ ProjectName: project })),
        'ResourceNotFoundException',
        { ResourceType: 'PROJECT' },
      );
    },
  },
  {
    operation: 'DeleteProject',
    title: 'a project that is not there is refused',
    run: ({ target: { client }, project }) =>
      refused(
        client.send(new DeleteProjectCommand({ ProjectName: `${project}-none` })),
        'ResourceNotFoundException',
        { ResourceType: 'PROJECT' },
      ),
  },
];
