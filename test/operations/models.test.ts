import { describe, expect, test } from '@jest/globals';
import {
  CreateProjectCommand,
  DeleteModelCommand,
  DescribeModelCommand,
  ListModelsCommand,
  paginateListModels,
  StartModelCommand,
  StopModelCommand,
} from '@aws-sdk/client-lookoutvision';
import { conflict, refusal, violation } from '../helpers/refusal.ts';
import { testService } from '../helpers/service.ts';
import type { World } from '../helpers/world.ts';

const service = testService();

const source = { Source: { S3: { Bucket: 'models' } } };
const versions = async (world: World): Promise<(string | undefined)[]> =>
  ((await world.client.send(new ListModelsCommand({ ProjectName: 'parts' }))).Models ?? []).map(
    ({ ModelVersion }) => ModelVersion,
  );
const remove = (world: World, ModelVersion: string, ClientToken?: string) =>
  world.client.send(
    new DeleteModelCommand({
      ProjectName: 'parts',
      ModelVersion,
      ...(ClientToken !== undefined && { ClientToken }),
    }),
  );
const latest = { ProjectName: 'parts', ModelVersion: 'latest' };
const arn = (version: string): string =>
  `arn:aws:lookoutvision:us-east-1:111122223333:model/parts/${version}`;

describe('ListModels', () => {
  test('the newest version first, by number; with all that a description shares', async () => {
    const world = await service.open();
    for (let version = 1; version <= 11; version += 1) await world.trained();
    expect(await versions(world)).toEqual(['11', '10', '9', '8', '7', '6', '5', '4', '3', '2', '1']);
    const { Models } = await world.client.send(
      new ListModelsCommand({ ProjectName: 'parts', MaxResults: 1 }),
    );
    expect(Models).toEqual([
      {
        CreationTimestamp: new Date('2026-01-15T12:00:00Z'),
        ModelVersion: '11',
        ModelArn: arn('11'),
        Status: 'TRAINED',
        StatusMessage: 'The model was imported successfully.',
        Performance: {
          F1Score: 0.8999999761581421,
          Precision: 0.8799999952316284,
          Recall: 0.9200000166893005,
        },
      },
    ]);
    const pages: (string | undefined)[][] = [];
    for await (const page of paginateListModels(
      { client: world.client, pageSize: 4 },
      { ProjectName: 'parts' },
    ))
      pages.push((page.Models ?? []).map(({ ModelVersion }) => ModelVersion));
    expect(pages).toEqual([
      ['11', '10', '9', '8'],
      ['7', '6', '5', '4'],
      ['3', '2', '1'],
    ]);
  });

  test('none is an empty list; no project is none to list', async () => {
    const world = await service.open();
    await world.client.send(new CreateProjectCommand({ ProjectName: 'parts' }));
    expect(await versions(world)).toEqual([]);
    expect(await refusal(world.client.send(new ListModelsCommand({ ProjectName: 'nowhere' })))).toMatchObject(
      { name: 'ResourceNotFoundException', ResourceType: 'PROJECT' },
    );
  });
});

describe('DescribeModel, by state', () => {
  const always = {
    ModelVersion: '1',
    ModelArn: arn('1'),
    CreationTimestamp: new Date('2026-01-15T12:00:00Z'),
    OutputConfig: { S3Location: { Bucket: 'models', Prefix: '' } },
  };
  const evaluated = {
    Performance: { F1Score: 0.8999999761581421, Precision: 0.8799999952316284, Recall: 0.9200000166893005 },
    EvaluationEndTimestamp: new Date('2026-01-01T00:00:00Z'),
  };
  const model = { ProjectName: 'parts', ModelVersion: '1' };

  test('TRAINING, TRAINED, STARTING_HOSTING, HOSTED, STOPPING_HOSTING and DELETING', async () => {
    const world = await service.open();
    await world.client.send(new CreateProjectCommand({ ProjectName: 'parts' }));
    world.frozen = true;
    await world.import('parts', source);
    expect(await world.describe(model)).toEqual({
      ...always,
      Status: 'TRAINING',
      StatusMessage: 'The model is being imported.',
    });
    world.frozen = false;
    await world.sweepAfter(61);
    expect(await world.describe(model)).toEqual({
      ...always,
      ...evaluated,
      Status: 'TRAINED',
      StatusMessage: 'The model was imported successfully.',
    });
    world.frozen = true;
    await world.client.send(new StartModelCommand({ ...model, MinInferenceUnits: 1, MaxInferenceUnits: 2 }));
    const units = { MinInferenceUnits: 1, MaxInferenceUnits: 2 };
    expect(await world.describe(model)).toEqual({
      ...always,
      ...evaluated,
      ...units,
      Status: 'STARTING_HOSTING',
      StatusMessage: 'The model is starting. It can be used when its status is HOSTED.',
    });
    world.frozen = false;
    await world.sweepAfter(61);
    expect(await world.describe(model)).toEqual({
      ...always,
      ...evaluated,
      ...units,
      Status: 'HOSTED',
      StatusMessage: 'The model is running.',
    });
    world.frozen = true;
    await world.client.send(new StopModelCommand(model));
    expect(await world.describe(model)).toEqual({
      ...always,
      ...evaluated,
      ...units,
      Status: 'STOPPING_HOSTING',
      StatusMessage: 'The model is stopping.',
    });
    world.frozen = false;
    await world.sweepAfter(61);
    expect(await world.describe(model)).toEqual({
      ...always,
      ...evaluated,
      Status: 'TRAINED',
      StatusMessage: 'The model is not running. Call StartModel to start it.',
    });
    world.frozen = true;
    await remove(world, '1');
    expect(await world.describe(model)).toEqual({
      ...always,
      ...evaluated,
      Status: 'DELETING',
      StatusMessage: 'The model is being deleted.',
    });
  });

  test('TRAINING_FAILED says what is wrong, and has no evaluation', async () => {
    const world = await service.open();
    await world.client.send(new CreateProjectCommand({ ProjectName: 'parts' }));
    world.engine.admission = { admitted: false, reason: 'There is no model.json under s3://models/.' };
    await world.import('parts', { ...source, Description: 'line-1.v2' });
    await world.settle();
    expect(await world.describe(model)).toEqual({
      ...always,
      Description: 'line-1.v2',
      Status: 'TRAINING_FAILED',
      StatusMessage: 'There is no model.json under s3://models/.',
    });
  });

  test('what is missing is named', async () => {
    const world = await service.open();
    await world.client.send(new CreateProjectCommand({ ProjectName: 'parts' }));
    expect(await refusal(world.client.send(new DescribeModelCommand(model)))).toMatchObject({
      status: 404,
      ResourceId: 'parts/1',
      ResourceType: 'MODEL',
    });
    expect(await refusal(world.client.send(new DescribeModelCommand(latest)))).toMatchObject({
      status: 404,
      ResourceId: 'parts/latest',
      ResourceType: 'MODEL',
    });
    expect(
      await refusal(world.client.send(new DescribeModelCommand({ ...latest, ProjectName: 'nowhere' }))),
    ).toMatchObject({ status: 404, ResourceId: 'nowhere', ResourceType: 'PROJECT' });
  });
});

