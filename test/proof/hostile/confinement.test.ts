import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  CreateProjectCommand,
  ListProjectsCommand,
  LookoutVisionClient,
} from '@aws-sdk/client-lookoutvision';
import { Hash } from '@smithy/hash-node';
import { SignatureV4 } from '@smithy/signature-v4';
import { scan } from '../../../lambdas/local/execution-memory.ts';
import { TestDynamo } from '../../helpers/dynamo.ts';
import { startKeyedHost, type KeyedHost } from '../../helpers/keyed-host.ts';
import { World } from '../../helpers/world.ts';
import { chance } from '../random.ts';
import { hostileRequest, type HostileRequest } from './requests.ts';

// Random calls by somebody whose key, or whose region, reaches nothing of what is there.

const seed = Date.now() % 2 ** 31;
const requests = 600;

const admin = { accessKeyId: 'ADMIN', secretAccessKey: 'the secret of the owner' };
const lab = { accessKeyId: 'LAB', secretAccessKey: 'the secret of the lab' };
const everything = { actions: ['*'], projects: ['*'], buckets: ['*'] };

let dynamo: TestDynamo;
let host: KeyedHost;
beforeAll(async () => {
  dynamo = await TestDynamo.start();
  host = await startKeyedHost({ keyless: true });
});
afterAll(async () => {
  await host.close();
  await dynamo.close();
});

const names = ['host', 'content-type', 'x-amzn-client-token'];

async function signed(url: string, { method, path, headers, body }: HostileRequest): Promise<RequestInit> {
  const { host: name, hostname } = new URL(url);
  const [bare = '', search = ''] = path.split('?');
  const query = Object.create(null) as Record<string, string[]>;
  for (const [key, value] of new URLSearchParams(search)) (query[key] ??= []).push(value);
  const kept = Object.fromEntries(Object.entries(headers).filter(([key]) => names.includes(key)));
  const signer = new SignatureV4({
    credentials: { ...lab },
    region: 'us-east-1',
    service: 'lookoutvision',
    sha256: Hash.bind(null, 'sha256'),
    applyChecksum: false,
  });
  const all = {
    ...kept,
    host: name,
    'x-amz-content-sha256': createHash('sha256').update(body).digest('hex'),
  };
  const request = { method, protocol: 'http:', hostname, path: bare, query, headers: all, body };
  const { headers: out } = await signer.sign(request);
  return { method, headers: out, ...(method !== 'GET' && body.length > 0 && { body: Buffer.from(body) }) };
}

/** A request that any HTTP client could send; one that cannot be sent proves nothing here. */
const usual = ({ method, path }: HostileRequest): boolean =>
  /^(?:GET|POST|DELETE|PATCH)$/.test(method) && /^\/[\w/.:~-]*(?:\?[\w=&-]*)?$/.test(path);

/** What operations on all that the caller may reach answer where there is nothing. */
const ofNothing = /^\{"(?:Projects|HostedModels|HostingPolicies|Usage|Stopped)":\[\]\}$/;

test('a key of other projects changes nothing, and is told nothing of what is there', async () => {
  const keys = [
    { ...admin, name: 'admin', ...everything },
    { ...lab, name: 'lab', ...everything, projects: ['lab-*'], buckets: [] },
  ];
  const world = await World.open(dynamo, { keys, now: Date.now() });
  const owner = world.clientOf(admin.accessKeyId, admin.secretAccessKey);
  await owner.send(new CreateProjectCommand({ ProjectName: 'parts' }));
  world.frozen = true;
  const rows = async (): Promise<unknown[]> => {
    const found: unknown[] = [];
    for await (const row of scan(dynamo.client, world.tableName)) {
      // The key may stop all that it may reach, which is nothing: that call is remembered under its token.
      if (!String(row['pk']).startsWith('T#StopAllModels#')) found.push(row);
    }
    return found;
  };
  const before = await rows();
  const random = chance(seed);
  const wrong: string[] = [];
  let judged = 0;
  for (let each = 0; each < requests; each += 1) {
    const request = hostileRequest(random);
    if (!usual(request)) continue;
    const response = await fetch(world.url + request.path, await signed(world.url, request));
    const text = await response.text();
    if (text.includes('signature')) wrong.push(`the proof's own signature is wrong: ${request.path}`);
    if (response.status === 403) judged += 1;
    if ((response.status < 300 && !ofNothing.test(text)) || response.status >= 500)
      wrong.push(`${request.method} ${request.path}: ${response.status} ${text.slice(0, 200)}`);
    // Of a project that is there it is told what it is told of one that is not.
    if (response.status === 404 && !text.includes('UnknownOperationException'))
      wrong.push(`${request.method} ${request.path} told what is there: ${text.slice(0, 200)}`);
  }
  expect({ seed, wrong }).toEqual({ seed, wrong: [] });
  expect(judged).toBeGreaterThan(requests / 10);
  expect(isDeepStrictEqual(await rows(), before)).toBe(true);
}, 300_000);

test('a client of another region finds nothing and changes nothing on a host without keys', async () => {
  const home = new LookoutVisionClient({
    endpoint: host.url,
    region: 'us-east-1',
    credentials: { ...admin },
  });
  await home.send(new CreateProjectCommand({ ProjectName: 'parts' }));
  const random = chance(seed);
  const wrong: string[] = [];
  let refused = 0;
  for (let each = 0; each < requests; each += 1) {
    const request = hostileRequest(random);
    if (!usual(request)) continue;
    const { method, path, headers, body } = request;
    const response = await fetch(host.url + path, {
      method,
      headers: {
        ...Object.fromEntries(Object.entries(headers).filter(([key]) => names.includes(key))),
        authorization:
          'AWS4-HMAC-SHA256 Credential=ANY/20261127/eu-west-1/lookoutvision/aws4_request, ' +
          `SignedHeaders=host, Signature=${'0'.repeat(64)}`,
      },
      ...(method !== 'GET' && body.length > 0 && { body: Buffer.from(body) }),
    });
    const text = await response.text();
    if (text.includes('signed for eu-west-1')) refused += 1;
    if ((response.status < 300 && !ofNothing.test(text)) || response.status >= 500)
      wrong.push(`${method} ${path}: ${response.status} ${text.slice(0, 200)}`);
  }
  expect({ seed, wrong }).toEqual({ seed, wrong: [] });
  expect(refused).toBeGreaterThan(requests / 10);
  const { Projects = [] } = await home.send(new ListProjectsCommand({}));
  expect(Projects.map(({ ProjectName }) => ProjectName)).toEqual(['parts']);
}, 300_000);
