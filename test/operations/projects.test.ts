import { expect, test } from '@jest/globals';
import {
  CreateProjectCommand,
  DeleteProjectCommand,
  DescribeProjectCommand,
  ListModelsCommand,
  ListProjectsCommand,
  paginateListProjects,
} from '@aws-sdk/client-lookoutvision';
import { conflict, invalid, refusal, violation } from '../helpers/refusal.ts';
import { testService } from '../helpers/service.ts';
import type { World } from '../helpers/world.ts';

const service = testService();

const create = (world: World, ProjectName: string, ClientToken?: string) =>
  world.client.send(
    new CreateProjectCommand({ ProjectName, ...(ClientToken !== undefined && { ClientToken }) }),
  );
const list = (world: World, more: { MaxResults?: number; NextToken?: string } = {}) =>
  world.client.send(new ListProjectsCommand(more));
const names = async (world: World): Promise<(string | undefined)[]> =>
  ((await list(world)).Projects ?? []).map(({ ProjectName }) => ProjectName);

const arn = 'arn:aws:lookoutvision:us-east-1:111122223333:project/parts';
const missing = {
  name: 'ResourceNotFoundException',
  status: 404,
  message: 'Project parts was not found.',
  ResourceId: 'parts',
  ResourceType: 'PROJECT',
};

test('a project is made, described, listed and deleted; and every step is visible to the next call', async () => {
  const world = await service.open();
  expect((await list(world)).Projects).toEqual([]);
  const created = await create(world, 'parts');
  expect(created.$metadata.httpStatusCode).toBe(200);
  const CreationTimestamp = new Date('2026-01-15T12:00:00Z');
  expect(created.ProjectMetadata).toEqual({ ProjectArn: arn, ProjectName: 'parts', CreationTimestamp });
  const described = await world.client.send(new DescribeProjectCommand({ ProjectName: 'parts' }));
  expect(described.ProjectDescription).toEqual({
    ProjectArn: arn,
    ProjectName: 'parts',
    CreationTimestamp,
    Datasets: [],
  });
  expect((await list(world)).Projects).toEqual([
    { ProjectArn: arn, ProjectName: 'parts', CreationTimestamp },
  ]);
  expect(await world.client.send(new DeleteProjectCommand({ ProjectName: 'parts' }))).toMatchObject({
    ProjectArn: arn,
  });
  expect(await refusal(world.client.send(new DescribeProjectCommand({ ProjectName: 'parts' })))).toEqual(
    missing,
  );
  expect(await refusal(world.client.send(new DeleteProjectCommand({ ProjectName: 'parts' })))).toEqual(
    missing,
  );
  expect(await names(world)).toEqual([]);
});

test('timestamps travel as epoch seconds with a fraction', async () => {
  const world = await service.open();
  world.clock.advance(0.25);
  const response = await world.post('/2020-11-20/projects', { ProjectName: 'parts' });
  expect(await response.json()).toEqual({
    ProjectMetadata: { ProjectArn: arn, ProjectName: 'parts', CreationTimestamp: 1_768_478_400.25 },
  });
});

test('a name is taken once, whatever its token; in another case it is another name', async () => {
  const world = await service.open();
  await create(world, 'parts', 'one');
  expect(await refusal(create(world, 'parts', 'two'))).toEqual(
    conflict('parts', 'Project parts already exists.'),
  );
  await create(world, 'Parts');
  expect(await names(world)).toEqual(['Parts', 'parts']);
});

test('repetitions of a creation and of a deletion are answered as the first call was', async () => {
  const world = await service.open();
  const first = await create(world, 'parts', 'one');
  world.clock.advance(3600);
  expect((await create(world, 'parts', 'one')).ProjectMetadata).toEqual(first.ProjectMetadata);
  expect(await refusal(create(world, 'other', 'one'))).toMatchObject({ name: 'ValidationException' });
  const remove = () =>
    world.client.send(new DeleteProjectCommand({ ProjectName: 'parts', ClientToken: 'one' }));
  expect((await remove()).ProjectArn).toBe(arn);
  expect((await remove()).ProjectArn).toBe(arn);
  // a repetition, so it makes nothing
  expect((await create(world, 'parts', 'one')).ProjectMetadata).toEqual(first.ProjectMetadata);
  expect(await names(world)).toEqual([]);
});

test('a project with models cannot be deleted; without them it can', async () => {
  const world = await service.open();
  await world.trained();
  expect(await refusal(world.client.send(new DeleteProjectCommand({ ProjectName: 'parts' })))).toEqual(
    conflict('parts', 'Project parts still has 1 models and 0 datasets. Delete them first.'),
  );
  expect((await world.post('/2020-11-20/projects/parts/models/1', undefined, {}, 'DELETE')).status).toBe(202);
  await world.settle();
  await world.client.send(new DeleteProjectCommand({ ProjectName: 'parts' }));
});

