import { describe, expect, test } from '@jest/globals';
import {
  AccessDeniedException,
  ConflictException,
  InternalServerException,
  LookoutVisionClient,
  ResourceNotFoundException,
  ServiceQuotaExceededException,
  StartModelCommand,
  StopModelCommand,
  ThrottlingException,
  ValidationException,
} from '@aws-sdk/client-lookoutvision';
import { refusal, violation } from '../helpers/refusal.ts';
import { testService } from '../helpers/service.ts';
import type { World } from '../helpers/world.ts';

// "Errors": the seven of the page "StartModel", each made to happen, with the HTTP code, the type and the
// members that the original client sees.

const service = testService();

type ModelName = { ProjectName: string; ModelVersion: string };
const start = (world: World, model: ModelName, client = world.client) =>
  client.send(new StartModelCommand({ ...model, MinInferenceUnits: 1 }));
const nowhere = { ProjectName: 'nowhere', ModelVersion: '1' };

describe('AccessDeniedException (403): "You are not authorized to perform the action"', () => {
  const keys = [
    {
      accessKeyId: 'AKIAREADER',
      secretAccessKey: 'reader-secret',
      name: 'reader',
      actions: ['Describe*', 'List*'],
      projects: ['*'],
      buckets: ['*'],
    },
    {
      accessKeyId: 'AKIALINE',
      secretAccessKey: 'line-secret',
      name: 'line-1',
      actions: ['StartModel'],
      projects: ['line-1-*'],
      buckets: ['*'],
    },
    {
      accessKeyId: 'AKIAADMIN',
      secretAccessKey: 'admin-secret',
      name: 'admin',
      actions: ['*'],
      projects: ['*'],
      buckets: ['*'],
    },
  ];
  const denied = (name: string, project: string) => ({
    name: 'AccessDeniedException',
    status: 403,
    message: `User: arn:aws:iam::111122223333:user/${name} is not authorized to perform: lookoutvision:StartModel on resource: arn:aws:lookoutvision:us-east-1:111122223333:model/${project}/1`,
  });

  test('for a key that may not start, or not this project\'s; "this operation requires permissions to perform the lookoutvision:StartModel operation"', async () => {
    const world = await service.open({ keys, now: Date.now() });
    const as = (id: string, secret: string): LookoutVisionClient => world.clientOf(id, secret);
    const other = { ProjectName: 'line-2-a', ModelVersion: '1' };
    expect(await refusal(start(world, other, as('AKIAREADER', 'reader-secret')))).toEqual(
      denied('reader', 'line-2-a'),
    );
    expect(await refusal(start(world, other, as('AKIALINE', 'line-secret')))).toEqual(
      denied('line-1', 'line-2-a'),
    );
    await expect(start(world, other, as('AKIALINE', 'line-secret'))).rejects.toBeInstanceOf(
      AccessDeniedException,
    );
    // Whoever may, learns what is next: that there is no such project.
    const own = { ProjectName: 'line-1-a', ModelVersion: '1' };
    expect(await refusal(start(world, own, as('AKIALINE', 'line-secret')))).toMatchObject({
      name: 'ResourceNotFoundException',
    });
    expect(await refusal(start(world, other, as('AKIAADMIN', 'admin-secret')))).toMatchObject({
      name: 'ResourceNotFoundException',
    });
  });

  test('for a wrong secret, an unknown key, a request that is not signed; whatever else is wrong with it', async () => {
    const world = await service.open({ keys, now: Date.now() });
    const bad = { ProjectName: '-', ModelVersion: '0' };
    expect(await refusal(start(world, bad, world.clientOf('AKIAADMIN', 'guess')))).toMatchObject({
      name: 'AccessDeniedException',
      status: 403,
      message:
        'The request signature we calculated does not match the signature you provided. Check your secret access key and signing method.',
    });
    expect(await refusal(start(world, bad, world.clientOf('AKIANOBODY', 'admin-secret')))).toMatchObject({
      name: 'AccessDeniedException',
    });
    const unsigned = await world.post('/2020-11-20/projects/-/models/0/start', {});
    expect(unsigned.status).toBe(403);
    expect(unsigned.headers.get('x-amzn-errortype')).toBe('AccessDeniedException');
  });
});

test('ConflictException (409): "The update or deletion of a resource caused an inconsistent state"', async () => {
  const world = await service.open();
  const model = await world.trained();
  await start(world, model);
  await world.settle();
  await expect(start(world, model)).rejects.toBeInstanceOf(ConflictException);
  expect(await refusal(start(world, model))).toEqual({
    name: 'ConflictException',
    status: 409,
    message: 'Model version 1 of project parts cannot be started while its status is HOSTED.',
    ResourceId: 'parts/1',
    ResourceType: 'MODEL',
  });
});

