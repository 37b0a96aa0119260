import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { startDatabase, type Database } from '../../../lambdas/local/database.ts';
import { documentClient } from '../../../lambdas/local/table-client.ts';
import { histories, type CallName, type Command, type History } from './commands.ts';
import { live } from './history.ts';

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

const call = (operation: CallName, token = 0, { body = 0, version = 2 } = {}): Command => ({
  do: 'call',
  operation,
  project: 0,
  version,
  token,
  units: 1,
  body,
  skew: 0,
  finish: true,
});
const next = (skew = 0): Command => ({ do: 'task', pick: 0, skew, finish: true });
const strand: Command = { do: 'strand', pick: 0, skew: 0 };
const begin: Command = { do: 'task', pick: 0, skew: 0, finish: false };
const run: Command = { do: 'run', pick: 0 };
const sweep: Command = { do: 'sweep', skew: 0, finish: true };
const requests = (count: number): Command[] =>
  Array.from({ length: count }, () => ({ do: 'step', pick: 0, fault: 'none' }));
/** A task sleeps in the middle, another attempt takes over, and the first goes on. */
const overslept: Command[] = [{ do: 'time', seconds: 150 }, sweep, { do: 'finish', pick: 0 }];

// Histories that chance finds seldom. Taking a belief out of a write (the end of `createUntil`, that a run
// has not ended, the token, the attempt) fails at least one.
test.each<[string, History]>([
  [
    'a create that arrives when its model has been stopped',
    {
      on: 'aws',
      about: 'hosting',
      commands: [
        call('StartModel'),
        { do: 'step', pick: 0, fault: 'none' },
        next(),
        { ...strand, skew: -3000 },
        call('StopModel'),
        { do: 'abort', pick: 0 },
        next(),
        next(3000),
        next(3000),
        { do: 'arrive', pick: 0 },
        next(3000),
        next(3000),
        next(3000),
        next(3000),
      ],
    },
  ],
  [
    'a create of one attempt that arrives while another releases',
    {
      on: 'aws',
      about: 'hosting',
      commands: [
        call('StartModel'),
        next(),
        strand,
        { do: 'time', seconds: 20 },
        strand,
        call('StopModel'),
        { do: 'abort', pick: 0 },
        next(),
        next(),
        next(),
        next(),
        { do: 'arrive', pick: 1 },
        next(),
        { do: 'arrive', pick: 0 },
        next(),
        next(),
      ],
    },
  ],
  [
    'a task that ends in the middle of a release, twice, and a sweep that comes meanwhile',
    {
      on: 'laptop',
      about: 'hosting',
      commands: [
        call('StartModel', 1),
        next(),
        next(),
        next(),
        next(),
        call('StopModel', 1),
        next(),
        strand,
        { do: 'time', seconds: 65 },
        { do: 'sweep', skew: 0, finish: true },
        strand,
        next(),
        next(),
        next(),
        { do: 'restart' },
        call('StartModel', 1),
        call('StopModel', 1),
      ],
    },
  ],
  [
    'two that end the same run, because a laptop slept between the look and the write of the first',
    {
      on: 'laptop',
      about: 'hosting',
      commands: [
        call('StartModel'),
        next(),
        next(),
        next(),
        next(),
        call('StopModel'),
        next(),
        next(),
        { do: 'task', pick: 0, skew: 0, finish: false },
        ...Array.from({ length: 4 }, (): Command => ({ do: 'step', pick: 0, fault: 'none' })),
        { do: 'time', seconds: 700 },
        { do: 'sweep', skew: 0, finish: true },
        next(),
        next(),
        next(),
        next(),
        { do: 'finish', pick: 0 },
      ],
    },
  ],
  [
    'a create that was announced between the look and the end',
    {
      on: 'aws',
      about: 'hosting',
      commands: [
        { do: 'mood', born: 'creating', slowRemoval: false, admission: 'yes' },
        call('StartModel'),
        next(),
        { do: 'task', pick: 0, skew: 0, finish: false },
        { do: 'step', pick: 0, fault: 'none' },
        call('StopModel'),
        { do: 'abort', pick: 0 },
        next(),
        next(),
        { do: 'task', pick: 0, skew: 0, finish: false },
        ...Array.from({ length: 4 }, (): Command => ({ do: 'step', pick: 1, fault: 'none' })),
        { do: 'finish', pick: 0 },
        { do: 'finish', pick: 0 },
      ],
    },
  ],
  [
    'a create that arrives when its model has been stopped, of what the engine does not show for a while',
    {
      on: 'lambda',
      about: 'hosting',
      commands: [
        { do: 'mood', born: 'creating', slowRemoval: false, admission: 'yes' },
        call('StartModel'),
        next(),
        { ...strand, skew: -3000 },
        call('StopModel'),
        { do: 'abort', pick: 0 },
        next(),
        { do: 'time', seconds: 50 },
        { do: 'arrive', pick: 0 },
        next(3000),
        { do: 'time', seconds: 5 },
        next(3000),
        next(3000),
      ],
    },
  ],
  [
    'a call that is repeated with its token while the model moves on',
    {
      on: 'aws',
      about: 'hosting',
      commands: [
        call('StartModel', 1),
        call('StartModel', 1),
        next(),
        next(),
        next(),
        next(),
        call('StartModel', 1),
        call('StopModel', 1),
        call('StartModel', 1),
        next(),
        next(),
        next(),
        next(),
        call('StopModel', 1),
      ],
    },
  ],
  [
    'lines that arrive when the dataset is whole',
    {
      on: 'aws',
      about: 'learning',
      commands: [
        call('UpdateDatasetEntries', 1, { body: 2 }),
        strand,
        run,
        call('ListDatasetEntries'),
        { do: 'arrive', pick: 0 },
        call('ListDatasetEntries'),
        call('DescribeDataset'),
      ],
    },
  ],
  [
    'two that complete the same update, because a laptop slept in the middle of the first step and of the last',
    {
      on: 'laptop',
      about: 'learning',
      commands: [
        call('UpdateDatasetEntries', 1),
        begin,
        ...requests(1),
        ...overslept,
        run,
        next(),
        next(),
        begin,
        ...requests(3),
        ...overslept,
        call('ListDatasetEntries'),
        run,
        run,
        call('ListDatasetEntries'),
        call('UpdateDatasetEntries', 1),
      ],
    },
  ],
  [
    'an update that is slow, and begins anew in the middle of carrying',
    {
      on: 'aws',
      about: 'learning',
      commands: [
        call('UpdateDatasetEntries', 0, { body: 1 }),
        { do: 'slow', pick: 0 },
        next(),
        { do: 'slow', pick: 0 },
        call('ListDatasetEntries'),
        { do: 'abort', pick: 0 },
        { do: 'time', seconds: 130 },
        sweep,
        { do: 'slow', pick: 0 },
        run,
        call('ListDatasetEntries'),
        call('CreateModel'),
        call('UpdateDatasetEntries', 0, { body: 2 }),
        run,
        call('CreateModel'),
      ],
    },
  ],
  [
    'changes of which one is bad, and a dataset that is deleted and made anew at once',
    {
      on: 'aws',
      about: 'learning',
      commands: [
        call('UpdateDatasetEntries', 2, { body: 3 }),
        run,
        call('UpdateDatasetEntries', 2, { body: 3 }),
        call('ListDatasetEntries'),
        call('DeleteDataset', 3),
        call('CreateDataset', 1),
        call('DeleteDataset', 3),
        run,
        call('ListDatasetEntries'),
        call('CreateDataset', 0, { version: 3, body: 1 }),
        run,
        call('CreateModel'),
      ],
    },
  ],
  [
    'two that end the same training, because a laptop slept in the middle of the last step',
    {
      on: 'laptop',
      about: 'learning',
      commands: [
        call('CreateModel', 1),
        next(),
        next(),
        next(),
        begin,
        ...requests(3),
        ...overslept,
        run,
        run,
        call('CreateModel', 1),
        call('DeleteModel', 0),
        run,
      ],
    },
  ],
  [
    'trainings that a laptop forgets, that fail and that are refused, up to the quota and on',
    {
      on: 'laptop',
      about: 'learning',
      commands: [
        { do: 'fate', fate: 'running' },
        call('CreateModel', 1),
        call('CreateModel', 2),
        call('CreateModel', 3),
        next(),
        next(),
        { do: 'restart' },
        next(),
        next(),
        next(),
        { do: 'trainer', pick: 0, event: 'failed' },
        run,
        { do: 'fate', fate: 'refused' },
        call('CreateModel', 3),
        run,
        { do: 'run', pick: 1 },
        call('DeleteModel'),
        run,
      ],
    },
  ],
  [
    'two that end the same packaging job, whose model is deleted meanwhile',
    {
      on: 'laptop',
      about: 'learning',
      commands: [
        call('StartModelPackagingJob', 1, { version: 1 }),
        begin,
        ...requests(4),
        ...overslept,
        call('DeleteModel', 0, { version: 1 }),
        { do: 'run', pick: 1 },
        run,
        call('StartModelPackagingJob', 1, { version: 1 }),
        call('DescribeModelPackagingJob'),
      ],
    },
  ],
])('%s', async (_name, history) => {
  // first the import that the prologue leaves
  await live(client, { ...history, commands: [next(), ...history.commands] });
});

// A failure prints its seed and path: npm run chaos -- --only histories --seed <seed> --path <path>
test('whatever happens in whatever order, what was promised holds', async () => {
  let steps = 0;
  await fc.assert(
    fc.asyncProperty(histories, async (history) => {
      steps += (await live(client, history)).steps;
    }),
    // By number, not by time: on a busy machine a few seconds have room for no history at all.
    { numRuns: 30, interruptAfterTimeLimit: 240_000, markInterruptAsFailure: true, endOnFailure: false },
  );
  expect(steps).toBeGreaterThan(100);
}, 300_000);
