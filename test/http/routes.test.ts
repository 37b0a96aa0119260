import { describe, expect, test } from '@jest/globals';
import {
  type ConflictException,
  DescribeProjectCommand,
  ListProjectsCommand,
  LookoutVisionClient,
  StartModelCommand,
  TagResourceCommand,
} from '@aws-sdk/client-lookoutvision';
import { refusal } from '../helpers/refusal.ts';
import { testService } from '../helpers/service.ts';

const service = testService();

const root = '/2020-11-20';

describe('what no operation answers', () => {
  test.each([
    ['GET', '/', 404],
    ['GET', root, 404],
    ['GET', '/2019-11-20/projects', 404],
    ['GET', `${root}/Projects`, 404],
    ['GET', `${root}/projects/a/widgets`, 404],
    ['GET', `${root}/projects/a/datasets`, 405],
    ['GET', `${root}//projects`, 404],
    ['GET', `/v1${root}/projects`, 404],
    ['GET', `${root}/projects/a/models/1/`, 404],
    ['GET', '*', 404],
    ['PUT', `${root}/projects`, 405],
    ['POST', `${root}/projects/a`, 405],
    ['GET', `${root}/projects/a/models/1/start`, 405],
    ['PATCH', `${root}/tags/a`, 405],
    ['post', `${root}/projects/a/models/1`, 405],
  ])('%s %s: %d, and typed', async (method, path, status) => {
    const world = await service.shared();
    const response = await fetch(new URL(path.replace('*', '/*'), world.url), { method });
    expect(response.status).toBe(status);
    expect(response.headers.get('x-amzn-errortype')).toBe('UnknownOperationException');
    expect(response.headers.get('x-amzn-requestid')).toMatch(/^[0-9a-f-]{36}$/);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await response.json()).toEqual({
      __type: 'UnknownOperationException',
      Message: 'No operation of this service has this method and path.',
    });
  });

  test('a method that a path has not: the ones that it has', async () => {
    const world = await service.shared();
    expect((await fetch(`${world.url}${root}/projects`, { method: 'PATCH' })).headers.get('allow')).toBe(
      'POST, GET',
    );
    expect(
      (await fetch(`${world.url}${root}/projects/a/models/1`, { method: 'PUT' })).headers.get('allow'),
    ).toBe('GET, DELETE');
  });

  test('a client pointed at a wrong base path tells its user so', async () => {
    const world = await service.shared();
    const client = new LookoutVisionClient({
      endpoint: `${world.url}/prod`,
      region: 'us-east-1',
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    });
    expect(await refusal(client.send(new ListProjectsCommand({})))).toMatchObject({
      name: 'UnknownOperationException',
      status: 404,
      message: 'No operation of this service has this method and path.',
    });
    client.destroy();
  });
});

