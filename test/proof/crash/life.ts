import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { documentClient, startDatabase } from '../../../lambdas/local/database.ts';
import { scan } from '../../../lambdas/local/execution-memory.ts';
import { colourGraph, colourManifest, picture } from '../../helpers/artifacts.ts';
import { HostProcess, processesOf } from '../../helpers/host-process.ts';

const crashHost = 'test/proof/crash/crash-host.ts';
const root = '/2020-11-20/projects';
const model = `${root}/parts/models/1`;

export interface Outcome {
  /** How often the host was killed. */
  readonly kills: number;
  /** The points that were passed. */
  readonly points: readonly string[];
  /** What was not as it must be at the end; none if all was well. */
  readonly wrong: readonly string[];
}

export interface Killing {
  /** The host kills itself here, once. */
  readonly at?: string;
  /** Somebody kills it after so many milliseconds; each number is one host's. */
  readonly after?: readonly number[];
}

/**
 * The whole life of a model: made, hosted, used, stopped, started in vain, deleted. Whenever the host dies an ordinary one is started on the same
 * folder, and the caller repeats the call that was not answered, with the token that it had.
 */
export async function live({ at, after = [] }: Killing): Promise<Outcome> {
  const dataDir = mkdtempSync(join(tmpdir(), 'crowsnest-crash-'));
  const notes = join(dataDir, 'points');
  const source = join(dataDir, 's3/models/part');
  mkdirSync(source, { recursive: true });
  writeFileSync(join(source, 'model.onnx'), colourGraph());
  writeFileSync(join(source, 'model.json'), JSON.stringify(colourManifest));
  const hosts = new Hosts(dataDir, at === undefined && after.length > 0 ? undefined : [crashHost, at ?? 'never', notes], [...after]);
  try {
    await walk(hosts, dataDir);
    const wrong = await hosts.end();
    return { kills: hosts.kills, points: existsSync(notes) ? readFileSync(notes, 'utf8').trim().split('\n') : [], wrong: [...wrong, ...await leftovers(dataDir)] };
  } finally {
    await hosts.end();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

/** One host after the other on one folder. */
class Hosts {
  kills = 0;
  readonly #dataDir: string;
  #script: readonly string[] | undefined;
  readonly #after: number[];
  #host: HostProcess | undefined;

  constructor(dataDir: string, script: readonly string[] | undefined, after: number[]) {
    this.#dataDir = dataDir;
    this.#script = script;
    this.#after = after;
  }

  async #url(): Promise<string> {
    for (;;) {
      const host = this.#host ??= this.#next();
      try {
        await host.ready();
        return host.url;
      } catch (error) {
        await this.#mourn(host, error);
      }
    }
  }

  #next(): HostProcess {
    const host = HostProcess.launch(this.#dataDir, {}, this.#script);
    const after = this.#after.shift();
    if (after !== undefined) setTimeout(() => { host.child.kill('SIGKILL'); }, after).unref();
    return host;
  }

  /** @throws what happened, unless it happened because the host was killed */
  async #mourn(host: HostProcess, error: unknown): Promise<void> {
    const { signal } = await Promise.race([host.ended, sleep(2000).then(() => ({ signal: null }))]);
    if (signal !== 'SIGKILL') throw new Error(`the host failed: ${String(error)} ${host.errors.slice(-2000)}`, { cause: error });
    this.kills += 1;
    this.#script = undefined; // the next one is an ordinary one
    this.#host = undefined;
  }

  /** A call, repeated until it is answered. */
  async call(method: string, path: string, body?: string | Uint8Array, token?: string): Promise<{ readonly status: number; readonly body: Record<string, unknown> }> {
    for (;;) {
      const url = await this.#url();
      const host = this.#host;
      try {
        const answer = await fetch(`${url}${path}`, {
          method, headers: { 'content-type': 'image/png', ...(token !== undefined && { 'x-amzn-client-token': token }) }, ...(body !== undefined && { body: body as string }),
        });
        return { status: answer.status, body: await answer.json() as Record<string, unknown> };
      } catch (error) {
        if (host !== undefined) await this.#mourn(host, error);
      }
    }
  }

  /** @returns what was wrong with the way it ended */
  async end(): Promise<string[]> {
    const host = this.#host;
    this.#host = undefined;
    if (host === undefined) return [];
    const { code, signal } = await host.end('SIGTERM');
    if (signal === 'SIGKILL') { // after its last answer: the next host finds nothing to do but what is left of this one
      this.kills += 1;
      this.#script = undefined;
      await this.#url();
      return this.end();
    }
    return code === 0 ? [] : [`the last host ended with ${code ?? 'no code'} by ${signal ?? 'no signal'}`];
  }
}

