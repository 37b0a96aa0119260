/**
 * The process in which both sides of the comparisons of StartModel run: one database, one client, one server
 * for each side. Tells its ports and then lives until its channel closes.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { mayBegin, passingState, statusMessage } from '../../lambdas/domain/lifecycle.ts';
import { executionOf, type ModelOperation } from '../../lambdas/domain/model.ts';
import { fingerprint } from '../../lambdas/domain/tokens.ts';
import { listener } from '../../lambdas/http/node-http.ts';
import { startDatabase } from '../../lambdas/local/database.ts';
import { documentClient, ensureTable } from '../../lambdas/local/table-client.ts';
import { ExecutionMemory, executionSchema } from '../../lambdas/local/execution-memory.ts';
import { readHandlers, writeHandlers } from '../../lambdas/operations/handlers.ts';
import { idsOf, systemClock as clock } from '../../lambdas/domain/clock-and-ids.ts';
import { keys } from '../../lambdas/store/keys.ts';
import { Store } from '../../lambdas/store/store.ts';
import { ConditionFailed } from '../../lambdas/store/table.ts';
import { silent } from '../helpers/engine.ts';
import { seed, settings } from './rows.ts';
import { usualStart } from './usual-start.ts';

const [table, executions] = ['bench', 'bench-executions'];
const models = Number(process.argv[2]);
const database = await startDatabase(undefined, { register: () => undefined, unregister: () => undefined });
const client = documentClient(database);
await ensureTable(client, table);
await ensureTable(client, executions, executionSchema);
await seed(client, table, 3, models);

let requests = 0;
client.middlewareStack.add(
  (next) => (args) => {
    requests += 1;
    return next(args);
  },
  { step: 'initialize', name: 'count' },
);

const store = new Store(client, table, clock);
const memory = new ExecutionMemory(client, executions, clock);
const ids = idsOf(clock);
/** Both sides hand the operation over in the same way; nothing carries it out. */
const runner = {
  start: async (execution: Parameters<ExecutionMemory['open']>[0]): Promise<'started' | 'exists'> =>
    (await memory.open(execution)) ? 'started' : 'exists',
};

/**
 * The floor: the same rows in the same transaction and the same hand-over, by a handler that checks nothing
 * and remembers what it was compiled with.
 */
async function bareStart({
  project,
  version,
  token,
  units,
}: Asked): Promise<{ status: number; body: object }> {
  const now = clock.now();
  const id = ids.next();
  const operation: ModelOperation = {
    id,
    attempt: 1,
    kind: 'start',
    actor: 'bench',
    at: now,
    deadline: now + 3_600_000,
  };
  const dueAt = now + 3_600_000;
  const key = { project, version };
  const answer = { Status: 'STARTING_HOSTING' };
  try {
    await store.commit(
      store.tokens.remember(
        'BareStart',
        token,
        { fingerprint: fingerprint({ project, version, units }), answer, operationId: id, version },
        now,
      ),
      store.models.begin(key, mayBegin.start, {
        status: passingState.start,
        statusMessage: statusMessage.starting,
        units: { min: units },
        operation,
        deploymentId: id,
        dueAt,
      }),
      store.quotas.take('RUNNING_MODELS', settings.quotas.runningModels),
      store.deployments.open({
        v: 1,
        id,
        ...key,
        units: { min: units },
        startedBy: 'bench',
        startedAt: now,
        reserved: true,
        dueAt,
      }),
    );
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    // a repetition: one transaction and one read
    await client.send(new GetCommand({ TableName: table, Key: keys.model(key), ConsistentRead: true }));
    return { status: 202, body: answer };
  }
  await runner.start(executionOf({ ...key, operation }));
  return { status: 202, body: answer };
}

interface Asked {
  readonly project: string;
  readonly version: string;
  readonly token: string;
  readonly units: number;
}

const bare =
  (work: (asked: Asked) => Promise<{ status: number; body: object }>) =>
  (req: IncomingMessage, res: ServerResponse): void => {
    const chunks: Buffer[] = [];
    req
      .on('data', (chunk: Buffer) => chunks.push(chunk))
      .on('end', () => {
        const [, , , project = '', , version = ''] = (req.url ?? '').split('/');
        const { MinInferenceUnits: units } = JSON.parse(Buffer.concat(chunks).toString()) as {
          MinInferenceUnits: number;
        };
        void work({ project, version, token: String(req.headers['x-amzn-client-token']), units }).then(
          ({ status, body }) => {
            const text = JSON.stringify(body);
            res
              .writeHead(status, {
                'Content-Type': 'application/json',
                'Content-Length': Buffer.byteLength(text),
              })
              .end(text);
          },
        );
      });
  };

async function open(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

const context = { settings, clock, store, log: silent, ids, runner };
const ports = {
  ours: await open(
    createServer(
      listener({
        service: { handlers: { ...readHandlers, ...writeHandlers }, context },
        log: silent,
        authenticate: () => ({ name: 'bench' }),
      }),
    ),
  ),
  floor: await open(createServer(bare(bareStart))),
  usual: await open(
    createServer(
      bare((asked) =>
        usualStart(client, table, (execution) => runner.start(execution), {
          ...asked,
          limit: settings.quotas.runningModels,
        }),
      ),
    ),
  ),
};
process.on('message', () => process.send?.({ requests }));
process.on('disconnect', () => void database.close().then(() => process.exit(0)));
process.send?.(ports);