test('a hundred projects fit, and one page; the next is refused until there is room', async () => {
  const world = await service.open();
  const all = Array.from({ length: 100 }, (_, index) => `project-${String(index).padStart(3, '0')}`);
  await Promise.all(all.map((name) => create(world, name)));
  const page = await list(world);
  expect(page.Projects?.map(({ ProjectName }) => ProjectName)).toEqual(all);
  expect(page.NextToken).toBeUndefined();
  expect(await refusal(create(world, 'one-more'))).toEqual({
    name: 'ServiceQuotaExceededException',
    status: 402,
    message:
      'At most 100 projects can exist at once. Delete one, or raise projects in the quotas of this deployment (QUOTAS of a local host).',
    QuotaCode: 'L-64685F61',
    ServiceCode: 'lookoutvision',
    ResourceId: 'one-more',
    ResourceType: 'PROJECT',
  });
  expect(await refusal(create(world, 'project-007'))).toMatchObject({ name: 'ConflictException' }); // the name's reason wins
  await world.client.send(new DeleteProjectCommand({ ProjectName: 'project-007' }));
  await create(world, 'one-more');
});

test('the paginator of the original client finds each project once', async () => {
  const world = await service.open();
  for (const name of ['a', 'b', 'c', 'd', 'e']) await create(world, name);
  const pages: (string | undefined)[][] = [];
  for await (const { Projects = [] } of paginateListProjects({ client: world.client, pageSize: 2 }, {}))
    pages.push(Projects.map(({ ProjectName }) => ProjectName));
  expect(pages).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
  // a last page says so, also when it is full
  expect((await list(world, { MaxResults: 5 })).NextToken).toBeUndefined();
});

test('a page goes on behind its last item, also when that is gone', async () => {
  const world = await service.open();
  for (const name of ['a', 'b', 'c']) await create(world, name);
  const { NextToken = '' } = await list(world, { MaxResults: 2 });
  await world.client.send(new DeleteProjectCommand({ ProjectName: 'b' }));
  expect((await list(world, { NextToken })).Projects?.map(({ ProjectName }) => ProjectName)).toEqual(['c']);
});

test('a token belongs to its operation and its project; any other is refused', async () => {
  const world = await service.open();
  await create(world, 'other');
  await world.trained();
  await world.trained();
  const models = (ProjectName: string, more: object) =>
    world.client.send(new ListModelsCommand({ ProjectName, ...more }));
  const { NextToken: ofModels = '' } = await models('parts', { MaxResults: 1 });
  const { NextToken: ofProjects = '' } = await list(world, { MaxResults: 1 });
  expect(ofModels).toMatch(/^[a-zA-Z0-9/+=]{1,2048}$/);
  const bad = invalid(
    "1 validation error detected: Value at 'nextToken' failed to satisfy constraint: Member must be a token that this operation returned for the same parameters",
  );
  expect(await refusal(models('other', { NextToken: ofModels }))).toEqual(bad);
  expect(await refusal(models('parts', { NextToken: ofProjects }))).toEqual(bad);
  expect(await refusal(list(world, { NextToken: ofModels }))).toEqual(bad);
  for (const forged of ['aGVsbG8=', 'W10=', 'bnVsbA==', 'WyJMaXN0UHJvamVjdHMiLDFd', '===='])
    expect(await refusal(list(world, { NextToken: forged }))).toEqual(bad);
  expect(await refusal(list(world, { NextToken: 'a-b' }))).toEqual(
    violation(
      "'a-b'",
      'nextToken',
      'Member must satisfy regular expression pattern: ^[a-zA-Z0-9\\/\\+\\=]{0,2048}$',
    ),
  );
  expect(
    (await models('parts', { NextToken: ofModels })).Models?.map(({ ModelVersion }) => ModelVersion),
  ).toEqual(['1']);
});

test.each([
  [101, 'less than or equal to 100'],
  [0, 'greater than or equal to 1'],
  [-1, 'greater than or equal to 1'],
])('MaxResults %d is refused', async (MaxResults, rule) => {
  const world = await service.open();
  expect(await refusal(list(world, { MaxResults }))).toEqual(
    violation(`'${MaxResults}'`, 'maxResults', `Member must have value ${rule}`),
  );
});

test.each(['1.5', '1e1', 'ten', '', '0x10', '99999999999'])('maxResults=%s is no integer', async (value) => {
  const world = await service.open();
  const response = await world.post(`/2020-11-20/projects?maxResults=${value}`, undefined, {}, 'GET');
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({
    Message: `1 validation error detected: Value '${value}' at 'maxResults' failed to satisfy constraint: Member must be an integer`,
  });
});
