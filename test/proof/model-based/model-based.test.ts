import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { documentClient, startDatabase, type Database } from '../../../lambdas/local/database.ts';
import { histories, type CallName, type Command, type History } from './commands.ts';
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

const call = (operation: CallName, token = 0): Command => ({ do: 'call', operation, project: 0, version: 2, token, units: 1, skew: 0, finish: true });
const next = (skew = 0): Command => ({ do: 'task', pick: 0, skew, finish: true });
const strand: Command = { do: 'strand', pick: 0, skew: 0 };

// Histories that chance finds seldom. Taking a belief out of a write (the end of `createUntil`, that a run has not ended, the token) fails at least one.
test.each<[string, History]>([
  ['a create that arrives when its model has been stopped', {
    on: 'aws', about: 'hosting',
    commands: [call('StartModel'), { do: 'step', pick: 0, fault: 'none' }, next(), { ...strand, skew: -3000 }, call('StopModel'), { do: 'abort', pick: 0 },
      next(), next(3000), next(3000), { do: 'arrive', pick: 0 }, next(3000), next(3000), next(3000), next(3000)],
  }],
  ['a create of one attempt that arrives while another releases', {
    on: 'aws', about: 'hosting',
    commands: [call('StartModel'), next(), strand, { do: 'time', seconds: 20 }, strand, call('StopModel'), { do: 'abort', pick: 0 }, next(), next(), next(), next(), { do: 'arrive', pick: 1 }, next(), { do: 'arrive', pick: 0 }, next(), next()],
  }],
  ['a task that ends in the middle of a release, twice, and a sweep that comes meanwhile', {
    on: 'laptop', about: 'hosting',
    commands: [call('StartModel', 1), next(), next(), next(), next(), call('StopModel', 1), next(), strand, { do: 'time', seconds: 65 }, { do: 'sweep', skew: 0, finish: true }, strand, next(), next(), next(),
      { do: 'restart' }, call('StartModel', 1), call('StopModel', 1)],
  }],
  ['two that end the same run, because a laptop slept between the look and the write of the first', {
    on: 'laptop', about: 'hosting',
    commands: [call('StartModel'), next(), next(), next(), next(), call('StopModel'), next(), next(), { do: 'task', pick: 0, skew: 0, finish: false },
      ...Array.from({ length: 4 }, (): Command => ({ do: 'step', pick: 0, fault: 'none' })), { do: 'time', seconds: 700 }, { do: 'sweep', skew: 0, finish: true },
      next(), next(), next(), next(), { do: 'finish', pick: 0 }],
  }],
  ['a create that was announced between the look and the end', {
    on: 'aws', about: 'hosting',
    commands: [{ do: 'mood', born: 'creating', slowRemoval: false, admission: 'yes' }, call('StartModel'), next(), { do: 'task', pick: 0, skew: 0, finish: false }, { do: 'step', pick: 0, fault: 'none' },
      call('StopModel'), { do: 'abort', pick: 0 }, next(), next(), { do: 'task', pick: 0, skew: 0, finish: false }, ...Array.from({ length: 4 }, (): Command => ({ do: 'step', pick: 1, fault: 'none' })),
      { do: 'finish', pick: 0 }, { do: 'finish', pick: 0 }],
  }],
  ['a call that is repeated with its token while the model moves on', {
    on: 'aws', about: 'hosting',
    commands: [call('StartModel', 1), call('StartModel', 1), next(), next(), next(), next(), call('StartModel', 1), call('StopModel', 1), call('StartModel', 1), next(), next(), next(), next(), call('StopModel', 1)],
  }],
])('%s', async (_name, history) => {
  await live(client, { ...history, commands: [next(), ...history.commands] }); // first the import that the prologue leaves
});

// A failure prints its seed and path: npm run chaos -- --only histories --seed <seed> --path <path>
test('whatever happens in whatever order, what was promised holds', async () => {
  let steps = 0;
  await fc.assert(fc.asyncProperty(histories, async (history) => {
    steps += (await live(client, history)).steps;
  }), { interruptAfterTimeLimit: 12_000, markInterruptAsFailure: false, numRuns: 100_000, endOnFailure: false });
  expect(steps).toBeGreaterThan(100);
}, 60_000);
