import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Clock, Log, ObjectStore } from '../domain/ports.ts';
import type { Settings, Times } from '../domain/settings.ts';
import type { DeploymentRef, HostingEngine, ModelImporter } from '../engines/engine.ts';
import type { Trainer } from '../engines/trainer.ts';
import { detectHandlers, readHandlers, writeHandlers } from '../operations/handlers.ts';
import { modelControl } from '../operations/hosting/control.ts';
import { HostedMemory } from '../operations/models/hosted-memory.ts';
import type { LocalEnvironment } from './environment.ts';
import { idsOf, systemClock } from '../domain/clock-and-ids.ts';
import { Store } from '../store/store.ts';
import type { SweepContext } from '../workflows/context.ts';
import { sweep } from '../workflows/sweep/sweep.ts';
import { childRegister, endOrphans, type ChildRegister } from './children.ts';
import { consoleBucket, ConsoleHost, type ConsoleFiles } from './console-host.ts';
import { Credentials } from './credentials.ts';
import { closeToOthers, makeDataFolder } from './data-folder.ts';
import { startDatabase } from './database.ts';
import { embeddedEngine, embeddedTrainer } from './embedded.ts';
import { ExecutionMemory, executionSchema } from './execution-memory.ts';
import { removeExpired } from './expiry.ts';
import { createFolderObjects } from './folder-objects.ts';
import { lockFolder } from './lock.ts';
import { TableOwner, type OwnerTimes } from './owner.ts';
import { local, requireRegion } from './region.ts';
import { duringRestore, leftUnderWay, restoreHosted, takeOverLeft } from './restore.ts';
import { LocalRunner, type RunnerOptions } from './runner.ts';
import { Health } from './health.ts';
import { removeLeftovers } from './leftovers.ts';
import { S3Host } from './s3/s3-host.ts';
import { listen } from './server.ts';
import { documentClient, ensureTable, type DatabaseDoor } from './table-client.ts';

export type LocalEngine = HostingEngine &
  ModelImporter & {
    close(): Promise<void>;
    /**
     * Resolves when a deployment is no longer `creating`, or after so many milliseconds. An engine without it
     * is looked at often instead.
     */
    news?(deployment: DeploymentRef, within: number): Promise<void>;
  };

export type LocalTrainer = Trainer & { close(): Promise<void> };

export interface EngineParts {
  readonly objects: ObjectStore;
  readonly children: ChildRegister;
  readonly clock: Clock;
  readonly log: Log;
  /** A folder of the engine's own, which may be emptied at any time. */
  readonly cache: string;
  readonly pictureBytes: number;
  /** Where the copies of models are kept. */
  readonly artifacts: { readonly bucket: string; readonly prefix: string };
}

export interface HostOptions {
  readonly environment: LocalEnvironment;
  readonly log: Log;
  /** What hosts and trains; the embedded ones, unless told otherwise. */
  readonly engine?: (parts: EngineParts) => LocalEngine;
  readonly trainer?: (parts: EngineParts) => LocalTrainer;
  readonly times?: Partial<Times>;
  readonly ownerTimes?: OwnerTimes;
  /** The files of the web console, by their names, when they are there; without them there is none. */
  readonly console?: () => Promise<ConsoleFiles>;
  /** Told when the table is lost for good: the host must be closed, and can be started again. */
  readonly lost?: (error: Error) => void;
}

export interface Host {
  readonly url: string;
  readonly settings: Settings;
  close(): Promise<void>;
}

const tableName = 'crowsnest';
const executionsName = 'crowsnest-executions';

/** A laptop's engine is ready in a second, so what takes minutes there is broken. */
const localTimes: Times = {
  delivery: 30,
  start: 300,
  import: 300,
  train: 3600,
  release: 300,
  provision: 60,
  health: 10,
};

/** The seconds between two sweeps, and between two removals of what has expired. */
const sweepEvery = 5;
const expireEvery = 3600;

/**
 * The whole service on one machine: the operations, workflows and rows of the stack in AWS, behind node's
 * server. What it starts it ends, and what a predecessor that was killed left behind it ends first.
 * @throws Error with what to do, if it cannot start; nothing is left running then
 */
