import { describe, expect, test } from '@jest/globals';
import { DetectAnomaliesCommand, StartModelCommand, StopModelCommand } from '@aws-sdk/client-lookoutvision';
import type { Observation } from '../../lambdas/engines/engine.ts';
import { invalid, refusal, violation } from '../helpers/refusal.ts';
import { testService } from '../helpers/service.ts';
import type { World } from '../helpers/world.ts';

// The page "StartModel" of the API reference, sentence by sentence, as the original client sees it over a
// socket. Its statuses, errors and what it says of client tokens have files of their own beside this one.

const service = testService();

type ModelName = { ProjectName: string; ModelVersion: string };
const start = (world: World, model: ModelName, more: object = {}) =>
  world.client.send(new StartModelCommand({ ...model, MinInferenceUnits: 1, ...more }));
const creating: Observation = { state: 'creating' };

describe('what it does', () => {
  test('"Starts the running of the version of an Amazon Lookout for Vision model"', async () => {
    const world = await service.open();
    const model = await world.trained();
    await start(world, model);
    await world.settle();
    const [deployment] = await world.deployments(model);
    expect(world.engine.calls.filter((call) => call.startsWith('create'))).toEqual([
      `create ${deployment?.id}`,
    ]);
    expect(deployment).toMatchObject({
      project: 'parts',
      version: '1',
      units: { min: 1 },
      startedBy: 'arn:aws:iam::111122223333:user/test',
    });
  });

  test('"Starting a model takes a while to complete. To check the current state of the model, use DescribeModel"', async () => {
    const world = await service.open();
    const model = await world.trained();
    world.engine.born = creating;
    expect(await start(world, model)).toMatchObject({ Status: 'STARTING_HOSTING' });
    expect(await world.describe(model)).toMatchObject({
      Status: 'STARTING_HOSTING',
      StatusMessage: 'The model is starting. It can be used when its status is HOSTED.',
      MinInferenceUnits: 1,
    });
    const [deployment] = await world.deployments(model);
    world.engine.resources.set(deployment?.id ?? '', { state: 'ready' });
    world.engine.born = { state: 'ready' };
    await world.settle();
    expect(await world.describe(model)).toMatchObject({
      Status: 'HOSTED',
      StatusMessage: 'The model is running.',
    });
  });

  test('"A model is ready to use when its status is HOSTED. Once the model is running, you can detect by calling DetectAnomalies"', async () => {
    const world = await service.open();
    const model = await world.trained();
    await start(world, model);
    await world.settle();
    const answer = await world.client.send(
      new DetectAnomaliesCommand({ ...model, Body: Buffer.from('picture'), ContentType: 'image/png' }),
    );
    expect(answer.DetectAnomalyResult).toEqual({
      Source: { Type: 'direct' },
      IsAnomalous: true,
      Confidence: 0.9700000286102295,
    });
  });

  test('"You are charged for the amount of time that the model is running. To stop a running model, call StopModel"', async () => {
    const world = await service.open();
    const model = await world.trained();
    await start(world, model);
    await world.settle();
    const hostedAt = world.clock.now();
    world.clock.advance(90);
    await world.client.send(new StopModelCommand(model));
    await world.settle();
    expect(await world.describe(model)).toMatchObject({ Status: 'TRAINED' });
    expect(await world.deployments(model)).toMatchObject([
      { hostedAt, releasedAt: hostedAt + 90_000, endReason: 'STOPPED' },
    ]);
    expect(await world.reserved()).toEqual({ used: 0, reserved: 0 });
  });
});

describe('request syntax', () => {
  test('"POST /2020-11-20/projects/{projectName}/models/{modelVersion}/start", token in its header, units as JSON; the answer is 202', async () => {
    const world = await service.open();
    const model = await world.trained();
    const response = await world.post(
      '/2020-11-20/projects/parts/models/1/start',
      { MaxInferenceUnits: 3, MinInferenceUnits: 2 },
      { 'X-Amzn-Client-Token': 'A-1' },
    );
    expect(response.status).toBe(202);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await response.text()).toBe('{"Status":"STARTING_HOSTING"}');
    const [deployment] = await world.deployments(model);
    expect(deployment?.units).toEqual({ min: 2, max: 3 });
    expect(await world.store.tokens.recall('StartModel', 'A-1', world.clock.now())).toMatchObject({
      operationId: deployment?.id,
      answer: { Status: 'STARTING_HOSTING' },
    });
  });

  test('through the original client: 202, and a status', async () => {
    const world = await service.open();
    const answer = await start(world, await world.trained());
    expect(answer.$metadata.httpStatusCode).toBe(202);
    expect(answer.Status).toBe('STARTING_HOSTING');
  });
});

