import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CreateProjectCommand,
  DeleteModelCommand,
  DetectAnomaliesCommand,
  ListModelsCommand,
  StartModelCommand,
  StopModelCommand,
} from '@aws-sdk/client-lookoutvision';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { backUp } from '../../lambdas/local/backup.ts';
import { startDatabase } from '../../lambdas/local/database.ts';
import { documentClient } from '../../lambdas/local/table-client.ts';
import { scan } from '../../lambdas/local/execution-memory.ts';
import { seeded } from '../../lambdas/local/samples/part.ts';
import { picture } from '../helpers/artifacts.ts';
import { until } from '../helpers/engine.ts';
import { HostProcess, lives, processesOf, smallFolder } from '../helpers/host-process.ts';

jest.setTimeout(90_000); // whole processes, on a machine that may have other things to do

const seed = Number(process.env['KILL_SEED'] ?? Date.now() % 1_000_000);
const random = seeded(seed);
const model = { ProjectName: 'parts', ModelVersion: '1' };
const nobody = { register: () => undefined, unregister: () => undefined };

let world: Awaited<ReturnType<typeof smallFolder>>;
let host: HostProcess;

beforeAll(async () => {
  console.log(`The moments of the kills come from KILL_SEED=${seed}`);
  world = await smallFolder();
  host = await HostProcess.start(world.folder);
  await host.client.send(new CreateProjectCommand({ ProjectName: 'parts' }));
});
afterAll(async () => {
  await host.destroy();
  world.remove();
});

/**
 * Asks for something, kills the host at some moment of it, and starts another, which finds nothing alive of
 * the first. Asks again, with the same client token, as a client does that has had no answer.
 */
async function interrupted(ask: () => Promise<unknown>, after = random() * 500): Promise<void> {
  const asked = ask().catch(() => undefined);
  await sleep(after);
  await killed();
  await asked;
  await ask();
}

async function killed(): Promise<void> {
  const children = host.children().map(({ pid }) => pid);
  await host.end('SIGKILL');
  host = await HostProcess.start(world.folder);
  expect(children.filter(lives)).toEqual([]);
  await until(() =>
    processesOf(world.folder).every((pid) => host.children().some((child) => child.pid === pid)),
  );
}

/**
 * Waits for the state that was asked for; then there are as many units as the row says, and the quota counts
 * what is reserved.
 */
async function settled(status: string, units: number): Promise<void> {
  await until(async () => (await host.describe('1')).Status === status);
  expect((await host.describe('1')).MinInferenceUnits ?? 0).toBe(units);
  await until(() => host.units().length === units);
  expect(await counted()).toEqual({ used: units > 0 ? 1 : 0, reserved: units > 0 ? 1 : 0 });
}

async function counted(): Promise<{ readonly used: number; readonly reserved: number }> {
  const copy = mkdtempSync(join(tmpdir(), 'crowsnest-copy-'));
  await backUp(world.folder, copy);
  const database = await startDatabase(join(copy, 'table.db'), nobody);
  const client = documentClient(database);
  try {
    let reserved = 0;
    for await (const row of scan(client, 'crowsnest')) if (row['reserved'] === true) reserved += 1;
    const { Item } = await client.send(
      new GetCommand({ TableName: 'crowsnest', Key: { pk: 'QUOTA', sk: 'RUNNING_MODELS' } }),
    );
    return { used: Number(Item?.['used'] ?? 0), reserved };
  } finally {
    client.destroy();
    await database.close();
    rmSync(copy, { recursive: true });
  }
}

const start = (token: string) => () =>
  host.client.send(new StartModelCommand({ ...model, MinInferenceUnits: 2, ClientToken: token }));
const stop = (token: string) => () =>
  host.client.send(new StopModelCommand({ ...model, ClientToken: token }));

async function detects(): Promise<void> {
  const Body = await picture('#fff').png().toBuffer();
  const { DetectAnomalyResult } = await host.client.send(
    new DetectAnomaliesCommand({ ...model, ContentType: 'image/png', Body }),
  );
  expect(DetectAnomalyResult?.IsAnomalous).toBe(true);
}

test('killed while it imports', async () => {
  await interrupted(() => host.import(world.model, 'parts', 'import-1'), random() * 250);
  await settled('TRAINED', 0);
  expect((await host.client.send(new ListModelsCommand({ ProjectName: 'parts' }))).Models).toHaveLength(1);
});

test('killed while it starts a model, and again while it starts itself', async () => {
  const asked = start('start-1')().catch(() => undefined);
  await sleep(random() * 500);
  await host.end('SIGKILL');
  await asked;
  const second = HostProcess.launch(world.folder);
  await sleep(random() * 600);
  await second.end('SIGKILL');
  host = await HostProcess.start(world.folder);
  await start('start-1')();
  await settled('HOSTED', 2);
  await detects();
});

test('killed while it hosts and judges, one of its units asleep', async () => {
  const [asleep = 0] = host.units();
  process.kill(asleep, 'SIGSTOP');
  void detects().catch(() => undefined);
  await sleep(random() * 50);
  await killed();
  expect(lives(asleep)).toBe(false);
  await settled('HOSTED', 2);
  await detects();
});

test('killed while it stops', async () => {
  await interrupted(stop('stop-1'), random() * 60);
  await settled('TRAINED', 0);
});

test('killed while it stops a model that was just starting', async () => {
  await start('start-2')();
  await sleep(random() * 300);
  await interrupted(stop('stop-2'), random() * 60);
  await settled('TRAINED', 0);
});

test('killed again and again while it starts', async () => {
  for (const after of [0, 0.15, 0.3].map((least) => (least + random() * 0.15) * 1000))
    await interrupted(start('start-3'), after);
  await settled('HOSTED', 2);
  await stop('stop-3')();
  await settled('TRAINED', 0);
});

test('killed while it deletes', async () => {
  await interrupted(
    () => host.client.send(new DeleteModelCommand({ ...model, ClientToken: 'delete-1' })),
    random() * 60,
  );
  await until(
    async () =>
      (await host.client.send(new ListModelsCommand({ ProjectName: 'parts' }))).Models?.length === 0,
  );
  expect(await counted()).toEqual({ used: 0, reserved: 0 });
  const kept = join(world.folder, 's3', 'crowsnest-artifacts', 'parts');
  expect(existsSync(kept) ? readdirSync(kept) : []).toEqual([]);
});
