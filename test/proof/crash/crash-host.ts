/**
 * node crash-host.ts <point> [<file>]: the local host as `bin/local.ts` starts it, which ends itself by
 * SIGKILL at the point of that name, and appends the name of each point that it passes for the first time to
 * the file. A point is just before or just after something that outlives the process: a write to the table,
 * an order to the engine, a file, a transition of a workflow, an answer to a caller.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { appendFileSync } from 'node:fs';
import { ServerResponse } from 'node:http';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { embeddedEngine, embeddedTrainer } from '../../../lambdas/local/embedded.ts';
import { startHost } from '../../../lambdas/local/host.ts';
import { localEnvironment } from '../../../lambdas/local/environment.ts';
import { createLog } from '../../../lambdas/domain/log.ts';
import { tasks, type Task } from '../../../lambdas/workflows/tasks.ts';

const [, , crashAt, file] = process.argv;
const who = new AsyncLocalStorage<string>();
const passed = new Set<string>();

function point(name: string): void {
  if (passed.has(name)) return;
  passed.add(name);
  if (file !== undefined) appendFileSync(file, `${name}\n`);
  if (name === crashAt) process.kill(process.pid, 'SIGKILL');
}

async function around<T>(what: string, work: () => Promise<T>): Promise<T> {
  const name = `${who.getStore() ?? 'host'}: ${what}`;
  point(`before ${name}`);
  const result = await work();
  point(`after ${name}`);
  return result;
}

/** Wraps the methods that change something. */
function watched<T extends object>(port: T, label: string, methods: readonly string[]): T {
  return new Proxy(port, {
    get: (target, name) => {
      const value = Reflect.get(target, name) as unknown;
      if (typeof value !== 'function') return value;
      if (!methods.includes(String(name))) return value.bind(target) as unknown;
      return (...args: unknown[]) =>
        around(`${label}.${String(name)}`, () => Reflect.apply(value, target, args) as Promise<unknown>);
    },
  });
}

type Send = (
  this: DynamoDBDocumentClient,
  command: { readonly constructor: { readonly name: string }; readonly input: Written },
) => Promise<unknown>;
interface Written {
  readonly TableName?: string;
  readonly RequestItems?: Readonly<
    Record<
      string,
      readonly {
        readonly PutRequest?: { readonly Item: Keys };
        readonly DeleteRequest?: { readonly Key: Keys };
      }[]
    >
  >;
  readonly TransactItems?: readonly Readonly<Record<string, { readonly Key?: Keys; readonly Item?: Keys }>>[];
  readonly Key?: Keys;
  readonly Item?: Keys;
}
interface Keys {
  readonly pk?: string;
  readonly sk?: string;
}

const kindOf = ({ Key, Item }: { readonly Key?: Keys; readonly Item?: Keys }): string =>
  ((Key ?? Item)?.sk ?? 'EXECUTION').split('#')[0] ?? '';
/** Of rows that are written many at a time, by the letter of their place. */
const placesOf = ({ RequestItems = {} }: Written): string[] => [
  ...new Set(
    Object.values(RequestItems)
      .flat()
      .map(({ PutRequest, DeleteRequest }) => (PutRequest?.Item ?? DeleteRequest?.Key)?.pk?.charAt(0) ?? ''),
  ),
];
/* eslint-disable-next-line @typescript-eslint/unbound-method -- called with the client below */
const send = DynamoDBDocumentClient.prototype.send as unknown as Send;
DynamoDBDocumentClient.prototype.send = function watchedSend(
  this: DynamoDBDocumentClient,
  ...[command]: Parameters<Send>
) {
  const verb = command.constructor.name.replace('Command', '');
  if (!['Put', 'Update', 'Delete', 'TransactWrite', 'BatchWrite'].includes(verb))
    return send.call(this, command);
  if (verb === 'BatchWrite')
    return around(`${verb} ${placesOf(command.input).join('+')}`, () => send.call(this, command));
  const rows = command.input.TransactItems?.map((item) => kindOf(Object.values(item)[0] ?? {})) ?? [
    kindOf(command.input),
  ];
  return around(`${verb} ${rows.join('+')}`, () => send.call(this, command));
} as never;

for (const [workflow, of] of Object.entries(tasks)) {
  for (const [state, task] of Object.entries(of as Readonly<Record<string, Task>>)) {
    Object.assign(of, {
      [state]: ((input, ctx) =>
        who.run(`${workflow} ${input.kind} ${state}`, () =>
          around('task', async () => await task(input, ctx)),
        )) as Task,
    });
  }
}

/* eslint-disable-next-line @typescript-eslint/unbound-method -- called with the response below */
const { end } = ServerResponse.prototype;
ServerResponse.prototype.end = function watchedEnd(this: ServerResponse, ...args: unknown[]) {
  const name = `answer ${this.statusCode} to ${this.req.method ?? ''} ${(this.req.url ?? '').replace(/\d+/g, 'n')}`;
  point(`before ${name}`);
  const result = Reflect.apply(end, this, args) as ServerResponse;
  setImmediate(() => point(`after ${name}`));
  return result;
} as never;

const log = createLog((line) => {
  process.stderr.write(`${line}\n`);
});
const writing = <T extends { readonly objects: object }>(parts: T): T => ({
  ...parts,
  objects: watched(parts.objects, 'objects', ['write', 'removeAll']),
});
const host = await startHost({
  environment: localEnvironment(),
  log,
  engine: (parts) =>
    watched(embeddedEngine(writing(parts)), 'engine', ['create', 'scale', 'remove', 'admit', 'discard']),
  trainer: (parts) => watched(embeddedTrainer(writing(parts)), 'trainer', ['start', 'stop']),
});
console.log(`Crowsnest is ready on ${host.url}`);
process.once('SIGTERM', () => void host.close().then(() => process.exit(0)));