describe('labels', () => {
  test('are decoded once', async () => {
    const world = await service.open();
    const message = async (label: string): Promise<string> => {
      const response = await fetch(`${world.url}${root}/projects/${label}`);
      return `${response.status} ${((await response.json()) as { Message: string }).Message}`;
    };
    expect(await message('%70arts')).toBe('404 Project parts was not found.');
    const refused = (shown: string) =>
      `400 1 validation error detected: Value '${shown}' at 'projectName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9][a-zA-Z0-9_\\-]*`;
    expect(await message('%2570arts')).toBe(refused('%70arts'));
    expect(await message('a%2Fb')).toBe(refused('a/b'));
    expect(await message('a+b')).toBe(refused('a+b'));
    expect(await message('a%00')).toBe(refused('a?'));
    expect(await message('a%0a')).toBe(refused('a?'));
    expect(await message('%zz')).toBe(refused('%zz'));
    expect(await message('%C3%28')).toBe(refused('%C3%28'));
    expect(await message('..%2f..%2fetc')).toBe(refused('../../etc'));
    expect(await message('__proto__')).toBe(refused('__proto__'));
    expect(await message('constructor')).toBe('404 Project constructor was not found.');
    expect(await message('')).toMatch(/^400 2 validation errors detected: Value '' at 'projectName'/);
  });

  test('a project may bear the name of a path, and "import" is no version', async () => {
    const world = await service.open();
    expect(
      await refusal(world.client.send(new DescribeProjectCommand({ ProjectName: 'models' }))),
    ).toMatchObject({ message: 'Project models was not found.' });
    expect((await fetch(`${world.url}${root}/projects/a/models/import`)).status).toBe(400);
  });

  test.each([
    ['as the SDKs send it', 'arn%3Aaws%3Alookoutvision%3Aus-east-1%3A111122223333%3Amodel%2Fparts%2F1'],
    ['in lower case', 'arn%3aaws%3alookoutvision%3aus-east-1%3a111122223333%3amodel%2fparts%2f1'],
    ['with its slashes only', 'arn:aws:lookoutvision:us-east-1:111122223333:model%2Fparts%2F1'],
    ['as it is', 'arn:aws:lookoutvision:us-east-1:111122223333:model/parts/1'],
  ])('an ARN, percent-encoded %s', async (_name, label) => {
    const world = await service.open();
    await world.trained('parts', [{ Key: 'line', Value: '1' }]);
    const response = await fetch(`${world.url}${root}/tags/${label}`);
    expect(await response.json()).toEqual({ Tags: [{ Key: 'line', Value: '1' }] });
  });

  test('names in a query: a plus sign is one, a space comes encoded, and a name may repeat only where it is a list', async () => {
    const world = await service.open();
    await world.trained('parts');
    const arn = 'arn:aws:lookoutvision:us-east-1:111122223333:model/parts/1';
    await world.client.send(
      new TagResourceCommand({
        ResourceArn: arn,
        Tags: [
          { Key: 'a+b', Value: '' },
          { Key: 'a b', Value: '' },
          { Key: 'c', Value: '' },
        ],
      }),
    );
    await fetch(`${world.url}${root}/tags/${encodeURIComponent(arn)}?tagKeys=a+b&tagKeys=c&other=x&&tagKey`, {
      method: 'DELETE',
    });
    expect(await (await fetch(`${world.url}${root}/tags/${encodeURIComponent(arn)}`)).json()).toEqual({
      Tags: [{ Key: 'a b', Value: '' }],
    });
    const twice = await fetch(`${world.url}${root}/projects?maxResults=1&maxResults=2`);
    expect(await twice.json()).toMatchObject({
      Message:
        '1 validation error detected: Value \'["1","2"]\' at \'maxResults\' failed to satisfy constraint: Member must be an integer',
    });
  });
});

describe('an error on the wire', () => {
  test('type in header and body, text under Message, members beside it, and an id that the log has too', async () => {
    const world = await service.open();
    await world.trained();
    const response = await fetch(`${world.url}${root}/projects/parts/models/1/stop`, { method: 'POST' });
    expect(response.status).toBe(409);
    expect(
      Object.fromEntries(
        ['content-type', 'x-amzn-errortype', 'retry-after'].map((name) => [name, response.headers.get(name)]),
      ),
    ).toEqual({
      'content-type': 'application/json',
      'x-amzn-errortype': 'ConflictException',
      'retry-after': null,
    });
    expect(await response.json()).toEqual({
      __type: 'com.amazonaws.lookoutvision#ConflictException',
      Message: 'Model version 1 of project parts cannot be stopped while its status is TRAINED.',
      ResourceId: 'parts/1',
      ResourceType: 'MODEL',
    });
    const id = response.headers.get('x-amzn-requestid') ?? '';
    expect(
      world.logged
        .map((line) => JSON.parse(line) as Record<string, unknown>)
        .find(({ requestId }) => requestId === id),
    ).toMatchObject({
      level: 'info',
      operation: 'StopModel',
      projectName: 'parts',
      modelVersion: '1',
      error: 'ConflictException',
    });
  });

  test('the original client finds the id, on success and on refusal', async () => {
    const world = await service.open();
    const model = await world.trained();
    const answer = await world.client.send(new StartModelCommand({ ...model, MinInferenceUnits: 1 }));
    expect(answer.$metadata.requestId).toMatch(/^[0-9a-f-]{36}$/);
    const error: unknown = await world.client
      .send(new StartModelCommand({ ...model, MinInferenceUnits: 1 }))
      .catch((each: unknown) => each);
    expect(error).toMatchObject({ $fault: 'client', $metadata: { httpStatusCode: 409 } });
    expect((error as ConflictException).$metadata.requestId).toMatch(/^[0-9a-f-]{36}$/);
  });
});
