import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Clock, Log, ObjectStore } from '../domain/ports.ts';
import type { Settings, Times } from '../domain/settings.ts';
import type { HostingEngine, ModelImporter } from '../hosting/engine.ts';
import { detectHandlers, readHandlers, writeHandlers } from '../operations/handlers.ts';
import { HostedMemory } from '../operations/hosted-memory.ts';
import type { LocalEnvironment } from '../runtime/environment.ts';
import { idsOf, systemClock } from '../runtime/world.ts';
import { Store } from '../store/store.ts';
import type { SweepContext } from '../workflows/context.ts';
import { sweep } from '../workflows/sweep.ts';
import { childRegister, endOrphans, type ChildRegister } from './children.ts';
import { Credentials } from './credentials.ts';
import { documentClient, ensureTable, startDatabase } from './database.ts';
import { ExecutionMemory, executionSchema } from './execution-memory.ts';
import { removeExpired } from './expiry.ts';
import { createFolderObjects } from './folder-objects.ts';
import { lockFolder } from './lock.ts';
import { restore } from './restore.ts';
import { LocalRunner } from './runner.ts';
import { listen } from './server.ts';

export type LocalEngine = HostingEngine & ModelImporter & { close(): Promise<void> };

export interface EngineParts {
  readonly objects: ObjectStore;
  readonly children: ChildRegister;
  readonly clock: Clock;
  readonly log: Log;
  /** A folder of the engine's own, which may be emptied at any time. */
  readonly cache: string;
  readonly pictureBytes: number;
}

export interface HostOptions {
  readonly environment: LocalEnvironment;
  readonly log: Log;
  readonly engine: (parts: EngineParts) => LocalEngine;
  readonly times?: Partial<Times>;
}

export interface Host {
  readonly url: string;
  readonly settings: Settings;
  close(): Promise<void>;
}

const tableName = 'crowsnest';
const executionsName = 'crowsnest-executions';

/** A laptop's engine is ready in a second, so what takes minutes there is broken. */
const localTimes: Times = { delivery: 30, start: 300, import: 300, release: 300, provision: 60, health: 10 };

/** The seconds between two sweeps, and between two removals of what has expired. */
const sweepEvery = 5;
const expireEvery = 3600;

/**
 * The whole service on one machine: the operations, workflows and rows of the stack in AWS, behind node's server. What it starts it ends, and
 * what a predecessor that was killed left behind it ends first.
 * @throws Error with what to do, if it cannot start; nothing is left running then
 */
export async function startHost({ environment, log, engine: makeEngine, times = {} }: HostOptions): Promise<Host> {
  const { dataDir } = environment;
  mkdirSync(dataDir, { recursive: true });
  const closers: (() => Promise<void> | void)[] = [];
  const close = async (): Promise<void> => {
    for (const each of closers.splice(0).reverse()) await each();
  };
  try {
    const lock = lockFolder(dataDir);
    closers.push(() => lock.release());
    const childFolder = join(dataDir, 'children');
    const orphans = await endOrphans(childFolder);
    if (orphans > 0) log.warn('ended processes of a host that died', { orphans });
    const children = childRegister(childFolder);

    let endpoint = environment.dynamodbEndpoint;
    if (endpoint === undefined) {
      const database = await startDatabase(join(dataDir, 'table.db'), children);
      closers.push(() => database.close());
      endpoint = database.endpoint;
    }
    const client = documentClient(endpoint);
    await Promise.all([ensureTable(client, tableName), ensureTable(client, executionsName, executionSchema)]);

    const settings: Settings = {
      stage: 'local', partition: 'aws', region: environment.region, account: '000000000000', quotas: environment.quotas, limits: environment.limits,
      extensions: environment.extensions, buckets: ['*'], times: { ...localTimes, ...times },
    };
    const clock = systemClock;
    const store = new Store(client, tableName, clock);
    const objects = createFolderObjects(join(dataDir, 's3'));
    const engine = makeEngine({ objects, children, clock, log, cache: join(dataDir, 'cache'), pictureBytes: settings.limits.picture });
    closers.push(() => engine.close());

    const memory = new ExecutionMemory(client, executionsName, clock);
    await memory.abandonAll();
    const tasks = { settings, clock, store, engine, importer: engine, objects, log };
    const runner = new LocalRunner({ memory, log, pace: 5 }).serve(tasks);
    closers.push(() => runner.close());
    const context: SweepContext = { ...tasks, runner };
    await restore(context);

    const credentials = environment.keys.length === 0 ? undefined : new Credentials(environment.keys, settings, clock);
    const server = await listen({
      service: {
        handlers: { ...readHandlers, ...writeHandlers, ...detectHandlers },
        context: { settings, clock, store, log, ids: idsOf(clock), runner, engine, hosted: new HostedMemory() },
      },
      log,
      authenticate: (request, operation, labels) => credentials?.authenticate(request, operation, labels) ?? 'local',
    }, environment.host, environment.port, credentials !== undefined);
    closers.push(() => server.close());

    closers.push(every(sweepEvery, () => sweep(context), log), every(expireEvery, () => expire(client, clock), log));
    return { url: server.url, settings, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function expire(client: DynamoDBDocumentClient, clock: Clock): Promise<void> {
  await removeExpired(client, tableName, ({ pk, sk }) => ({ pk, sk }), clock);
  await removeExpired(client, executionsName, ({ name }) => ({ name }), clock);
}

/** @returns what ends the repetition; it resolves when none is under way */
function every(seconds: number, work: () => Promise<unknown>, log: Log): () => Promise<void> {
  let running: Promise<unknown> | undefined;
  const timer = setInterval(() => {
    running ??= work()
      .catch((error: unknown) => log.error('a repeated task failed; it will be tried again', { error }))
      .finally(() => { running = undefined; });
  }, seconds * 1000);
  return async () => {
    clearInterval(timer);
    await running;
  };
}
