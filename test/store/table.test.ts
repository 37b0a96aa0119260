import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import {
  absent,
  atMost,
  check,
  either,
  equals,
  oneOf,
  present,
  put,
  remove,
  update,
  type TransactionItem,
} from '../../lambdas/store/expression.ts';
import { ConditionFailed, Table } from '../../lambdas/store/table.ts';
import { TestClock } from '../helpers/clock.ts';
import { TestDynamo } from '../helpers/dynamo.ts';

let dynamo: TestDynamo;
let table: Table;
const key = (sk: string) => ({ pk: 'P', sk });

beforeAll(async () => {
  dynamo = await TestDynamo.start();
  table = new Table(dynamo.client, await dynamo.table(`table-${randomUUID()}`), new TestClock());
});
afterAll(() => dynamo.close());

async function refused(...parts: TransactionItem[]): Promise<ConditionFailed> {
  const error: unknown = await table.commit(parts).then(
    () => undefined,
    (each: unknown) => each,
  );
  if (error instanceof ConditionFailed) return error;
  throw new Error('the write was not refused', { cause: error });
}

test('all parts are written, or none; and the refusal names the parts and shows their rows', async () => {
  await table.commit([
    put('first', key('a'), { n: 1 }, absent('pk')),
    put('second', key('b'), { n: 2, list: ['x'] }, absent('pk')),
  ]);
  const no = await refused(
    put('new', key('c'), { n: 3 }, absent('pk')),
    update('first', key('a'), { set: { n: 9 } }, equals('n', 1)),
    update('second', key('b'), { add: { n: 1 } }, atMost('n', 1)),
    check('missing', key('z'), present('pk')),
  );
  expect(['new', 'first', 'second', 'missing'].filter((part) => no.at(part))).toEqual(['second', 'missing']);
  expect(no.row('second')).toEqual({ ...key('b'), n: 2, list: ['x'] });
  expect(no.row('missing')).toBeUndefined();
  expect(no.message).toBe('the condition of second, missing did not hold');
  expect(await table.get(key('a'))).toEqual({ ...key('a'), n: 1 });
  expect(await table.get(key('c'))).toBeUndefined();
});

test('one part is one write, under the same rules', async () => {
  await table.commit([put('row', key('single'), { state: 'on', n: 1, old: true })]);
  await table.commit([
    update(
      'row',
      key('single'),
      { set: { state: 'off', ignored: undefined }, remove: ['old'], add: { n: 2, fresh: 1 } },
      oneOf('state', ['on', 'idle']),
    ),
  ]);
  expect(await table.get(key('single'))).toEqual({ ...key('single'), state: 'off', n: 3, fresh: 1 });
  const no = await refused(remove('row', key('single'), either(absent('state'), equals('state', 'on'))));
  expect(no.row('row')).toMatchObject({ state: 'off' });
  expect((await refused(check('row', key('single'), equals('state', 'on')))).at('row')).toBe(true);
  await table.commit([remove('row', key('single'), equals('state', 'off'))]);
  expect(await table.get(key('single'))).toBeUndefined();
});

test('conditions reach into maps, and names that DynamoDB reserves are names like others', async () => {
  await table.commit([put('row', key('map'), { operation: { id: 'x', attempt: 1 }, status: 'A', size: 1 })]);
  await table.commit([
    update(
      'row',
      key('map'),
      { set: { 'operation.attempt': 2, status: 'B' } },
      equals('operation.id', 'x'),
      equals('operation.attempt', 1),
      equals('size', 1),
    ),
  ]);
  expect(await table.get(key('map'))).toMatchObject({ operation: { id: 'x', attempt: 2 }, status: 'B' });
});

test('a query goes on over the pages of DynamoDB, which end at a megabyte, and only as far as it is read', async () => {
  const text = 'x'.repeat(300_000);
  for (let row = 0; row < 8; row += 1)
    await table.commit([put('row', { pk: 'LONG', sk: String(row) }, { text })]);
  const query = { KeyConditionExpression: 'pk = :pk', ExpressionAttributeValues: { ':pk': 'LONG' } };
  const queries = (): number => dynamo.passed.filter(({ operation }) => operation === 'Query').length;
  const before = queries();
  const found: unknown[] = [];
  for await (const row of table.query(query)) found.push(row['sk']);
  expect(found).toEqual(['0', '1', '2', '3', '4', '5', '6', '7']);
  const pages = queries() - before;
  expect(pages).toBeGreaterThan(1);
  for await (const row of table.query(query)) if (row['sk'] === '1') break;
  expect(queries()).toBe(before + pages + 1);
});