export async function startHost({
  environment,
  log,
  engine: makeEngine = embeddedEngine,
  trainer: makeTrainer = embeddedTrainer,
  times = {},
  lost = () => undefined,
  ownerTimes,
  console: consoleFiles,
}: HostOptions): Promise<Host> {
  const { dataDir } = environment;
  const closers: (() => Promise<void> | void)[] = [];
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => (closed ??= closeAll(closers));
  try {
    makeDataFolder(dataDir);
    const lock = lockFolder(dataDir);
    closers.push(() => lock.release());
    closeFolder(dataDir, log);
    const leftovers = removeLeftovers(dataDir);
    if (leftovers > 0) log.info('removed what a host that ended was writing', { leftovers });
    const childFolder = join(dataDir, 'children');
    const orphans = await endOrphans(childFolder);
    if (orphans > 0) log.warn('ended processes of a host that died', { orphans });
    const children = childRegister(childFolder);

    let where: string | DatabaseDoor | undefined = environment.dynamodbEndpoint;
    if (where === undefined) {
      const database = await startDatabase(join(dataDir, 'table.db'), children, {
        restarted: (how) => {
          log.error('the embedded DynamoDB ended and was started again', { how });
        },
        missing: (file) => {
          log.error('the table is gone; requests are refused until it is back', { file });
        },
        lost,
      });
      closers.push(() => database.close());
      where = database;
    }
    const clock = systemClock;
    let owner: TableOwner | undefined;
    const client = documentClient(where, () => owner?.require());
    closers.push(() => client.destroy());
    await makeTables(client, environment.dynamodbEndpoint);
    if (environment.dynamodbEndpoint !== undefined) {
      // The lock on the folder keeps the embedded table for one host; this one others can reach.
      const unguarded = documentClient(where);
      closers.push(() => unguarded.destroy());
      const taken = await TableOwner.take(unguarded, tableName, dataDir, clock, lost, ownerTimes);
      closers.push(() => taken.release());
      owner = taken;
    }

    const settings: Settings = {
      stage: 'local',
      partition: 'aws',
      region: environment.region,
      account: '000000000000',
      quotas: environment.quotas,
      limits: environment.limits,
      extensions: environment.extensions,
      buckets: ['*'],
      times: { ...localTimes, ...times },
      hostingPolicy: environment.hostingPolicy,
      rates: environment.rates,
    };
    const store = new Store(client, tableName, clock);
    const objects = createFolderObjects(join(dataDir, 's3'));
    const parts: EngineParts = {
      objects,
      children,
      clock,
      log,
      artifacts: { bucket: 'crowsnest-artifacts', prefix: '' },
      cache: join(dataDir, 'cache'),
      pictureBytes: settings.limits.picture,
    };
    const engine = makeEngine(parts);
    closers.push(() => engine.close());
    const trainer = makeTrainer(parts);
    closers.push(() => trainer.close());

    const memory = new ExecutionMemory(client, executionsName, clock);
    await memory.abandonAll();
    const tasks = { settings, clock, store, engine, importer: engine, trainer, objects, log };
    const runner = new LocalRunner({ memory, log, pace: 5, ...looksAt(engine) }).serve(tasks);
    closers.push(() => runner.close());
    const ids = idsOf(clock);
    const context: SweepContext = {
      ...tasks,
      runner,
      models: modelControl({ settings, clock, store, log, ids, runner }),
    };
    // Callers are served before what was left is gone on with: that may take long, and they would see
    // nothing.
    const left = await leftUnderWay(context);
    let restoring = true;

    const health = new Health(client, tableName, dataDir, log);
    const credentials =
      environment.keys.length === 0 ? undefined : new Credentials(environment.keys, settings, clock);
    if (consoleFiles !== undefined) await mkdir(join(dataDir, 's3', consoleBucket), { recursive: true });
    const s3 = new S3Host({
      root: join(dataDir, 's3'),
      keys: environment.keys,
      region: settings.region,
      clock,
      log,
    });
    const server = await listen(
      {
        service: {
          handlers: { ...readHandlers, ...writeHandlers, ...detectHandlers },
          context: {
            settings,
            clock,
            store,
            log,
            ids,
            runner,
            objects,
            engine: duringRestore(engine, () => !restoring),
            hosted: new HostedMemory(),
          },
        },
        log,
        admit: (head, operation, labels) =>
          credentials === undefined
            ? requireRegion(head, operation, labels, settings.region)
            : credentials.admit(head, operation, labels),
        authenticate: (request, operation, labels) =>
          credentials?.authenticate(request, operation, labels) ?? local(request, settings.region, clock),
      },
      environment.host,
      environment.port,
      credentials !== undefined,
      () => health.check(),
      undefined,
      s3,
      consoleFiles === undefined
        ? undefined
        : new ConsoleHost(consoleFiles, log, {
            region: settings.region,
            keys: credentials !== undefined,
            extensions: settings.extensions,
          }),
    );
    closers.push(() => server.close());

    await restoreHosted(context, left);
    restoring = false;
    const restored = takeOverLeft(context, left).catch((error: unknown) => {
      log.error('what was under way could not be taken over; the sweep goes on with it', { error });
    });
    const expiring = every(expireEvery, () => expire(client, clock), log);
    const sweeping = every(sweepEvery, () => sweep(context), log);
    closers.push(() => restored, expiring.end, sweeping.end);
    expiring.now(); // few hosts on a laptop live for an hour
    return { url: server.url, settings, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * When a start is looked at: as soon as the engine knows something new, and every half a second, for what it
 * doesn't know.
 */
function looksAt(engine: LocalEngine): Pick<RunnerOptions, 'hostingLook' | 'hostingNews'> {
  if (engine.news === undefined) return { hostingLook: 40 };
  return {
    hostingLook: 500,
    hostingNews: async ({ operationId: id, project, version }, within) =>
      engine.news?.({ id, model: { project, version } }, within),
  };
}

/**
 * Everything is closed, the latest first, whatever fails on the way: what one leaves open must not keep the
 * others open.
 */
async function closeAll(closers: (() => Promise<void> | void)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const each of closers.splice(0).reverse()) {
    try {
      await each();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0)
    throw new AggregateError(failures, `The host did not close cleanly: ${failures.map(String).join('; ')}`);
}

/** Rows, pictures and models are for the owner of the folder. */
function closeFolder(dataDir: string, log: Log): void {
  try {
    const tightened = closeToOthers(dataDir);
    if (tightened > 0)
      log.warn('other users could enter the data folder; they no longer can', { dataDir, tightened });
  } catch (error) {
    log.warn('other users can enter the data folder, and this user may not change that', { dataDir, error });
  }
}

async function makeTables(client: DynamoDBDocumentClient, given: string | undefined): Promise<void> {
  try {
    await Promise.all([ensureTable(client, tableName), ensureTable(client, executionsName, executionSchema)]);
  } catch (error) {
    if (given === undefined) throw error;
    const { name, message, code = name } = error as NodeJS.ErrnoException;
    throw new Error(
      `DYNAMODB_ENDPOINT is ${given}, which does not answer as DynamoDB does: ` +
        (message === '' ? code : message),
      { cause: error },
    );
  }
}

async function expire(client: DynamoDBDocumentClient, clock: Clock): Promise<void> {
  await removeExpired(client, tableName, ({ pk, sk }) => ({ pk, sk }), clock);
  await removeExpired(client, executionsName, ({ name }) => ({ name }), clock);
}

/** `end` resolves when none is under way any more. */
function every(
  seconds: number,
  work: () => Promise<unknown>,
  log: Log,
): { readonly now: () => void; readonly end: () => Promise<void> } {
  let running: Promise<unknown> | undefined;
  const now = (): void => {
    running ??= work()
      .catch((error: unknown) => log.error('a repeated task failed; it will be tried again', { error }))
      .finally(() => {
        running = undefined;
      });
  };
  const timer = setInterval(now, seconds * 1000);
  return {
    now,
    end: async () => {
      clearInterval(timer);
      await running;
    },
  };
}