describe('parameters', () => {
  const long = (length: number): string => 'a'.repeat(length);

  test.each([
    [
      'ClientToken of 65 characters',
      { ClientToken: long(65) },
      violation(`'${long(65)}'`, 'clientToken', 'Member must have length less than or equal to 64'),
    ],
    [
      'ClientToken with a full stop',
      { ClientToken: 'a.b' },
      violation("'a.b'", 'clientToken', 'Member must satisfy regular expression pattern: ^[a-zA-Z0-9-]+$'),
    ],
    [
      'ClientToken with an underscore',
      { ClientToken: 'a_' },
      violation("'a_'", 'clientToken', 'Member must satisfy regular expression pattern: ^[a-zA-Z0-9-]+$'),
    ],
    [
      'ModelVersion 0',
      { ModelVersion: '0' },
      violation(
        "'0'",
        'modelVersion',
        'Member must satisfy regular expression pattern: ([1-9][0-9]*|latest)',
      ),
    ],
    [
      'ModelVersion 01',
      { ModelVersion: '01' },
      violation(
        "'01'",
        'modelVersion',
        'Member must satisfy regular expression pattern: ([1-9][0-9]*|latest)',
      ),
    ],
    [
      'ModelVersion Latest',
      { ModelVersion: 'Latest' },
      violation(
        "'Latest'",
        'modelVersion',
        'Member must satisfy regular expression pattern: ([1-9][0-9]*|latest)',
      ),
    ],
    [
      'ModelVersion of 11 digits',
      { ModelVersion: '12345678901' },
      violation("'12345678901'", 'modelVersion', 'Member must have length less than or equal to 10'),
    ],
    [
      'ProjectName that begins with a hyphen',
      { ProjectName: '-a' },
      violation(
        "'-a'",
        'projectName',
        'Member must satisfy regular expression pattern: [a-zA-Z0-9][a-zA-Z0-9_\\-]*',
      ),
    ],
    [
      'ProjectName with a slash',
      { ProjectName: 'a/b' },
      violation(
        "'a/b'",
        'projectName',
        'Member must satisfy regular expression pattern: [a-zA-Z0-9][a-zA-Z0-9_\\-]*',
      ),
    ],
    [
      'ProjectName of 256 characters',
      { ProjectName: long(256) },
      violation(`'${long(100)}...'`, 'projectName', 'Member must have length less than or equal to 255'),
    ],
    [
      'MinInferenceUnits 0',
      { MinInferenceUnits: 0 },
      violation("'0'", 'minInferenceUnits', 'Member must have value greater than or equal to 1'),
    ],
    [
      'MinInferenceUnits missing',
      { MinInferenceUnits: undefined },
      violation('null', 'minInferenceUnits', 'Member must not be null'),
    ],
    [
      'MinInferenceUnits 1.5',
      { MinInferenceUnits: 1.5 },
      violation("'1.5'", 'minInferenceUnits', 'Member must be an integer'),
    ],
    [
      'MaxInferenceUnits 0',
      { MaxInferenceUnits: 0 },
      invalid(
        "2 validation errors detected: Value '0' at 'maxInferenceUnits' failed to satisfy constraint: " +
          "Member must have value greater than or equal to 1; Value '0' at 'maxInferenceUnits' failed to satisfy constraint: Member must have value greater than or equal to minInferenceUnits",
      ),
    ],
    [
      'MaxInferenceUnits below MinInferenceUnits',
      { MinInferenceUnits: 3, MaxInferenceUnits: 2 },
      violation(
        "'2'",
        'maxInferenceUnits',
        'Member must have value greater than or equal to minInferenceUnits',
      ),
    ],
  ])('%s: ValidationException, and nothing is started', async (_name, wrong, expected) => {
    const world = await service.shared();
    expect(await refusal(start(world, { ProjectName: 'parts', ModelVersion: '1' }, wrong))).toEqual(expected);
    expect(await world.executions()).toEqual([]);
  });

  test('all that is wrong is told at once', async () => {
    const world = await service.shared();
    const wrong = {
      ProjectName: '.',
      ModelVersion: '0',
      ClientToken: '_',
      MinInferenceUnits: 0,
      MaxInferenceUnits: -1,
    };
    expect((await refusal(start(world, wrong, wrong))).message.split(/: Value |; Value /)).toEqual([
      '6 validation errors detected',
      "'0' at 'minInferenceUnits' failed to satisfy constraint: Member must have value greater than or equal to 1",
      "'-1' at 'maxInferenceUnits' failed to satisfy constraint: Member must have value greater than or equal to 1",
      "'-1' at 'maxInferenceUnits' failed to satisfy constraint: Member must have value greater than or equal to minInferenceUnits",
      "'.' at 'projectName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9][a-zA-Z0-9_\\-]*",
      "'0' at 'modelVersion' failed to satisfy constraint: Member must satisfy regular expression pattern: ([1-9][0-9]*|latest)",
      "'_' at 'clientToken' failed to satisfy constraint: Member must satisfy regular expression pattern: ^[a-zA-Z0-9-]+$",
    ]);
  });

  test('an empty ClientToken: shorter than 1', async () => {
    const world = await service.shared();
    const response = await world.post(
      '/2020-11-20/projects/parts/models/1/start',
      { MinInferenceUnits: 1 },
      { 'x-amzn-client-token': '' },
    );
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      Message:
        "2 validation errors detected: Value '' at 'clientToken' failed to satisfy constraint: Member must have length greater than or equal to 1; " +
        "Value '' at 'clientToken' failed to satisfy constraint: Member must satisfy regular expression pattern: ^[a-zA-Z0-9-]+$",
    });
  });

  test('the longest of everything is accepted', async () => {
    const world = await service.open();
    const project = `9${'_-'.repeat(127)}`;
    expect(project).toHaveLength(255);
    const model = await world.trained(project);
    expect(
      await start(world, model, { ClientToken: '-'.repeat(64), MinInferenceUnits: 5, MaxInferenceUnits: 5 }),
    ).toMatchObject({ Status: 'STARTING_HOSTING' });
    expect(await refusal(start(world, { ProjectName: project, ModelVersion: '9999999999' }))).toMatchObject({
      name: 'ResourceNotFoundException',
    });
  });

  test('"latest" is the highest version there is', async () => {
    const world = await service.open();
    await world.trained();
    await world.trained();
    await start(world, { ProjectName: 'parts', ModelVersion: 'latest' });
    expect(await world.describe({ ProjectName: 'parts', ModelVersion: '1' })).toMatchObject({
      Status: 'TRAINED',
    });
    expect(await world.describe({ ProjectName: 'parts', ModelVersion: '2' })).toMatchObject({
      Status: 'STARTING_HOSTING',
    });
  });
});

