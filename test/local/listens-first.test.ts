import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { systemClock } from '../../lambdas/domain/clock-and-ids.ts';
import { createLog } from '../../lambdas/domain/log.ts';
import { localEnvironment } from '../../lambdas/local/environment.ts';
import { startHost } from '../../lambdas/local/host.ts';
import { places } from '../../lambdas/store/keys.ts';
import { Store } from '../../lambdas/store/store.ts';
import { openDoor, type Door } from '../helpers/dynamo-door.ts';
import { TestDynamo } from '../helpers/dynamo.ts';
import { ScriptedEngine } from '../helpers/scripted-engine.ts';

const datasets = ['one', 'two', 'three'];
const linesOfEach = 1500;

let dynamo: TestDynamo;
let door: Door;
let store: Store;
let folder: string;
beforeAll(async () => {
  dynamo = await TestDynamo.start();
  door = await openDoor(dynamo);
  folder = mkdtempSync(join(tmpdir(), 'crowsnest-listens-'));
  store = new Store(dynamo.client, await dynamo.table('crowsnest'), systemClock);
  for (const dataset of datasets) {
    await store.entries.write(
      dataset,
      Array.from({ length: linesOfEach }, (_, position) => ({
        position,
        line: JSON.stringify({ 'source-ref': `s3://photos/${dataset}/${position}.jpg` }),
      })),
    );
    // As DeleteDataset leaves it: due long ago, when the host that was to carry it out had ended.
    const partitions = [places.entries(dataset), places.pictures(dataset)];
    await store.commit(
      store.scheduledDeletions.schedule(dataset, { partitions, dueAt: Date.now() - 1000, project: 'parts' }),
    );
  }
}, 300_000);
afterAll(async () => {
  door.close();
  await dynamo.close();
  rmSync(folder, { recursive: true, force: true });
});

const linesLeft = async (): Promise<number> => {
  let count = 0;
  for (const dataset of datasets) for await (const _ of store.entries.list(dataset, -1)) count += 1;
  return count;
};

test('a host that finds large datasets to delete serves first, and goes on serving while it deletes them', async () => {
  const host = await startHost({
    environment: localEnvironment({ PORT: '0', DATA_DIR: folder, DYNAMODB_ENDPOINT: door.url }),
    log: createLog(() => undefined),
    engine: () => new ScriptedEngine(),
  });
  const projects = async (): Promise<number> => (await fetch(`${host.url}/2020-11-20/projects`)).status;
  try {
    expect(await projects()).toBe(200);
    // Nothing of the deletions was begun before the first answer: however large they are, nobody waits.
    expect(await linesLeft()).toBe(datasets.length * linesOfEach);
    for (let waited = 0; (await linesLeft()) > 0 && waited < 600; waited += 1) {
      expect(await projects()).toBe(200);
      await sleep(100);
    }
    expect(await linesLeft()).toBe(0);
  } finally {
    await host.close();
  }
}, 300_000);
