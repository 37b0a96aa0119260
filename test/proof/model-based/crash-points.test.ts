import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { startDatabase, type Database } from '../../../lambdas/local/database.ts';
import { documentClient } from '../../../lambdas/local/table-client.ts';
import { lambdaLives, lambdaMatrix } from './crash-points.ts';

let database: Database;
let client: DynamoDBDocumentClient;

beforeAll(async () => {
  database = await startDatabase(undefined, { register: () => undefined, unregister: () => undefined });
  client = documentClient(database);
});

afterAll(async () => {
  client.destroy();
  await database.close();
});

const shuffled = <T>(list: readonly T[]): T[] =>
  list
    .map((item) => [Math.random(), item] as const)
    .sort(([a], [b]) => a - b)
    .map(([, item]) => item);

// Some points, others each time; all of them: npm run chaos -- --only crashes
test.each(lambdaLives.map((life) => [life.name, life] as const))(
  '%s: whoever ends at a call of AWS is followed by somebody who ends what was begun',
  async (_name, life) => {
    const { points, endedAt, wrong } = await lambdaMatrix(client, life, Date.now() + 12_000, shuffled, 4);
    expect(wrong).toEqual([]);
    expect(points).toBeGreaterThan(10);
    expect(endedAt.length).toBeGreaterThanOrEqual(4);
  },
  300_000,
);
