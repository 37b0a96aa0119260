import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { ExecutionMemory, executionSchema, scan } from '../../lambdas/local/execution-memory.ts';
import { removeExpired } from '../../lambdas/local/expiry.ts';
import { TestClock } from '../helpers/clock.ts';
import { TestDynamo } from '../helpers/dynamo.ts';

const day = 24 * 3600;
const execution = {
  workflow: 'hosting',
  name: 'op-1',
  input: { v: 1, kind: 'start', project: 'parts', version: '1', operationId: 'op', attempt: 1 },
} as const;

let dynamo: TestDynamo;
let clock: TestClock;
let table: string;
let tables = 0;

beforeAll(async () => {
  dynamo = await TestDynamo.start();
});
afterAll(() => dynamo.close());
beforeEach(async () => {
  clock = new TestClock();
  table = await dynamo.table(`executions-${(tables += 1)}`, executionSchema);
});

/** What a host has after a restart: the table, and nothing else. */
const memory = (): ExecutionMemory => new ExecutionMemory(dynamo.client, table, clock);

async function statusOf(name: string): Promise<unknown> {
  const { Item } = await dynamo.client.send(new GetCommand({ TableName: table, Key: { name } }));
  return Item?.['status'];
}

test('a name is refused while its execution runs, after it has ended, and after a restart', async () => {
  const first = memory();
  expect(await first.open(execution)).toBe(true);
  expect(await first.open(execution)).toBe(false);
  expect(await memory().open(execution)).toBe(false);
  await first.close('op-1', 'SUCCEEDED');
  expect(await memory().open(execution)).toBe(false);
  expect(await memory().open({ ...execution, name: 'op-2' })).toBe(true);
});

test('ninety days after its end a name may be used again, whether or not its row was removed', async () => {
  await memory().open(execution);
  clock.advance(100 * day);
  expect(await memory().open(execution)).toBe(false); // it still runs
  await memory().close('op-1', 'FAILED', 'a cause');
  clock.advance(90 * day - 1);
  expect(await memory().open(execution)).toBe(false);
  clock.advance(1);
  expect(await memory().open(execution)).toBe(true);
  expect(await statusOf('op-1')).toBe('RUNNING');
});

test('what a dead host left open ends as aborted; what had ended stays as it was', async () => {
  await memory().open(execution);
  await memory().open({ ...execution, name: 'op-2' });
  await memory().close('op-2', 'SUCCEEDED');
  await memory().abandonAll();
  expect([await statusOf('op-1'), await statusOf('op-2')]).toEqual(['ABORTED', 'SUCCEEDED']);
  expect(await memory().open(execution)).toBe(false);
});

test('rows are removed once they have expired, and no others', async () => {
  const seconds = clock.now() / 1000;
  const rows = {
    past: seconds - 1,
    now: seconds,
    later: seconds + 1,
    never: undefined,
    'as text': String(seconds - 1),
  };
  for (const [name, expiresAt] of Object.entries(rows)) {
    await dynamo.client.send(new PutCommand({ TableName: table, Item: { name, expiresAt } }));
  }
  const left = async (): Promise<string[]> => {
    const names: string[] = [];
    for await (const row of scan(dynamo.client, table)) names.push(String(row['name']));
    return names.sort();
  };
  await removeExpired(dynamo.client, table, ({ name }) => ({ name }), clock);
  expect(await left()).toEqual(['as text', 'later', 'never']);
  clock.advance(1);
  await removeExpired(dynamo.client, table, ({ name }) => ({ name }), clock);
  expect(await left()).toEqual(['as text', 'never']);
});

test('a row that was made anew while it was about to be removed stays', async () => {
  const seconds = clock.now() / 1000;
  await dynamo.client.send(
    new PutCommand({ TableName: table, Item: { name: 'token', expiresAt: seconds - 1 } }),
  );
  const renewing = {
    send: async (command: GetCommand) => {
      if (command.constructor.name === 'DeleteCommand') {
        await dynamo.client.send(
          new PutCommand({ TableName: table, Item: { name: 'token', expiresAt: seconds + day } }),
        );
      }
      return dynamo.client.send(command);
    },
  };
  await removeExpired(renewing as never, table, ({ name }) => ({ name }), clock);
  const { Item } = await dynamo.client.send(new GetCommand({ TableName: table, Key: { name: 'token' } }));
  expect(Item).toEqual({ name: 'token', expiresAt: seconds + day });
});
