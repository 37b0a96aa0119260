import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConditionalCheckFailedException, TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import {
  GetCommand,
  PutCommand,
  QueryCommand,
  TransactWriteCommand,
  UpdateCommand,
  type DynamoDBDocumentClient,
} from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { startDatabase, type Database } from '../../lambdas/local/database.ts';
import { documentClient, ensureTable } from '../../lambdas/local/table-client.ts';
import { until } from '../helpers/engine.ts';

jest.setTimeout(60_000);

const TableName = 'rows';
const pids: number[] = [];
const events: string[] = [];
let folder: string;
let database: Database;
let client: DynamoDBDocumentClient;

const pid = (): number => pids.at(-1) ?? 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'crowsnest-database-'));
  database = await startDatabase(
    join(folder, 'table.db'),
    { register: (child) => pids.push(child), unregister: () => undefined },
    {
      restarted: () => events.push('restarted'),
      missing: () => events.push('missing'),
      lost: (error) => events.push(`lost: ${error.message}`),
    },
  );
  client = documentClient(database);
  await ensureTable(client, TableName);
});
afterAll(async () => {
  client.destroy();
  await database.close();
  rmSync(folder, { recursive: true, force: true });
});

const put = (sk: string, more: object = {}, condition?: string): Promise<unknown> =>
  client.send(
    new PutCommand({
      TableName,
      Item: { pk: 'a', sk, ...more },
      ...(condition !== undefined && {
        ConditionExpression: condition,
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      }),
    }),
  );
const get = async (sk: string): Promise<unknown> =>
  (await client.send(new GetCommand({ TableName, Key: { pk: 'a', sk }, ConsistentRead: true }))).Item;