test('ConflictException for a model that is in training, or could not be trained', async () => {
  const world = await service.open();
  await world.trained();
  world.frozen = true;
  await world.import('parts', { Source: { S3: { Bucket: 'models' } } });
  expect(await refusal(start(world, { ProjectName: 'parts', ModelVersion: '2' }))).toMatchObject({
    name: 'ConflictException',
    message: 'Model version 2 of project parts cannot be started while its status is TRAINING.',
  });
  world.frozen = false;
  world.engine.admission = { admitted: false, reason: 'There is no model.json.' };
  await world.import('parts', { Source: { S3: { Bucket: 'models' } } });
  await world.settle();
  expect(await refusal(start(world, { ProjectName: 'parts', ModelVersion: '3' }))).toMatchObject({
    name: 'ConflictException',
    ResourceId: 'parts/3',
    message: 'Model version 3 of project parts cannot be started while its status is TRAINING_FAILED.',
  });
});

test('InternalServerException (500): "experienced a service issue. Try your call again"; and then it works', async () => {
  const world = await service.open();
  const model = await world.trained();
  service.dynamo.intercept = (operation) =>
    operation === 'TransactWriteItems'
      ? {
          status: 400,
          body: {
            __type: 'com.amazonaws.dynamodb.v20120810#ResourceNotFoundException',
            message: 'Requested resource not found: secret-table-name',
          },
        }
      : undefined;
  await expect(start(world, model)).rejects.toBeInstanceOf(InternalServerException);
  expect(await refusal(start(world, model))).toEqual({
    name: 'InternalServerException',
    status: 500,
    message: 'Crowsnest could not process the request. Try your call again.',
  });
  // the log knows, the caller does not
  expect(world.logged.some((line) => line.includes('secret-table-name'))).toBe(true);
  service.dynamo.reset();
  expect(await start(world, model)).toMatchObject({ Status: 'STARTING_HOSTING' });
});

test('ResourceNotFoundException (404): "The resource could not be found": the project, when that is the missing part', async () => {
  const world = await service.open();
  await world.trained();
  await expect(start(world, nowhere)).rejects.toBeInstanceOf(ResourceNotFoundException);
  const project = {
    name: 'ResourceNotFoundException',
    status: 404,
    message: 'Project nowhere was not found.',
    ResourceId: 'nowhere',
    ResourceType: 'PROJECT',
  };
  expect(await refusal(start(world, nowhere))).toEqual(project);
  expect(await refusal(start(world, { ...nowhere, ModelVersion: 'latest' }))).toEqual(project);
  expect(await refusal(start(world, { ProjectName: 'parts', ModelVersion: '7' }))).toEqual({
    name: 'ResourceNotFoundException',
    status: 404,
    message: 'Model version 7 of project parts was not found.',
    ResourceId: 'parts/7',
    ResourceType: 'MODEL',
  });
});

test('ServiceQuotaExceededException (402): two models run, until one of them is gone', async () => {
  const world = await service.open();
  const [one, two, three] = [await world.trained(), await world.trained(), await world.trained()];
  await start(world, one);
  await start(world, two);
  await world.settle();
  await expect(start(world, three)).rejects.toBeInstanceOf(ServiceQuotaExceededException);
  const full = {
    name: 'ServiceQuotaExceededException',
    status: 402,
    message:
      'At most 2 models can run at once. A model counts until its hosting resources are gone; stop one, or raise runningModels in the quotas of this deployment (QUOTAS of a local host).',
    QuotaCode: 'L-82DA2ABD',
    ServiceCode: 'lookoutvision',
    ResourceId: 'parts/3',
    ResourceType: 'MODEL',
  };
  world.engine.removes = false;
  await world.client.send(new StopModelCommand(one));
  expect(await refusal(start(world, three))).toEqual(full); // it is on its way out, and still costs
  const [deployment] = await world.deployments(one);
  world.engine.vanish(deployment?.id ?? '');
  await world.settle();
  expect(await start(world, three)).toMatchObject({ Status: 'STARTING_HOSTING' });
});

test('ThrottlingException (429): "temporarily unable to process the request", with the seconds to wait', async () => {
  const world = await service.open();
  const model = await world.trained();
  service.dynamo.intercept = (operation) =>
    operation === 'TransactWriteItems'
      ? {
          status: 400,
          body: {
            __type: 'com.amazonaws.dynamodb.v20120810#TransactionCanceledException',
            message: 'Transaction cancelled',
            CancellationReasons: [
              { Code: 'None' },
              { Code: 'TransactionConflict', Message: 'Transaction is ongoing for the item' },
              { Code: 'None' },
              { Code: 'None' },
            ],
          },
        }
      : undefined;
  await expect(start(world, model)).rejects.toBeInstanceOf(ThrottlingException);
  expect(await refusal(start(world, model))).toEqual({
    name: 'ThrottlingException',
    status: 429,
    message: 'Too many requests are changing the same resource. Try your call again.',
    RetryAfterSeconds: 1,
  });
  expect(await world.describe(model)).toMatchObject({ Status: 'TRAINED' });
});

test('ValidationException (400): "invalid characters in a project name"', async () => {
  const world = await service.open();
  const call = () => start(world, { ProjectName: 'Schrauben & Muttern', ModelVersion: '1' });
  await expect(call()).rejects.toBeInstanceOf(ValidationException);
  expect(await refusal(call())).toEqual(
    violation(
      "'Schrauben & Muttern'",
      'projectName',
      'Member must satisfy regular expression pattern: [a-zA-Z0-9][a-zA-Z0-9_\\-]*',
    ),
  );
});
