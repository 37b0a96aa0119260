import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  CreateProjectCommand,
  DeleteModelCommand,
  DeleteProjectCommand,
  DescribeModelPackagingJobCommand,
  ListModelPackagingJobsCommand,
  StartModelPackagingJobCommand,
  type GreengrassConfiguration,
} from '@aws-sdk/client-lookoutvision';
import { LocationRefused, type Execution } from '../../lambdas/domain/ports.ts';
import { packageModel } from '../../lambdas/workflows/packaging/tasks.ts';
import { TestDynamo } from '../helpers/dynamo.ts';
import { World } from '../helpers/world.ts';

let dynamo: TestDynamo;
let world: World;
let model: { ProjectName: string; ModelVersion: string };
const bytes = (text: string): Uint8Array => Buffer.from(text);

beforeAll(async () => {
  dynamo = await TestDynamo.start();
});
beforeEach(async () => {
  world = await World.open(dynamo, { settings: { buckets: ['models', 'out'] } });
  world.objects.objects
    .set('artifacts/copy/model.onnx', bytes('a graph'))
    .set('artifacts/copy/model.json', bytes('{}'));
  model = await world.trained();
});
afterAll(() => dynamo.close());

const greengrass = (more: Partial<GreengrassConfiguration> = {}): GreengrassConfiguration => ({
  TargetDevice: 'jetson_xavier',
  S3OutputLocation: { Bucket: 'out', Prefix: 'jobs' },
  ComponentName: 'Part.Check',
  ...more,
});
const start = (more: Partial<GreengrassConfiguration> = {}, members: object = {}) =>
  world.client.send(
    new StartModelPackagingJobCommand({
      ...model,
      Configuration: { Greengrass: greengrass(more) },
      ...members,
    }),
  );
const described = async (JobName: string | undefined) =>
  (await world.client.send(new DescribeModelPackagingJobCommand({ ProjectName: model.ProjectName, JobName })))
    .ModelPackagingDescription;
const written = (key: string): string =>
  Buffer.from(world.objects.objects.get(`out/${key}`) ?? []).toString();
const used = (): Promise<number> => world.store.quotas.used('PACKAGING_JOBS');

function undelivered(): { readonly kept: Execution[]; readonly again: () => void } {
  const kept: Execution[] = [];
  const { runner } = world.context;
  const original = runner.start.bind(runner);
  runner.start = (execution) => {
    kept.push(execution);
    return Promise.resolve('started');
  };
  return {
    kept,
    again: () => {
      runner.start = original;
    },
  };
}

test('a job writes the component, and then its recipe', async () => {
  const order: string[] = [];
  const write = world.objects.write.bind(world.objects);
  world.objects.write = (location, content) => {
    order.push(location.key);
    return write(location, content);
  };
  const { JobName = '' } = await start(
    { ComponentDescription: 'finds scratches' },
    { Description: 'the first one', JobName: 'first' },
  );
  expect(JobName).toBe('first');
  expect((await described(JobName))?.Status).toMatch(/^(CREATED|RUNNING|SUCCEEDED)$/);
  await world.settle();
  expect(await described(JobName)).toMatchObject({
    JobName,
    ProjectName: 'parts',
    ModelVersion: '1',
    ModelPackagingJobDescription: 'the first one',
    ModelPackagingMethod: 'Greengrass',
    Status: 'SUCCEEDED',
    StatusMessage: 'The model was packaged successfully.',
    ModelPackagingConfiguration: { Greengrass: greengrass({ ComponentDescription: 'finds scratches' }) },
    ModelPackagingOutputDetails: {
      Greengrass: {
        ComponentName: 'Part.Check',
        ComponentVersion: '1.0.0',
        ComponentVersionArn: 'arn:aws:greengrass:us-east-1:111122223333:components:Part.Check:versions:1.0.0',
      },
    },
  });
  expect(order).toEqual(['jobs/Part.Check/1.0.0/Part.Check.zip', 'jobs/Part.Check/1.0.0/recipe.json']);
  expect(JSON.parse(written('jobs/Part.Check/1.0.0/recipe.json'))).toMatchObject({
    RecipeFormatVersion: '2020-01-25',
    ComponentName: 'Part.Check',
    ComponentVersion: '1.0.0',
    ComponentDescription: 'finds scratches',
    Manifests: [
      {
        Platform: { os: 'linux', architecture: 'aarch64' },
        Artifacts: [{ Uri: 's3://out/jobs/Part.Check/1.0.0/Part.Check.zip', Unarchive: 'ZIP' }],
      },
    ],
  });
  const archive = written('jobs/Part.Check/1.0.0/Part.Check.zip');
  for (const part of [
    'model.onnx',
    'a graph',
    'model.json',
    'component.json',
    '"arn": "arn:aws:lookoutvision:us-east-1:111122223333:model/parts/1"',
  ])
    expect(archive).toContain(part);
  expect(await used()).toBe(0);
});