test('"latest": the highest for Describe; for Stop the highest that is hosted, else the highest', async () => {
  const world = await service.open();
  const first = await world.trained();
  await world.client.send(new StartModelCommand({ ...first, MinInferenceUnits: 1 }));
  await world.settle();
  await world.trained();
  expect(await world.describe(latest)).toMatchObject({ ModelVersion: '2', Status: 'TRAINED' });
  await world.client.send(new StopModelCommand(latest));
  await world.settle();
  expect(await world.describe(first)).toMatchObject({ Status: 'TRAINED' });
  expect(await refusal(world.client.send(new StopModelCommand(latest)))).toEqual(
    conflict('parts/2', 'Model version 2 of project parts cannot be stopped while its status is TRAINED.'),
  );
  await remove(world, '2');
  await world.settle();
  expect(await world.describe(latest)).toMatchObject({ ModelVersion: '1' });
});

describe('DeleteModel', () => {
  test('the version is listed until it is gone, and then nowhere; its number is never used again', async () => {
    const world = await service.open();
    const model = await world.trained();
    world.frozen = true;
    const answer = await remove(world, '1');
    expect(answer).toMatchObject({ ModelArn: arn('1'), $metadata: { httpStatusCode: 202 } });
    expect(await versions(world)).toEqual(['1']);
    world.frozen = false;
    await world.sweepAfter(61);
    expect(await versions(world)).toEqual([]);
    expect(await refusal(world.client.send(new DescribeModelCommand(model)))).toMatchObject({
      name: 'ResourceNotFoundException',
    });
    expect(world.engine.count('discard')).toBe(1);
    expect(await world.trained()).toEqual({ ProjectName: 'parts', ModelVersion: '2' });
  });

  test('repeated, it is the same deletion: with its token also when the model is gone', async () => {
    const world = await service.open();
    await world.trained();
    world.frozen = true;
    await remove(world, '1', 'one');
    expect(await remove(world, '1', 'one')).toMatchObject({ ModelArn: arn('1') });
    // it is being deleted, which is what was asked
    expect(await remove(world, '1', 'two')).toMatchObject({ ModelArn: arn('1') });
    expect(await world.executions()).toHaveLength(2);
    world.frozen = false;
    await world.sweepAfter(61);
    expect(await remove(world, '1', 'one')).toMatchObject({
      ModelArn: arn('1'),
      $metadata: { httpStatusCode: 202 },
    });
    expect(await refusal(remove(world, '1', 'two'))).toMatchObject({ name: 'ResourceNotFoundException' });
    expect(await refusal(remove(world, '2', 'one'))).toMatchObject({ name: 'ValidationException' });
  });

  test('a model that runs must be stopped first; one that could not be hosted, or not be imported, need not', async () => {
    const world = await service.open();
    const model = await world.trained();
    await world.client.send(new StartModelCommand({ ...model, MinInferenceUnits: 1 }));
    await world.settle();
    expect(await refusal(remove(world, '1'))).toEqual(
      conflict('parts/1', 'Model version 1 of project parts cannot be deleted while its status is HOSTED.'),
    );
    const failing = await world.trained();
    world.engine.born = { state: 'failed', reason: 'No capacity.' };
    await world.client.send(new StartModelCommand({ ...failing, MinInferenceUnits: 1 }));
    await world.settle();
    await remove(world, '2');
    world.engine.admission = { admitted: false, reason: 'There is no model.json.' };
    await world.import('parts', source);
    await world.settle();
    await remove(world, '3');
    await world.settle();
    expect(await versions(world)).toEqual(['1']);
  });

  test('takes a number, not "latest"', async () => {
    const world = await service.open();
    expect(await refusal(remove(world, 'latest'))).toEqual(
      violation("'latest'", 'modelVersion', 'Member must satisfy regular expression pattern: ([1-9][0-9]*)'),
    );
  });
});
