import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { startHost } from '../../lambdas/local/host.ts';
import { localEnvironment } from '../../lambdas/local/environment.ts';
import { startDatabase } from '../../lambdas/local/database.ts';
import { documentClient } from '../../lambdas/local/table-client.ts';
import { scan } from '../../lambdas/local/execution-memory.ts';
import { silent } from '../helpers/engine.ts';
import { ScriptedEngine } from '../helpers/scripted-engine.ts';
import { spread, type Spread } from '../bench/measure.ts';

export interface LoadReport {
  readonly models: number;
  readonly moving: number;
  readonly seconds: number;
  /** Whole lives: started, hosted, stopped, at rest. */
  readonly cycles: number;
  readonly requests: number;
  readonly errors: readonly string[];
  /** Milliseconds, by operation, with the 99th percentile of each. */
  readonly latency: Readonly<Record<string, Spread & { readonly p99: number }>>;
  /** Megabytes in use after garbage was collected: after a fifth of the time, and at the end. */
  readonly heap: readonly [early: number, late: number];
  readonly wrong: readonly string[];
}

interface Size {
  readonly models: number;
  readonly moving: number;
  readonly seconds: number;
}

/**
 * One host with many models, some of them started and stopped without a pause, by an engine that is ready at
 * once.
 */
export async function load({ models, moving, seconds }: Size): Promise<LoadReport> {
  const dataDir = mkdtempSync(join(tmpdir(), 'crowsnest-load-'));
  const engine = new ScriptedEngine();
  engine.before = () => {
    engine.calls.length = 0;
  }; // it would remember every call
  const host = await startHost({
    environment: localEnvironment({
      PORT: '0',
      DATA_DIR: dataDir,
      QUOTAS: JSON.stringify({ modelsPerProject: models, runningModels: moving }),
    }),
    log: silent,
    engine: () => engine,
  });
  const agent = new Agent({ keepAlive: true, maxSockets: moving + 4 });
  const taken = new Map<string, number[]>();
  const errors: string[] = [];
  let requests = 0;
  let cycles = 0;
  const call = async (
    name: string,
    method: string,
    path: string,
    body = '',
  ): Promise<Record<string, unknown>> => {
    const from = performance.now();
    requests += 1;
    const { status, text } = await send(agent, `${host.url}/2020-11-20/projects${path}`, method, body);
    taken.set(name, [...(taken.get(name)?.slice(-20_000) ?? []), performance.now() - from]);
    if (status >= 300) {
      errors.push(`${name}: ${status} ${text.slice(0, 200)}`);
      await sleep(100);
    }
    return JSON.parse(text) as Record<string, unknown>;
  };
  const reached = async (version: number, wanted: string): Promise<void> => {
    for (let wait = 5; ; wait = Math.min(wait * 2, 200)) {
      const { ModelDescription } = (await call('DescribeModel', 'GET', `/load/models/${version}`)) as {
        ModelDescription?: { Status: string };
      };
      if (ModelDescription?.Status === wanted) return;
      await sleep(wait);
    }
  };
  const wrong: string[] = [];
  try {
    await call('CreateProject', 'POST', '', '{"ProjectName":"load"}');
    for (let version = 1; version <= models; version += 1)
      await call(
        'ImportModel',
        'POST',
        '/load/models/import',
        '{"Source":{"S3":{"Bucket":"models","Prefix":"a/"}}}',
      );
    await reached(models, 'TRAINED');
    const until = Date.now() + seconds * 1000;
    const lane = async (version: number): Promise<void> => {
      while (Date.now() < until) {
        await call('StartModel', 'POST', `/load/models/${version}/start`, '{"MinInferenceUnits":1}');
        await reached(version, 'HOSTED');
        await call('StopModel', 'POST', `/load/models/${version}/stop`);
        await reached(version, 'TRAINED');
        cycles += 1;
      }
    };
    let early = 0;
    const lanes = Array.from({ length: moving }, (_, index) => lane(1 + index * Math.floor(models / moving)));
    const watch = (async () => {
      await sleep(seconds * 200);
      early = heapUsed();
      if (seconds >= 10) await call('ListModels', 'GET', '/load/models');
    })();
    await Promise.all([...lanes, watch]);
    await sleep(200); // executions end a moment after the model is where they brought it
    const late = heapUsed();
    if (engine.resources.size > 0) wrong.push(`the engine still holds ${engine.resources.size} deployments`);
    agent.destroy();
    await host.close();
    wrong.push(...(await leftovers(dataDir, cycles)));
    const latency = Object.fromEntries(
      [...taken].map(([name, values]) => [
        name,
        {
          ...spread(values),
          p99: [...values].sort((a, b) => a - b)[Math.floor(values.length * 0.99)] ?? NaN,
        },
      ]),
    );
    return { models, moving, seconds, cycles, requests, errors, latency, heap: [early, late], wrong };
  } finally {
    agent.destroy();
    await host.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

function heapUsed(): number {
  globalThis.gc?.();
  return Math.round(process.memoryUsage().heapUsed / 2 ** 20);
}

async function leftovers(dataDir: string, cycles: number): Promise<string[]> {
  const database = await startDatabase(join(dataDir, 'table.db'), {
    register: () => undefined,
    unregister: () => undefined,
  });
  const client = documentClient(database);
  const wrong: string[] = [];
  try {
    let ended = 0;
    for await (const row of scan(client, 'crowsnest')) {
      if (row['pk'] === 'QUOTA' && row['sk'] === 'RUNNING_MODELS' && row['used'] !== 0)
        wrong.push(`${String(row['used'])} models are counted as running`);
      if (String(row['sk']).startsWith('MODEL#') && row['status'] !== 'TRAINED')
        wrong.push(`model ${String(row['version'])} is ${String(row['status'])}`);
      if (String(row['sk']).startsWith('DEPLOYMENT#')) ended += row['endedAt'] === undefined ? 0 : 1;
    }
    if (ended !== cycles) wrong.push(`${cycles} cycles left the records of ${ended}`);
  } finally {
    client.destroy();
    await database.close();
  }
  return wrong;
}

const send = (
  agent: Agent,
  url: string,
  method: string,
  body: string,
): Promise<{ status: number; text: string }> =>
  new Promise((resolve, reject) => {
    const req = request(
      url,
      { agent, method, headers: { 'content-type': 'application/json', 'content-length': body.length } },
      (res) => {
        let text = '';
        res
          .setEncoding('utf8')
          .on('data', (chunk: string) => {
            text += chunk;
          })
          .on('end', () => resolve({ status: res.statusCode ?? 0, text }));
      },
    );
    req.on('error', reject).end(body);
  });
