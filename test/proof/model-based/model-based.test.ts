import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { documentClient, startDatabase, type Database } from '../../../lambdas/local/database.ts';
import { histories } from './commands.ts';
import { live } from './history.ts';

let database: Database;
let client: DynamoDBDocumentClient;

beforeAll(async () => {
  database = await startDatabase(undefined, { register: () => undefined, unregister: () => undefined });
  client = documentClient(database.endpoint);
});

afterAll(async () => {
  client.destroy();
  await database.close();
});

// A failure prints its seed and path: npm run chaos -- --only histories --seed <seed> --path <path>
test('whatever happens in whatever order, what was promised holds', async () => {
  let steps = 0;
  await fc.assert(fc.asyncProperty(histories, async (history) => {
    steps += (await live(client, history)).steps;
  }), { interruptAfterTimeLimit: 12_000, markInterruptAsFailure: false, numRuns: 100_000, endOnFailure: false });
  expect(steps).toBeGreaterThan(100);
}, 60_000);
