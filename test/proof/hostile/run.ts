import { collect } from '../../helpers/collect.ts';
import { defaultQuotas } from '../../../lambdas/domain/settings.ts';
import { Agent, request } from 'node:http';
import { isDeepStrictEqual } from 'node:util';
import { operations } from '../../../lambdas/contract/operations.ts';
import { scan } from '../../../lambdas/local/execution-memory.ts';
import { TestDynamo } from '../../helpers/dynamo.ts';
import { World } from '../../helpers/world.ts';
import { chance, type Chance } from '../random.ts';
import { rawRequest, sendRaw, wrongRaw } from './raw.ts';
import { hostileRequest, type HostileRequest } from './requests.ts';

export interface HostileReport {
  readonly sent: number;
  readonly byStatus: Readonly<Record<string, number>>;
  readonly writes: number;
  readonly accepted: number;
  /** Bytes of the heap in use when the host had warmed up, and after the last batch. */
  readonly heap: readonly [number, number];
  readonly wrong: readonly string[];
}

/** So many requests are under way at once. */
const lanes = 10;
const batch = 200;

/** Requests after which the host holds what it keeps for good: memory is compared with what it was then. */
const warmUp = 400;

/** Sends hostile requests to a host whose table counts what is written. */
export async function besiege(requests: number, until: number, seed: number): Promise<HostileReport> {
  const dynamo = await TestDynamo.start();
  const random = chance(seed);
  const agent = new Agent({ keepAlive: true, maxSockets: lanes });
  const byStatus: Record<string, number> = {};
  const wrong: string[] = [];
  let sent = 0;
  let accepted = 0;
  let writes = 0;
  let heap: [number, number] = [0, 0];
  try {
    const world = await World.open(dynamo, {
      settings: {
        quotas: { ...defaultQuotas, projects: 5, modelsPerProject: 20, runningModels: 3, unitsPerModel: 5 },
      },
    });
    await world.trained();
    await world.trained();
    world.frozen = true; // nothing but the requests changes rows
    dynamo.client.middlewareStack.add(
      (next, context) => async (args) => {
        const result = await next(args);
        const input = JSON.stringify(args.input);
        if (/Put|Update|Delete|Transact/.test(String(context.commandName)) && input.includes(world.tableName))
          writes += 1;
        return result;
      },
      { step: 'initialize', name: 'countWrites' },
    );
    const port = Number(new URL(world.url).port);
    const one = async (): Promise<void> => {
      sent += 1;
      if (random() < 0.12) {
        const bytes = rawRequest(random);
        const answer = await sendRaw(port, bytes);
        const bad = wrongRaw(answer);
        for (const [, code = ''] of (answer ?? '').matchAll(/^HTTP\/1\.1 (2\d\d)/gm))
          accepted += code === '202' || code === '200' ? 1 : 0;
        if (bad !== undefined)
          wrong.push(`${JSON.stringify(bytes.toString('latin1').slice(0, 300))}: ${bad}`);
        byStatus['raw'] = (byStatus['raw'] ?? 0) + 1;
        return;
      }
      const hostile = hostileRequest(random);
      const answer = await send(port, agent, hostile);
      byStatus[answer.status] = (byStatus[answer.status] ?? 0) + 1;
      if (answer.status < 300) accepted += 1;
      const bad = wrongAnswer(hostile, answer);
      if (bad !== undefined)
        wrong.push(
          `${hostile.method} ${hostile.path} ${JSON.stringify(hostile.headers).slice(0, 300)} ${Buffer.from(hostile.body).toString('latin1').slice(0, 300)}: ${bad}`,
        );
    };
    while (sent < requests && Date.now() < until && wrong.length < 20) {
      await Promise.all(
        Array.from({ length: lanes }, async () => {
          for (let each = 0; each < batch / lanes; each += 1) await one();
        }),
      );
      if (writes > accepted) wrong.push(`${writes} writes came of ${accepted} requests that were accepted`);
      collect();
      const used = process.memoryUsage().heapUsed;
      heap = [sent <= warmUp ? used : heap[0], used];
      world.logged.splice(0);
      dynamo.passed.splice(0);
      if (sent % 1000 === 0) await refresh(world, random);
    }
    wrong.push(...(await refusedChangesNothing(world, port, agent, random)));
    const health = await fetch(`${world.url}/health`);
    if (health.status !== 200) wrong.push(`the host's health is ${health.status}`);
    if ((Object.prototype as { admin?: unknown }).admin !== undefined)
      wrong.push('a request has changed the prototype of all objects');
  } finally {
    agent.destroy();
    await dynamo.close();
  }
  return { sent, byStatus, writes, accepted, heap, wrong };
}