describe('inference units', () => {
  test('"If you don\'t specify a value, Amazon Lookout for Vision doesn\'t auto-scale the model"', async () => {
    const world = await service.open();
    const model = await world.trained();
    await start(world, model);
    await world.settle();
    expect(world.engine.count('scale')).toBe(0);
    const description = await world.describe(model);
    expect(description).toMatchObject({ Status: 'HOSTED', MinInferenceUnits: 1 });
    expect(description).not.toHaveProperty('MaxInferenceUnits');
  });

  test('"The maximum number of inference units to use for auto-scaling the model"', async () => {
    const world = await service.open();
    const model = await world.trained();
    await start(world, model, { MinInferenceUnits: 2, MaxInferenceUnits: 4 });
    await world.settle();
    expect(world.engine.count('scale')).toBe(1);
    expect([...world.engine.units.values()]).toEqual([{ min: 2, max: 4 }]);
    expect(await world.describe(model)).toMatchObject({ MinInferenceUnits: 2, MaxInferenceUnits: 4 });
  });

  test('"The minimum number of inference units to use": the engine is told to make three', async () => {
    const world = await service.open();
    const model = await world.trained();
    await start(world, model, { MinInferenceUnits: 3 });
    await world.settle();
    expect([...world.engine.units.values()]).toEqual([{ min: 3 }]);
  });

  test('units are a quota: five may be asked for, six not, as least or as most', async () => {
    const world = await service.open();
    const model = await world.trained();
    const tooMany = {
      name: 'ServiceQuotaExceededException',
      status: 402,
      message: 'A model can be started with at most 5 inference units; 6 were asked for.',
      QuotaCode: 'L-84E8C9F8',
      ServiceCode: 'lookoutvision',
      ResourceId: 'parts/1',
      ResourceType: 'MODEL',
    };
    expect(await refusal(start(world, model, { MinInferenceUnits: 6 }))).toEqual(tooMany);
    expect(await refusal(start(world, model, { MaxInferenceUnits: 6 }))).toEqual(tooMany);
    expect(await world.describe(model)).toMatchObject({ Status: 'TRAINED' });
  });
});