test('it opens no port and no socket file, and knows nothing of its host’s environment', () => {
  const inodes = readdirSync(`/proc/${pid()}/fd`).flatMap((fd) => {
    try {
      return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid()}/fd/${fd}`))?.[1] ?? [];
    } catch {
      return []; // it was closed just now
    }
  });
  expect(inodes.length).toBeGreaterThan(0); // the pipes themselves
  const listening = ['tcp', 'tcp6', 'udp', 'udp6'].flatMap((kind) =>
    readFileSync(`/proc/${pid()}/net/${kind}`, 'utf8')
      .split('\n')
      .map((line) => line.trim().split(/\s+/)[9]),
  );
  const named = readFileSync(`/proc/${pid()}/net/unix`, 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields.length > 7)
    .map((fields) => fields[6]);
  expect(inodes.filter((inode) => listening.includes(inode) || named.includes(inode))).toEqual([]);
  expect(readFileSync(`/proc/${pid()}/environ`, 'utf8')).toBe('');
});

test('a refused write tells the row that its condition saw, alone and in a transaction', async () => {
  await put('1', { n: 1, deep: { list: [true, null, 'x'], bytes: new Uint8Array([0, 255]) } });
  await expect(put('1', {}, 'attribute_not_exists(pk)')).rejects.toMatchObject({
    name: 'ConditionalCheckFailedException',
    Item: { pk: { S: 'a' }, sk: { S: '1' }, n: { N: '1' } },
  });
  const refused = await put('none', {}, 'attribute_exists(pk)').catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(ConditionalCheckFailedException);
  expect((refused as ConditionalCheckFailedException).Item).toBeUndefined();

  const check = (sk: string, condition: string): object => ({
    ConditionCheck: {
      TableName,
      Key: { pk: 'a', sk },
      ConditionExpression: condition,
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    },
  });
  const failure = await client
    .send(
      new TransactWriteCommand({
        TransactItems: [
          { Put: { TableName, Item: { pk: 'a', sk: '2' } } },
          check('1', 'attribute_not_exists(pk)'),
          check('none', 'attribute_exists(pk)'),
        ] as never,
      }),
    )
    .catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(TransactionCanceledException);
  expect((failure as TransactionCanceledException).CancellationReasons).toMatchObject([
    { Code: 'None' },
    { Code: 'ConditionalCheckFailed', Item: { n: { N: '1' } } },
    { Code: 'ConditionalCheckFailed' },
  ]);
  expect(await get('2')).toBeUndefined();
});

test('thirty increments at once are thirty, and each refusal shows the row as it was then', async () => {
  await put('count', { n: 0 });
  const step = async (): Promise<void> => {
    for (let believed = 0; ;) {
      try {
        await client.send(
          new UpdateCommand({
            TableName,
            Key: { pk: 'a', sk: 'count' },
            UpdateExpression: 'SET n = :next',
            ConditionExpression: 'n = :believed',
            ExpressionAttributeValues: { ':next': believed + 1, ':believed': believed },
            ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
          }),
        );
        return;
      } catch (error) {
        const { Item } = error as ConditionalCheckFailedException;
        if (Item === undefined) throw error;
        expect(Number(Item['n']?.N)).not.toBe(believed); // or the condition would have held
        believed = Number(Item['n']?.N);
      }
    }
  };
  await Promise.all(Array.from({ length: 30 }, step));
  expect(await get('count')).toMatchObject({ n: 30 });
});

test('texts of any kind come back as they were; half a character is refused, not left without an answer', async () => {
  const text = 'é𝄞\u2028\u0000\n"\\ud800';
  await put('text', { text });
  expect(await get('text')).toMatchObject({ text });
  await expect(put('broken', { text: '\ud800' })).rejects.toMatchObject({ name: 'SerializationException' });
  await expect(put('big', { text: 'x'.repeat(420_000) })).rejects.toMatchObject({
    name: 'ValidationException',
  });
});

test('pages go on where they ended, backwards too', async () => {
  for (let index = 0; index < 5; index += 1) await put(`page-${index}`);
  const seen: unknown[] = [];
  let from: Record<string, unknown> | undefined;
  do {
    const { Items = [], LastEvaluatedKey } = await client.send(
      new QueryCommand({
        TableName,
        KeyConditionExpression: 'pk = :pk AND begins_with(sk, :sk)',
        ExpressionAttributeValues: { ':pk': 'a', ':sk': 'page-' },
        Limit: 2,
        ScanIndexForward: false,
        ConsistentRead: true,
        ExclusiveStartKey: from,
      }),
    );
    seen.push(...Items.map(({ sk }) => sk as unknown));
    from = LastEvaluatedKey;
  } while (from !== undefined);
  expect(seen).toEqual(['page-4', 'page-3', 'page-2', 'page-1', 'page-0']);
});

test('one that hangs is ended and started again, and who asked meanwhile gets an answer', async () => {
  const hung = pid();
  const restarted = events.length;
  process.kill(hung, 'SIGSTOP');
  const from = Date.now();
  expect(await get('1')).toMatchObject({ n: 1 });
  expect(Date.now() - from).toBeLessThan(20_000);
  expect(pid()).not.toBe(hung);
  await until(() => events.slice(restarted).includes('restarted'));
});

test('a file that is gone is never written to with success; once it is back so is the table', async () => {
  const moved = `${folder}-moved`;
  renameSync(folder, moved);
  try {
    await expect(put('into nothing')).rejects.toMatchObject({ name: 'StorageUnavailable' });
    await expect(get('1')).rejects.toMatchObject({ name: 'StorageUnavailable' });
    expect(events.at(-1)).toBe('missing');
    await until(() => {
      try {
        return readFileSync(`/proc/${pid()}/cmdline`, 'utf8') === '';
      } catch {
        return true;
      }
    });
  } finally {
    renameSync(moved, folder);
  }
  await until(() => events.at(-1) === 'restarted');
  expect(await get('1')).toMatchObject({ n: 1 });
  expect(await get('into nothing')).toBeUndefined();
});

test('another file in its place ends the host that used the first', async () => {
  const moved = `${folder}-moved`;
  renameSync(join(folder, 'table.db'), moved);
  writeFileSync(join(folder, 'table.db'), '');
  try {
    await expect(get('1')).rejects.toMatchObject({ name: 'StorageUnavailable' });
    await until(() => events.at(-1)?.startsWith('lost') ?? false);
    expect(events.at(-1)).toMatch(/table\.db was replaced by another file while the host was running\.$/);
  } finally {
    rmSync(moved);
  }
});