test('names are given, refused and listed', async () => {
  const { JobName: given } = await start();
  expect(given).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
  await start({ ComponentName: 'Other' }, { JobName: 'b' }); // two jobs must not write the same at once
  await expect(start({}, { JobName: 'b' })).rejects.toMatchObject({
    name: 'ConflictException',
    ResourceType: 'MODEL_PACKAGE_JOB',
    ResourceId: 'b',
  });
  await world.settle();
  const page = await world.client.send(
    new ListModelPackagingJobsCommand({ ProjectName: 'parts', MaxResults: 1 }),
  );
  const rest = await world.client.send(
    new ListModelPackagingJobsCommand({ ProjectName: 'parts', NextToken: page.NextToken }),
  );
  expect(
    [...(page.ModelPackagingJobs ?? []), ...(rest.ModelPackagingJobs ?? [])].map(({ JobName, Status }) => [
      JobName,
      Status,
    ]),
  ).toEqual([
    [given, 'SUCCEEDED'],
    ['b', 'SUCCEEDED'],
  ]);
  expect(rest.NextToken).toBeUndefined();
  await expect(described('nobody')).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
    ResourceType: 'MODEL_PACKAGE_JOB',
  });
  await expect(
    world.client.send(new ListModelPackagingJobsCommand({ ProjectName: 'nowhere' })),
  ).rejects.toMatchObject({ name: 'ResourceNotFoundException', ResourceType: 'PROJECT' });
});

test("jobs of a project that was deleted are not the next one's", async () => {
  await start({}, { JobName: 'old' });
  await world.settle();
  await world.client.send(new DeleteModelCommand(model));
  await world.settle();
  await world.client.send(new DeleteProjectCommand({ ProjectName: 'parts' }));
  world.clock.advance(1);
  await world.client.send(new CreateProjectCommand({ ProjectName: 'parts' }));
  expect(
    (await world.client.send(new ListModelPackagingJobsCommand({ ProjectName: 'parts' }))).ModelPackagingJobs,
  ).toEqual([]);
  await expect(described('old')).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  model = await world.trained();
  await start({}, { JobName: 'old' });
  await world.settle();
  expect((await described('old'))?.Status).toBe('SUCCEEDED');
});

test('at most three run at once, and each counts until it has ended', async () => {
  const { kept, again } = undelivered();
  for (const JobName of ['a', 'b', 'c']) await start({ ComponentName: JobName }, { JobName });
  await expect(start({}, { JobName: 'd' })).rejects.toMatchObject({
    name: 'ServiceQuotaExceededException',
    QuotaCode: 'L-A2F581AB',
    ServiceCode: 'lookoutvision',
  });
  expect((await described('a'))?.Status).toBe('CREATED');
  const { input } = kept[0] as Execution;
  if (input.kind !== 'package') throw new Error('not a job');
  await packageModel(input, world.context);
  await expect(packageModel(input, world.context)).rejects.toThrow('no longer in charge');
  expect(await used()).toBe(2);
  again();
  await start({}, { JobName: 'd' });
  await world.settle();
  await world.sweepAfter(61); // what was committed and not delivered
  expect(await used()).toBe(0);
  expect((await described('c'))?.Status).toBe('SUCCEEDED');
});

test('happens once for a token', async () => {
  const first = await start({}, { ClientToken: 'package-once' });
  await world.settle();
  expect((await start({}, { ClientToken: 'package-once' })).JobName).toBe(first.JobName);
  await expect(start({ ComponentName: 'other' }, { ClientToken: 'package-once' })).rejects.toMatchObject({
    name: 'ValidationException',
  });
});