/** Some get through and start or delete what there is; new models keep the others worth sending. */
async function refresh(world: World, random: Chance): Promise<void> {
  if (random() < 0.3) return;
  world.frozen = false;
  await world.sweepAfter(61);
  await world.sweepAfter(61);
  world.frozen = true;
}

/** One after the other, so that a row that changes tells who changed it. */
async function refusedChangesNothing(
  world: World,
  port: number,
  agent: Agent,
  random: Chance,
): Promise<string[]> {
  const rows = async (): Promise<unknown[]> => {
    const found: unknown[] = [];
    for await (const row of scan(world.dynamo.client, world.tableName)) found.push(row);
    return found;
  };
  const wrong: string[] = [];
  let before = await rows();
  for (let index = 0; index < 150; index += 1) {
    const hostile = hostileRequest(random);
    const { status } = await send(port, agent, hostile);
    const after = await rows();
    if (status >= 300 && !isDeepStrictEqual(before, after))
      wrong.push(`${hostile.method} ${hostile.path} was answered ${status} and changed rows`);
    before = after;
  }
  return wrong;
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

const send = (port: number, agent: Agent, { method, path, headers, body }: HostileRequest): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const req = request(
      {
        port,
        host: '127.0.0.1',
        agent,
        method,
        path,
        headers: { host: '127.0.0.1', ...headers, 'content-length': body.length },
      },
      (res) => {
        const chunks: Buffer[] = [];
        res
          .on('data', (chunk: Buffer) => chunks.push(chunk))
          .on('end', () =>
            resolve({
              status: res.statusCode ?? 0,
              headers: res.headers,
              body: Buffer.concat(chunks).toString(),
            }),
          );
      },
    );
    req.on('error', reject).end(body);
  });

const known = [
  'AccessDeniedException',
  'ConflictException',
  'ResourceNotFoundException',
  'ServiceQuotaExceededException',
  'ThrottlingException',
  'ValidationException',
  'UnknownOperationException',
];

function wrongAnswer(
  { operation, method }: HostileRequest,
  { status, headers, body }: Answer,
): string | undefined {
  if (status >= 500 || status < 200) return `${status} ${body.slice(0, 300)}`;
  if (headers['content-type'] !== 'application/json' && method !== 'HEAD')
    return `the answer is ${String(headers['content-type'])}`;
  if (method === 'HEAD') return undefined;
  let parsed: Record<string, unknown>;
  try {
    parsed = JSON.parse(body) as Record<string, unknown>;
  } catch {
    return `the answer is not JSON: ${body.slice(0, 200)}`;
  }
  if (status < 300)
    return method === operations[operation].method && status !== operations[operation].status
      ? `${status}, not ${operations[operation].status}`
      : undefined;
  const type = String(headers['x-amzn-errortype']);
  if (!known.includes(type)) return `${status} is of the type ${type}`;
  if (!String(parsed['__type']).endsWith(type) || typeof parsed['Message'] !== 'string')
    return `the body does not say what the header does: ${body.slice(0, 200)}`;
  return parsed['Message'].length > 5000
    ? `the message has ${parsed['Message'].length} characters`
    : undefined;
}