async function walk(hosts: Hosts, dataDir: string): Promise<void> {
  const must = async (want: number, ...call: Parameters<Hosts['call']>): Promise<Record<string, unknown>> => {
    const { status, body } = await hosts.call(...call);
    if (status !== want) throw new Error(`${call[0]} ${call[1]} was answered ${status}: ${JSON.stringify(body)}`);
    return body;
  };
  const reach = async (...wanted: readonly string[]): Promise<string> => {
    for (const until = Date.now() + 120_000; Date.now() < until; await sleep(15)) {
      const { status, body } = await hosts.call('GET', model);
      const now = status === 404 ? 'none' : (body['ModelDescription'] as { Status: string }).Status;
      if (wanted.includes(now)) return now;
      if (!['TRAINING', 'STARTING_HOSTING', 'STOPPING_HOSTING', 'DELETING', 'HOSTED'].includes(now)) throw new Error(`the model is ${now}; wanted ${wanted.join(' or ')}: ${JSON.stringify(body)}`);
    }
    throw new Error(`the model did not get to ${wanted.join(' or ')}`);
  };
  const units = '{"MinInferenceUnits":1,"MaxInferenceUnits":2}';
  await must(200, 'POST', root, '{"ProjectName":"parts"}', 'make');
  await must(202, 'POST', `${root}/parts/models/import`, '{"Source":{"S3":{"Bucket":"models","Prefix":"part/"}},"Tags":[{"Key":"a","Value":"b"}]}', 'import');
  await reach('TRAINED');
  await must(202, 'POST', `${model}/start`, units, 'start');
  await reach('HOSTED');
  await must(200, 'POST', `${model}/detect`, await picture('#f00').png().toBuffer());
  await must(202, 'POST', `${model}/stop`, '', 'stop');
  await reach('TRAINED');
  // The second start is in vain: somebody has taken the artifact away.
  for (const copy of readdirSync(join(dataDir, 's3/crowsnest-artifacts'), { recursive: true, encoding: 'utf8' })) {
    if (copy.endsWith('model.onnx')) rmSync(join(dataDir, 's3/crowsnest-artifacts', copy));
  }
  await must(202, 'POST', `${model}/start`, units, 'start-again');
  await reach('HOSTING_FAILED');
  await must(202, 'DELETE', model, undefined, 'delete');
  await reach('none');
  await must(200, 'DELETE', `${root}/parts`, undefined, 'remove');
}

/** What must be true of the folder when the life is over. */
async function leftovers(dataDir: string): Promise<string[]> {
  const wrong: string[] = [];
  const processes = processesOf(dataDir);
  if (processes.length > 0) wrong.push(`processes live on: ${processes.join()}`);
  const artifacts = join(dataDir, 's3/crowsnest-artifacts');
  const copies = existsSync(artifacts) ? readdirSync(artifacts, { recursive: true, encoding: 'utf8', withFileTypes: true }).filter((entry) => entry.isFile()) : [];
  if (copies.length > 0) wrong.push(`copies of the artifact are left: ${copies.map(({ name }) => name).join()}`);
  const database = await startDatabase(join(dataDir, 'table.db'), { register: () => undefined, unregister: () => undefined });
  const client = documentClient(database.endpoint);
  try {
    let deployments = 0;
    for await (const row of scan(client, 'crowsnest')) {
      const [pk, sk] = [String(row['pk']), String(row['sk'])];
      if (pk === 'QUOTA' && row['used'] !== 0) wrong.push(`${String(row['used'])} of ${sk} are counted`);
      if (sk.startsWith('MODEL#') || pk === 'PROJECTS' || sk.startsWith('TAGS#')) wrong.push(`the row ${pk} ${sk} is left`);
      if (!sk.startsWith('DEPLOYMENT#')) continue;
      deployments += 1;
      if (row['endedAt'] === undefined || row['reserved'] !== undefined || row['dueAt'] !== undefined) wrong.push(`${sk} has not ended`);
    }
    if (deployments !== 2) wrong.push(`two starts made ${deployments} deployments`);
    for await (const row of scan(client, 'crowsnest-executions')) if (row['status'] === 'RUNNING') wrong.push(`the execution ${String(row['name'])} seems to run`);
  } finally {
    client.destroy();
    await database.close();
  }
  return wrong;
}
