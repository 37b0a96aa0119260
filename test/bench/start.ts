import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { fileURLToPath } from 'node:url';
import { atMost, compare, medianOf, type Result } from './measure.ts';

type Side = 'ours' | 'floor' | 'usual';
const turns = 12;
const calls = 20;

/**
 * StartModel against its floor and against the usual way, and its repetition against one transaction and one
 * read.
 */
export async function startBenchmarks(): Promise<Result[]> {
  const models = (turns + 1) * calls * 2 + 50;
  const server = fork(fileURLToPath(new URL('./start-server.ts', import.meta.url)), [String(models)], {
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  try {
    const [ports] = (await once(server, 'message')) as [Record<Side, number>];
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    // Each side starts models of its own project, so that nobody finds one that was started.
    const next: Record<Side, number> = { ours: 1, floor: 1, usual: 1 };
    const project: Record<Side, string> = { ours: 'p0', floor: 'p1', usual: 'p2' };
    const start = (side: Side, version: number, token: string): Promise<void> =>
      send(agent, ports[side], `/2020-11-20/projects/${project[side]}/models/${version}/start`, token);
    const fresh = (side: Side) => (): Promise<number> =>
      medianOf(calls, () => {
        const version = next[side]++;
        return start(side, version, `${side}-${version}`);
      });
    const again = (side: Side) => (): Promise<number> => medianOf(calls, () => start(side, 1, `${side}-1`));
    const floor = await compare(
      { name: 'start-floor', unit: 'ms', goal: '<= 1.35', meets: atMost(1.35) },
      turns,
      fresh('ours'),
      fresh('floor'),
    );
    const requests = {
      ours: await countOf(server, () => fresh('ours')()),
      usual: await countOf(server, () => fresh('usual')()),
    };
    const usual = await compare(
      {
        name: 'start-usual',
        unit: 'ms',
        goal: '< 1',
        meets: (ratio) => ratio < 1,
        note:
          `requests to the table: ${requests.ours} against ${requests.usual}. Write units of rows under 1 KB: ` +
          '12 (a transaction of four rows and the conditions of two budgets) against 5, and 2 for the index on ' +
          'both sides; 1 more on both sides for the start of the execution, which is a row here and ' +
          'StartExecution in AWS.',
      },
      turns - 2,
      fresh('ours'),
      fresh('usual'),
    );
    const replay = await compare(
      { name: 'replay', unit: 'ms', goal: '<= 1.35', meets: atMost(1.35) },
      turns,
      again('ours'),
      again('floor'),
    );
    agent.destroy();
    return [floor, usual, replay];
  } finally {
    server.disconnect();
  }
}

/** @returns requests to the database for each call */
async function countOf(server: ChildProcess, work: () => Promise<unknown>): Promise<number> {
  const count = async (): Promise<number> => {
    server.send('count');
    const [{ requests }] = (await once(server, 'message')) as [{ requests: number }];
    return requests;
  };
  const before = await count();
  await work();
  return ((await count()) - before) / calls;
}

const body = '{"MinInferenceUnits":1}';

const send = (agent: Agent, port: number, path: string, token: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const req = request(
      {
        port,
        host: '127.0.0.1',
        agent,
        method: 'POST',
        path,
        headers: {
          'content-type': 'application/json',
          'content-length': body.length,
          'x-amzn-client-token': token,
        },
      },
      (res) => {
        let text = '';
        res
          .setEncoding('utf8')
          .on('data', (chunk: string) => {
            text += chunk;
          })
          .on('end', () =>
            res.statusCode === 202 ? resolve() : reject(new Error(`${path}: ${res.statusCode ?? 0} ${text}`)),
          );
      },
    );
    req.on('error', reject).end(body);
  });
