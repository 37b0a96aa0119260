import { describe, expect, test } from '@jest/globals';
import { CreateProjectCommand, DeleteModelCommand } from '@aws-sdk/client-lookoutvision';
import { defaultQuotas } from '../../lambdas/domain/settings.ts';
import { testService } from '../helpers/service.ts';
import type { World, WorldOptions } from '../helpers/world.ts';

// Our own addition to the wire, so there is no original client for it.

const service = testService();

const path = '/2020-11-20/projects/parts/models/import';
const s3 = { Source: { S3: { Bucket: 'models', Prefix: 'line-1/' } } };

async function withProject(options?: WorldOptions): Promise<World> {
  const world = await service.open(options);
  await world.client.send(new CreateProjectCommand({ ProjectName: 'parts' }));
  return world;
}

interface Answer {
  readonly status: number;
  readonly type: string | null;
  readonly body: { readonly ModelMetadata?: { readonly ModelVersion: string }; readonly Message?: string };
}

async function post(world: World, body: unknown, token?: string, to = path): Promise<Answer> {
  const response = await world.post(to, body, token === undefined ? {} : { 'x-amzn-client-token': token });
  return {
    status: response.status,
    type: response.headers.get('x-amzn-errortype'),
    body: (await response.json()) as Answer['body'],
  };
}

test('the answer is a version in training, which is trained when the artifact was checked', async () => {
  const world = await withProject();
  expect(await post(world, { ...s3, Description: 'line-1.v2', Tags: [] })).toEqual({
    status: 202,
    type: null,
    body: {
      ModelMetadata: {
        CreationTimestamp: 1_768_478_400,
        ModelVersion: '1',
        ModelArn: 'arn:aws:lookoutvision:us-east-1:111122223333:model/parts/1',
        Description: 'line-1.v2',
        Status: 'TRAINING',
        StatusMessage: 'The model is being imported.',
      },
    },
  });
  await world.settle();
  expect(await world.describe({ ProjectName: 'parts', ModelVersion: '1' })).toMatchObject({
    Status: 'TRAINED',
    OutputConfig: { S3Location: { Bucket: 'models', Prefix: 'line-1/' } },
  });
});

test('an artifact that the engine cannot host: TRAINING_FAILED, with the reason', async () => {
  const world = await withProject();
  world.engine.admission = {
    admitted: false,
    reason: 'The graph uses the operator MyOwn, which no engine knows.',
  };
  await post(world, s3);
  await world.settle();
  expect(await world.describe({ ProjectName: 'parts', ModelVersion: '1' })).toMatchObject({
    Status: 'TRAINING_FAILED',
    StatusMessage: 'The graph uses the operator MyOwn, which no engine knows.',
  });
});

test('repeated under its token it is one import; other parameters are refused', async () => {
  const world = await withProject();
  const first = await post(world, s3, 'one');
  await world.settle();
  expect(await post(world, s3, 'one')).toEqual(first);
  expect(await post(world, { Source: { S3: { Prefix: 'line-1/', Bucket: 'models' } } }, 'one')).toEqual(
    first,
  );
  expect(await post(world, { Source: { S3: { Bucket: 'models', Prefix: 'line-2/' } } }, 'one')).toMatchObject(
    { status: 400, type: 'ValidationException' },
  );
  expect(await post(world, { ...s3, Tags: [{ Key: 'a', Value: 'b' }] }, 'one')).toMatchObject({
    status: 400,
  });
  expect(await world.executions()).toHaveLength(1);
  expect((await post(world, s3, 'two')).body.ModelMetadata?.ModelVersion).toBe('2');
});

test('a version is never used again', async () => {
  const world = await withProject();
  await world.import('parts', s3);
  await world.settle();
  await world.client.send(new DeleteModelCommand({ ProjectName: 'parts', ModelVersion: '1' }));
  await world.settle();
  expect(await world.import('parts', s3)).toBe('2');
});

test('imports at once get versions of their own', async () => {
  const world = await withProject();
  const versions = await Promise.all(Array.from({ length: 10 }, () => world.import('parts', s3)));
  expect(versions.sort((a, b) => Number(a) - Number(b))).toEqual([
    '1',
    '2',
    '3',
    '4',
    '5',
    '6',
    '7',
    '8',
    '9',
    '10',
  ]);
  expect(await world.store.projects.get('parts')).toMatchObject({ nextVersion: 11, models: 10 });
  await world.settle();
});

test('one import under one token, asked for ten times at once', async () => {
  const world = await withProject();
  const answers = await Promise.all(Array.from({ length: 10 }, () => post(world, s3, 'one')));
  expect(new Set(answers.map(({ status, body }) => `${status} ${body.ModelMetadata?.ModelVersion}`))).toEqual(
    new Set(['202 1']),
  );
  expect(await world.executions()).toHaveLength(1);
  await world.settle();
});

