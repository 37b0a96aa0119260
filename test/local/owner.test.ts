import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { createLog } from '../../lambdas/domain/log.ts';
import { localEnvironment } from '../../lambdas/local/environment.ts';
import { startHost, type Host } from '../../lambdas/local/host.ts';
import { ScriptedEngine } from '../helpers/scripted-engine.ts';
import { openDoor, type Door } from '../helpers/dynamo-door.ts';
import { TestDynamo } from '../helpers/dynamo.ts';

// Two hosts that were given the same DynamoDB.

let dynamo: TestDynamo;
let door: Door;
let folder: string;
beforeAll(async () => {
  dynamo = await TestDynamo.start();
  door = await openDoor(dynamo);
  folder = mkdtempSync(join(tmpdir(), 'crowsnest-owner-'));
});
afterAll(async () => {
  door.close();
  await dynamo.close();
  rmSync(folder, { recursive: true, force: true });
});

const losses: string[] = [];
const open = (name: string, ownerTimes = { lease: 30, heartbeat: 8 }): Promise<Host> =>
  startHost({
    environment: localEnvironment({
      PORT: '0',
      DATA_DIR: join(folder, name),
      DYNAMODB_ENDPOINT: door.url,
    }),
    log: createLog(() => undefined),
    engine: () => new ScriptedEngine(),
    ownerTimes,
    lost: (error) => losses.push(`${name}: ${error.message}`),
  });

const projects = async (host: Host): Promise<number> =>
  (await fetch(`${host.url}/2020-11-20/projects`)).status;

test('a second host is refused and told who owns the table; when the first has closed, it starts', async () => {
  const first = await open('first');
  await expect(open('second')).rejects.toThrow(
    new RegExp(
      `^The table is owned by another host: process ${process.pid} on \\S+, with the data folder ${join(folder, 'first')}, since \\S+Z\\..* the table is free at \\S+Z\\.$`,
    ),
  );
  expect(await projects(first)).toBe(200);
  await first.close();
  const second = await open('second');
  expect(await projects(second)).toBe(200);
  await second.close();
  expect(losses).toEqual([]);
}, 300_000);

test('a host that could not renew its lease takes no further step, and says so; the next one goes on', async () => {
  const first = await open('asleep', { lease: 2, heartbeat: 3600 });
  expect(await projects(first)).toBe(200);
  await sleep(2100); // a machine that slept, or a process that was stopped: its heartbeat did not come
  expect(await projects(first)).toBe(503);
  const next = await open('next');
  expect(await projects(next)).toBe(200);
  expect(await projects(first)).toBe(503);
  await first.close();
  expect(await projects(next)).toBe(200); // closing gave up nothing that was the other's
  await next.close();
}, 300_000);

test('a host whose table another one took is told, and must end', async () => {
  const host = await open('taken', { lease: 30, heartbeat: 0.2 });
  await dynamo.client.send(
    new UpdateCommand({
      TableName: 'crowsnest',
      Key: { pk: 'OWNER', sk: 'OWNER' },
      UpdateExpression: 'SET #owner = :other, #host = :host, #until = :until',
      ExpressionAttributeNames: { '#owner': 'owner', '#host': 'host', '#until': 'until' },
      ExpressionAttributeValues: { ':other': 'x', ':host': 'elsewhere', ':until': Date.now() + 60_000 },
    }),
  );
  for (let waited = 0; losses.length === 0 && waited < 300; waited += 1) await sleep(100);
  expect(losses).toEqual([
    expect.stringMatching(
      /^taken: Process \d+ on elsewhere owns the table of this host now\. A host without/,
    ),
  ]);
  expect(await projects(host)).toBe(503);
  await host.close();
}, 300_000);