describe('a job that cannot be done', () => {
  test('says why, where only the archive of the component would be another one', async () => {
    const platform = (options: string): Partial<GreengrassConfiguration> => ({
      TargetDevice: undefined,
      TargetPlatform: { Os: 'LINUX', Arch: 'X86_64' },
      CompilerOptions: options,
      ComponentVersion: '3.0.0',
    });
    const archive = (): string =>
      Buffer.from(world.objects.objects.get('out/jobs/Part.Check/3.0.0/Part.Check.zip') ?? '').toString(
        'hex',
      );
    await start(platform('{"a":1}'), { JobName: 'first' });
    await world.settle();
    const before = archive();
    expect(before).not.toBe('');
    await start(platform('{"a":2}'), { JobName: 'other' });
    await world.settle();
    await start(platform('{"a":1}'), { JobName: 'same' });
    await world.settle();
    expect(await described('same')).toMatchObject({ Status: 'SUCCEEDED' });
    expect(await described('first')).toMatchObject({ Status: 'SUCCEEDED' });
    expect(await described('other')).toMatchObject({
      Status: 'FAILED',
      StatusMessage: expect.stringContaining('Version 3.0.0 of component Part.Check exists already at'),
    });
    expect(archive()).toBe(before);
  });

  test('says why, and leaves its place in the quota', async () => {
    await start({ ComponentVersion: '2.0.0' }, { JobName: 'a' });
    await world.settle();
    world.objects.objects.set('artifacts/copy/model.onnx', bytes('another graph'));
    world.objects.objects.set('out/jobs/Part.Check/2.0.0/recipe.json', bytes('{}'));
    await start({ ComponentVersion: '2.0.0' }, { JobName: 'b' });
    await world.settle();
    expect(await described('b')).toMatchObject({
      Status: 'FAILED',
      StatusMessage: expect.stringContaining(
        'Version 2.0.0 of component Part.Check exists already at s3://out/',
      ),
    });
    world.objects.write = (location) => Promise.reject(new LocationRefused(location, 'no'));
    await start({}, { JobName: 'c' });
    await world.settle();
    expect(await described('c')).toMatchObject({
      Status: 'FAILED',
      StatusMessage: 's3://out/jobs/Part.Check/1.0.0/Part.Check.zip: no',
    });
    world.objects.objects.delete('artifacts/copy/model.onnx');
    await start({}, { JobName: 'd' });
    await world.settle();
    expect(await described('d')).toMatchObject({
      Status: 'FAILED',
      StatusMessage: expect.stringContaining('holds no copy'),
    });
    expect(await described('d')).not.toHaveProperty('ModelPackagingOutputDetails');
    expect(await used()).toBe(0);
  });

  test('is tried again for as long as it may take, and then fails', async () => {
    const {
      settings: { times },
      objects,
    } = world;
    world = await World.open(dynamo, { settings: { times: { ...times, import: 300 } } });
    for (const [at, content] of objects.objects) world.objects.objects.set(at, content);
    await world.trained();
    world.objects.write = () => Promise.reject(new Error('the store is down'));
    await start({}, { JobName: 'a' });
    await world.settle();
    expect((await described('a'))?.Status).toBe('RUNNING');
    for (let looks = 0; looks < 4; looks += 1) await world.sweepAfter(121);
    expect(await described('a')).toMatchObject({
      Status: 'FAILED',
      StatusMessage: expect.stringContaining('could not be packaged in time'),
    });
    expect(await used()).toBe(0);
  });

  test('is none while the model was not trained, or is not there', async () => {
    world.engine.admission = { admitted: false, reason: 'no' };
    const ModelVersion = await world.import('parts', { Source: { S3: { Bucket: 'models' } } });
    await world.settle();
    await expect(start({}, { ModelVersion })).rejects.toMatchObject({
      name: 'ConflictException',
      ResourceType: 'MODEL',
      ResourceId: `parts/${ModelVersion}`,
    });
    await expect(start({}, { ModelVersion: 'latest' })).rejects.toMatchObject({ name: 'ConflictException' });
    await expect(start({}, { ModelVersion: '9' })).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      ResourceType: 'MODEL',
    });
    await expect(start({}, { ProjectName: 'nowhere' })).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      ResourceType: 'PROJECT',
    });
    expect(await used()).toBe(0);
  });

  const nvidia = { Os: 'LINUX', Arch: 'X86_64', Accelerator: 'NVIDIA' } as const;
  test.each<[string, Partial<GreengrassConfiguration>, string]>([
    ['no target', { TargetDevice: undefined }, 'exactly one of'],
    ['two targets', { TargetPlatform: nvidia }, 'exactly one of'],
    ['options for a device', { CompilerOptions: '{}{' }, 'must be absent where targetDevice is given'],
    [
      'options that are no JSON',
      { TargetDevice: undefined, TargetPlatform: { Os: 'LINUX', Arch: 'ARM64' }, CompilerOptions: 'mcpu' },
      'must be a JSON object',
    ],
    [
      'too few options',
      { TargetDevice: undefined, TargetPlatform: nvidia, CompilerOptions: '{"gpu-code":"sm_75"}' },
      'must have gpu-code, trt-ver, cuda-ver',
    ],
    [
      'no options',
      { TargetDevice: undefined, TargetPlatform: nvidia },
      'must have gpu-code, trt-ver, cuda-ver',
    ],
    ['another bucket', { S3OutputLocation: { Bucket: 'elsewhere', Prefix: '' } }, 's3OutputLocation.bucket'],
    ["a tag of AWS's own", { Tags: [{ Key: 'aws:x', Value: '' }] }, 'aws:'],
  ])('is refused at once: %s', async (_, more, message) => {
    await expect(start(more)).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringContaining(message),
    });
  });

  test.each([
    ['JSON', '{"gpu-code":"sm_75","trt-ver":"7.1.3","cuda-ver":"10.2"}'],
    ["the developer guide's own command", "{'gpu-code': 'sm_75', 'trt-ver': '7.1.3', 'cuda-ver': '10.2'}"],
  ])('is not refused for what is right: options as %s', async (_, CompilerOptions) => {
    const { JobName } = await start({
      TargetDevice: undefined,
      TargetPlatform: nvidia,
      CompilerOptions,
      Tags: [],
    });
    await world.settle();
    expect((await described(JobName))?.Status).toBe('SUCCEEDED');
    expect(written('jobs/Part.Check/1.0.0/recipe.json')).toContain('"architecture": "amd64"');
  });
});

