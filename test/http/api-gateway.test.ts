import { expect, test } from '@jest/globals';
import { serve, type ProxyEvent, type ProxyResult } from '../../lambdas/http/api-gateway.ts';
import type { Service } from '../../lambdas/http/pipeline.ts';
import { detectHandlers, readHandlers, writeHandlers } from '../../lambdas/operations/handlers.ts';
import { HostedMemory } from '../../lambdas/operations/models/hosted-memory.ts';
import { proxyEvent, type PlainRequest } from '../helpers/proxy-event.ts';
import { testService } from '../helpers/service.ts';
import type { World } from '../helpers/world.ts';

const service = testService();

const root = '/2020-11-20';
const arn = 'arn:aws:lookoutvision:us-east-1:111122223333:model/parts/1';

function lambda(
  world: World,
  part: Partial<Service['handlers']> = { ...readHandlers, ...writeHandlers, ...detectHandlers },
): (event: ProxyEvent) => Promise<ProxyResult> {
  const handler = serve(
    { handlers: part, context: { ...world.context, hosted: new HostedMemory() } },
    world.log,
  );
  return (event) => handler(event, {});
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** All but the request's id, the date, and what belongs to the connection. */
const apart = ['x-amzn-requestid', 'date', 'connection', 'keep-alive', 'content-length'];
const comparable = (status: number, headers: Iterable<readonly [string, string]>, body: string): Answer => ({
  status,
  body: JSON.parse(body) as unknown,
  headers: Object.fromEntries(
    [...headers]
      .map(([name, value]) => [name.toLowerCase(), value] as const)
      .filter(([name]) => !apart.includes(name)),
  ),
});

const json = (value: object): string => JSON.stringify(value);
const source = { Source: { S3: { Bucket: 'models' } } };
const png = { 'Content-Type': 'image/png' };

/** In this order, because they change what they talk about. */
const corpus: readonly (readonly [
  status: number,
  method: string,
  path: string,
  body?: string | Uint8Array | undefined,
  headers?: Record<string, string>,
])[] = [
  [200, 'GET', '/projects'],
  [404, 'GET', '/projects/parts'],
  [400, 'GET', '/projects/-parts'],
  [400, 'GET', '/projects/a%2Fb'],
  [400, 'GET', '/projects/a%00b'],
  [400, 'GET', '/projects/%zz'],
  [400, 'POST', '/projects'],
  [400, 'POST', '/projects', '[]'],
  [400, 'POST', '/projects', '{"ProjectName":"\u00e4"}'],
  [400, 'POST', '/projects', json({ ProjectName: 'parts' }), { 'X-Amzn-Client-Token': 'a.b' }],
  [200, 'POST', '/projects', json({ ProjectName: 'parts' }), { 'X-Amzn-Client-Token': 'one' }],
  [200, 'POST', '/projects', json({ ProjectName: 'parts' }), { 'x-amzn-client-token': 'one' }],
  [409, 'POST', '/projects', json({ ProjectName: 'parts' })],
  [200, 'POST', '/projects', json({ ProjectName: 'others' })],
  [200, 'GET', '/projects?maxResults=1'],
  [200, 'GET', '/projects?maxResults=1&nextToken=WyJMaXN0UHJvamVjdHMiLCJvdGhlcnMiXQ%3D%3D'],
  [400, 'GET', '/projects?maxResults=101'],
  [400, 'GET', '/projects?maxResults=1&maxResults=2'],
  [400, 'GET', '/projects?nextToken=abcd'],
  [200, 'GET', '/projects/parts/models'],
  [400, 'POST', '/projects/parts/models/import', '{}'],
  [
    202,
    'POST',
    '/projects/parts/models/import',
    json({ ...source, Tags: [{ Key: 'Größe', Value: '1' }] }),
    { 'X-Amzn-Client-Token': 'one' },
  ],
  [200, 'GET', '/projects/parts/models'],
  [200, 'GET', '/projects/parts/models/1'],
  [200, 'GET', '/projects/parts/models/latest'],
  [404, 'GET', '/projects/parts/models/2'],
  [400, 'GET', '/projects/parts/models/0'],
  [404, 'GET', '/projects/nowhere/models/latest'],
  [400, 'POST', '/projects/parts/models/1/start', '{"MinInferenceUnits":"1"}'],
  [400, 'POST', '/projects/parts/models/1/start', '{"MinInferenceUnits":2,"MaxInferenceUnits":1}'],
  [402, 'POST', '/projects/parts/models/1/start', '{"MinInferenceUnits":6}'],
  [409, 'POST', '/projects/parts/models/1/detect', Buffer.from([0x89, 0, 255]), png],
  [
    202,
    'POST',
    '/projects/parts/models/1/start',
    '{"MinInferenceUnits":1}',
    { 'X-Amzn-Client-Token': 'one' },
  ],
  [
    202,
    'POST',
    '/projects/parts/models/1/start',
    '{"MinInferenceUnits":1}',
    { 'X-Amzn-Client-Token': 'one' },
  ],
  [
    400,
    'POST',
    '/projects/parts/models/1/start',
    '{"MinInferenceUnits":2}',
    { 'X-Amzn-Client-Token': 'one' },
  ],
  [
    409,
    'POST',
    '/projects/parts/models/1/start',
    '{"MinInferenceUnits":1}',
    { 'X-Amzn-Client-Token': 'two' },
  ],
  [200, 'POST', '/projects/parts/models/1/detect', Buffer.from([0x89, 0, 255]), png],
  [
    400,
    'POST',
    '/projects/parts/models/1/detect',
    Buffer.from([0x89, 0, 255]),
    { 'Content-Type': 'image/gif' },
  ],
  [400, 'POST', '/projects/parts/models/1/detect', undefined, png],
  [409, 'DELETE', '/projects/parts/models/1'],
  [409, 'DELETE', '/projects/parts'],
  [202, 'POST', '/projects/parts/models/1/stop'],
  [
    200,
    'POST',
    `/tags/${encodeURIComponent(arn)}`,
    json({
      Tags: [
        { Key: 'line', Value: 'a b' },
        { Key: 'a+b', Value: '' },
      ],
    }),
  ],
  [400, 'POST', `/tags/${encodeURIComponent(arn)}`, json({ Tags: [{ Key: 'aws:x', Value: '' }] })],
  [200, 'GET', `/tags/${encodeURIComponent(arn)}`],
  [200, 'GET', `/tags/${encodeURIComponent(arn).toLowerCase()}`],
  [200, 'GET', `/tags/${arn.replaceAll('/', '%2F')}`],
  [200, 'GET', `/tags/${arn}`],
  [400, 'GET', `/tags/${encodeURIComponent('arn:aws:lookoutvision:us-east-1:111122223333:project/parts')}`],
  [200, 'DELETE', `/tags/${encodeURIComponent(arn)}?tagKeys=line&tagKeys=a%2Bb`],
  [200, 'GET', `/tags/${encodeURIComponent(arn)}`],
  [400, 'DELETE', '/projects/parts/models/latest'],
  [202, 'DELETE', '/projects/parts/models/1', undefined, { 'X-Amzn-Client-Token': 'one' }],
  [202, 'DELETE', '/projects/parts/models/1', undefined, { 'X-Amzn-Client-Token': 'one' }],
  [404, 'GET', '/projects/parts/models/1'],
  [200, 'DELETE', '/projects/parts'],
  [404, 'GET', '/datasets'],
];

test('both hosts give the same answers', async () => {
  const [local, aws] = [await service.open(), await service.open()];
  const invoke = lambda(aws);
  for (const [status, method, path, body, headers = {}] of corpus) {
    const request: PlainRequest = {
      method,
      path: `${root}${path}`,
      headers,
      ...(body !== undefined && { body }),
    };
    const response = await fetch(`${local.url}${request.path}`, {
      method,
      headers,
      ...(body !== undefined && { body: typeof body === 'string' ? body : Buffer.from(body) }),
    });
    const own = comparable(response.status, response.headers, await response.text());
    const result = await invoke(proxyEvent(request));
    expect({
      request,
      ...comparable(result.statusCode, Object.entries(result.headers), result.body),
    }).toEqual({ request, ...own });
    expect({ request, status: own.status }).toEqual({ request, status });
    expect(result.isBase64Encoded).toBe(false);
    await Promise.all([local.settle(), aws.settle()]);
  }
  expect(corpus.length).toBeGreaterThan(50);
}, 300_000);

test.each([
  ['as the SDKs send it', encodeURIComponent(arn)],
  ['in lower case', encodeURIComponent(arn).toLowerCase()],
  ['with its slashes only', arn.replaceAll('/', '%2F')],
  ['as it is', arn],
])('an ARN %s, decoded by the gateway or not', async (_name, label) => {
  const world = await service.open();
  await world.trained('parts', [{ Key: 'line', Value: '1' }]);
  for (const decodes of [true, false]) {
    expect(
      await lambda(world)(proxyEvent({ method: 'GET', path: `${root}/tags/${label}` }, decodes)),
    ).toMatchObject({ statusCode: 200, body: '{"Tags":[{"Key":"line","Value":"1"}]}' });
  }
});

test("the answer carries the gateway's own request id, and the run the caller's ARN", async () => {
  const world = await service.open();
  const model = await world.trained();
  const result = await lambda(world)(
    proxyEvent({
      method: 'POST',
      path: `${root}/projects/parts/models/1/start`,
      body: '{"MinInferenceUnits":1}',
    }),
  );
  expect(result.headers).toEqual({
    'Content-Type': 'application/json',
    'x-amzn-RequestId': 'c6af9ac6-7b61-11e6-9a41-93e8deadbeef',
  });
  expect(await world.deployments(model)).toMatchObject([
    { startedBy: 'arn:aws:iam::111122223333:user/test' },
  ]);
});

test('a function that serves one profile does not know the operations of another', async () => {
  const world = await service.open();
  const read = lambda(world, readHandlers);
  expect(await read(proxyEvent({ method: 'GET', path: `${root}/projects` }))).toMatchObject({
    statusCode: 200,
  });
  expect(
    await read(proxyEvent({ method: 'POST', path: `${root}/projects`, body: '{"ProjectName":"parts"}' })),
  ).toMatchObject({
    statusCode: 404,
    headers: { 'x-amzn-ErrorType': 'UnknownOperationException' },
  });
});

test("an event that is none of a gateway's is answered, not thrown at it", async () => {
  const world = await service.open();
  const event = {
    ...proxyEvent({ method: 'GET', path: `${root}/projects` }),
    resource: undefined,
  } as unknown as ProxyEvent;
  expect(await lambda(world)(event)).toMatchObject({
    statusCode: 500,
    headers: { 'x-amzn-ErrorType': 'InternalServerException' },
  });
  expect(world.logged.some((line) => line.includes('the host failed'))).toBe(true);
});