test('a project has room for so many models, exactly, also when they come at once; a repetition needs no room', async () => {
  const world = await withProject({ settings: { quotas: { ...defaultQuotas, modelsPerProject: 3 } } });
  const answers = await Promise.all(
    Array.from({ length: 6 }, (_, index) => post(world, s3, `token-${index}`)),
  );
  expect(answers.filter(({ status }) => status === 202)).toHaveLength(3);
  const full = {
    __type: 'com.amazonaws.lookoutvision#ServiceQuotaExceededException',
    Message:
      'A project can have at most 3 models. Delete one, or raise modelsPerProject in the quotas of this deployment (QUOTAS of a local host).',
    QuotaCode: 'L-1B1011CA',
    ServiceCode: 'lookoutvision',
    ResourceId: 'parts',
    ResourceType: 'PROJECT',
  };
  for (const answer of answers)
    if (answer.status !== 202)
      expect(answer).toEqual({ status: 402, type: 'ServiceQuotaExceededException', body: full });
  const first = answers.findIndex(({ status }) => status === 202);
  expect(await post(world, s3, `token-${first}`)).toEqual(answers[first]);
  await world.settle();
  await world.client.send(new DeleteModelCommand({ ProjectName: 'parts', ModelVersion: '2' }));
  await world.settle();
  expect(await world.import('parts', s3)).toBe('4');
});

describe('the source', () => {
  const source = (given: string) =>
    `1 validation error detected: Value '${given}' at 'source' failed to satisfy constraint: Member must have exactly one of: s3, or modelPackageArn, or image and modelDataUrl`;
  const packageArn = 'arn:aws:sagemaker:us-east-1:111122223333:model-package/bolts';

  test.each([
    ['none', {}, source('[]')],
    ['an unknown one', { Ftp: 'x' }, source('[]')],
    [
      'one by way of a prototype',
      JSON.parse('{"__proto__":{"S3":{"Bucket":"models"}}}') as unknown,
      source('[]'),
    ],
    ['two', { S3: { Bucket: 'models' }, ModelPackageArn: packageArn }, source('["S3","ModelPackageArn"]')],
    ['an image without its data', { Image: 'image:1' }, source('["Image"]')],
    ['data without an image', { ModelDataUrl: 's3://models/a.tar.gz' }, source('["ModelDataUrl"]')],
    [
      'a list',
      [],
      "1 validation error detected: Value '[]' at 'source' failed to satisfy constraint: Member must be a structure",
    ],
    ['a bucket that is missing', { S3: { Prefix: 'x' } }, undefined],
    [
      'a URL of another kind',
      { Image: 'image:1', ModelDataUrl: 'https://models/a' },
      "1 validation error detected: Value 'https://models/a' at 'source.modelDataUrl' failed to satisfy constraint: Member must satisfy regular expression pattern: s3://[^/]{3,63}/[^?#]+",
    ],
  ])('%s: refused', async (_name, Source, message) => {
    const world = await withProject();
    const answer = await post(world, { Source });
    expect(answer).toMatchObject({ status: 400, type: 'ValidationException' });
    expect(answer.body.Message).toContain(
      message ?? "Value null at 'source.s3.bucket' failed to satisfy constraint: Member must not be null",
    );
    expect(await world.store.projects.get('parts')).toMatchObject({ nextVersion: 1, models: 0 });
  });

  test('a bucket that is not on the list of the deployment is not even looked at', async () => {
    const world = await withProject({ settings: { buckets: ['models', 'archive'] } });
    const refused = (bucket: string, member: string) => ({
      status: 400,
      type: 'ValidationException',
      body: {
        __type: 'com.amazonaws.lookoutvision#ValidationException',
        Message: `1 validation error detected: Value '${bucket}' at '${member}' failed to satisfy constraint: Member must be one of the buckets that this deployment may use: [models, archive]`,
      },
    });
    expect(await post(world, { Source: { S3: { Bucket: 'payroll' } } })).toEqual(
      refused('payroll', 'source.s3.bucket'),
    );
    expect(await post(world, { Source: { Image: 'image:1', ModelDataUrl: 's3://payroll/a' } })).toEqual(
      refused('payroll', 'source.modelDataUrl'),
    );
    expect(await post(world, { Source: { Image: 'image:1', ModelDataUrl: 's3://archive/a' } })).toMatchObject(
      { status: 202 },
    );
    expect(await post(world, { Source: { ModelPackageArn: packageArn } })).toMatchObject({ status: 202 });
    await world.settle();
  });
});

test('into a project that is not there: 404', async () => {
  const world = await service.open();
  expect(await post(world, s3, 'one')).toMatchObject({
    status: 404,
    type: 'ResourceNotFoundException',
    body: { ResourceType: 'PROJECT', ResourceId: 'parts' },
  });
});

test('where extensions are off there is no such operation', async () => {
  const world = await withProject({ settings: { extensions: false } });
  expect(await post(world, s3)).toMatchObject({ status: 404, type: 'UnknownOperationException' });
});