test('of two jobs that write one component at once one wins, and nothing of the other is mixed in', async () => {
  const other = await world.trained();
  const held: string[] = [];
  const write = world.objects.write.bind(world.objects);
  let letGo: () => void = () => undefined;
  const free = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  world.objects.write = async (location, content) => {
    held.push(location.key);
    await free; // each has looked for the recipe by now, and found none
    await write(location, content);
  };
  const same = { ComponentVersion: '1.0.0' };
  await Promise.all([start(same, { JobName: 'one' }), start(same, { ...other, JobName: 'two' })]);
  while (held.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  await new Promise((resolve) => setTimeout(resolve, 100));
  letGo();
  await world.settle();

  const jobs = [await described('one'), await described('two')];
  expect(jobs.map((job) => job?.Status).sort()).toEqual(['FAILED', 'SUCCEEDED']);
  expect(jobs.find((job) => job?.Status === 'FAILED')?.StatusMessage).toMatch(
    /^Version 1\.0\.0 of component Part\.Check is being written to s3:\/\/out\/jobs\/.* by .*packaging job/,
  );
  expect(held).toHaveLength(2);
  const winner = jobs.find((job) => job?.Status === 'SUCCEEDED');
  expect(written('jobs/Part.Check/1.0.0/recipe.json')).toContain(`model/parts/${winner?.ModelVersion}`);
  expect(written('jobs/Part.Check/1.0.0/Part.Check.zip')).toContain(`model/parts/${winner?.ModelVersion}`);
  expect(await used()).toBe(0);
});

test('a model that is deleted while its files are read is not packaged without some of them', async () => {
  const { kept, again } = undelivered();
  await start({}, { JobName: 'torn' });
  again();
  const input = kept[0]?.input;
  if (input?.kind !== 'package') throw new Error('not a job');
  const read = world.objects.read.bind(world.objects);
  world.objects.read = async (location) => {
    const found = await read(location);
    // Behind the graph and before what describes it.
    if (location.key.endsWith('model.onnx')) {
      await world.client.send(new DeleteModelCommand(model));
      world.objects.objects.delete('artifacts/copy/model.json');
    }
    return found;
  };
  await packageModel(input, world.context);
  expect(await described('torn')).toMatchObject({
    Status: 'FAILED',
    StatusMessage: 'Model version 1 has no artifact that could be packaged: it was deleted.',
  });
  expect([...world.objects.objects.keys()].filter((path) => path.startsWith('out/'))).toEqual([]);
});

test("a claim whose job has ended stands in nobody's way", async () => {
  const write = world.objects.write.bind(world.objects);
  world.objects.write = (location) => Promise.reject(new LocationRefused(location, 'not this one'));
  await start({}, { JobName: 'one' });
  await world.settle();
  expect((await described('one'))?.Status).toBe('FAILED');
  world.objects.write = write;
  await start({}, { JobName: 'two' });
  await world.settle();
  expect((await described('two'))?.Status).toBe('SUCCEEDED');
});
