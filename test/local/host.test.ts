import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  DeleteModelCommand,
  DeleteProjectCommand,
  DetectAnomaliesCommand,
  ListModelsCommand,
  ListProjectsCommand,
  StartModelCommand,
  StopModelCommand,
} from '@aws-sdk/client-lookoutvision';
import { afterAll, afterEach, beforeAll, expect, jest, test } from '@jest/globals';
import { until } from '../helpers/engine.ts';
import { HostProcess, lives, processesOf, sampleFolder } from '../helpers/host-process.ts';

jest.setTimeout(90_000); // whole processes, on a machine that may have other things to do

let samples: Awaited<ReturnType<typeof sampleFolder>>;
const running: HostProcess[] = [];

beforeAll(async () => {
  samples = await sampleFolder();
});
afterAll(() => samples.remove());
afterEach(async () => {
  for (const host of running.splice(0)) await host.destroy();
});

async function started(dataDir: string, variables: Record<string, string> = {}): Promise<HostProcess> {
  const host = await HostProcess.start(dataDir, variables);
  running.push(host);
  return host;
}

const picture = (key: string): Uint8Array =>
  readFileSync(join(samples.folder, 's3', samples.samples.bucket, key));

test('a whole life through the original client, and an end that leaves nothing', async () => {
  const folder = samples.copy();
  const host = await started(folder);
  const model = await host.trained(samples.samples.model);
  const health = await fetch(`${host.url}/health`);
  expect([health.status, await health.json()]).toEqual([200, { status: 'ok' }]);

  expect(await host.client.send(new StartModelCommand({ ...model, MinInferenceUnits: 2 }))).toMatchObject({
    Status: 'STARTING_HOSTING',
  });
  expect(await host.until('1', 'STARTING_HOSTING')).toMatchObject({ Status: 'HOSTED', MinInferenceUnits: 2 });
  const verdicts = await Promise.all(
    [...samples.samples.test.normal, ...samples.samples.test.anomaly].map(async (key) => {
      const { DetectAnomalyResult } = await host.client.send(
        new DetectAnomaliesCommand({ ...model, ContentType: 'image/jpeg', Body: picture(key) }),
      );
      return [key.includes('anomaly'), DetectAnomalyResult?.IsAnomalous];
    }),
  );
  expect(verdicts).toHaveLength(14);
  expect(verdicts.filter(([is, said]) => is !== said)).toEqual([]);

  expect(host.units()).toHaveLength(2);
  expect(await host.client.send(new StopModelCommand(model))).toMatchObject({ Status: 'STOPPING_HOSTING' });
  expect(await host.until('1', 'STOPPING_HOSTING')).toMatchObject({ Status: 'TRAINED' });
  expect(host.units()).toEqual([]);
  await host.client.send(new DeleteModelCommand(model));
  await until(
    async () =>
      (await host.client.send(new ListModelsCommand({ ProjectName: 'parts' }))).Models?.length === 0,
  );
  await host.client.send(new DeleteProjectCommand({ ProjectName: 'parts' }));

  expect(processesOf(folder)).toContain(host.database());
  expect(await host.end('SIGTERM')).toEqual({ code: 0, signal: null });
  expect(processesOf(folder)).toEqual([]);
  expect(host.errors.split('\n').filter((line) => line.includes('"level":"error"'))).toEqual([]);
});

test('a request that is under way is answered before the host ends, and Ctrl-C by way of npm is one end, not two', async () => {
  const host = await started(samples.copy());
  await host.trained(samples.samples.model);
  await host.client.send(
    new StartModelCommand({ ProjectName: 'parts', ModelVersion: '1', MinInferenceUnits: 1 }),
  );
  await host.until('1', 'STARTING_HOSTING');
  const children = host.children().map(({ pid }) => pid);
  expect(children).toHaveLength(2);

  const { hostname, port } = new URL(host.url);
  const socket = connect(Number(port), hostname);
  const body = '{"ProjectName":"late"}';
  socket.write(
    `POST /2020-11-20/projects HTTP/1.1\r\nHost: ${hostname}:${port}\r\nContent-Length: ${body.length}\r\n\r\n${body.slice(0, 5)}`,
  );
  await once(socket, 'connect');
  await fetch(`${host.url}/health`); // by then the half of it is there
  host.child.kill('SIGINT');
  host.child.kill('SIGINT');
  await until(() => host.out.includes('Stopping'));
  host.child.kill('SIGTERM');
  socket.write(body.slice(5));
  let answer = '';
  for await (const chunk of socket.setEncoding('utf8')) answer += String(chunk);
  expect(answer).toMatch(
    /^HTTP\/1.1 200 OK[^]*"ProjectArn":"arn:aws:lookoutvision:us-east-1:000000000000:project\/late"/,
  );
  expect(await host.ended).toEqual({ code: 0, signal: null });
  expect(children.filter(lives)).toEqual([]);
});

test('a host that is told to end while it starts leaves nothing either', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'crowsnest-host-'));
  const host = HostProcess.launch(folder);
  running.push(host);
  await until(() => host.database() !== 0);
  expect(await host.end('SIGTERM')).toEqual({ code: 0, signal: null });
  expect(processesOf(folder)).toEqual([]);
  rmSync(folder, { recursive: true });
});

test('a model that was hosted is hosted after a restart; one whose artifact is gone has failed, and keeps nobody else down', async () => {
  const folder = samples.copy();
  let host = await started(folder);
  const model = await host.trained(samples.samples.model);
  const other = { ...model, ModelVersion: await host.import(samples.samples.model) };
  await host.until('2', 'TRAINING');
  await host.client.send(new StartModelCommand({ ...model, MinInferenceUnits: 1 }));
  await host.client.send(new StartModelCommand({ ...other, MinInferenceUnits: 1, MaxInferenceUnits: 2 }));
  for (const version of ['1', '2'])
    expect(await host.until(version, 'STARTING_HOSTING')).toMatchObject({ Status: 'HOSTED' });
  await host.end('SIGTERM');
  rmSync(artifactOf(folder, '1'), { recursive: true });

  host = await started(folder);
  const failed = await host.describe('1');
  expect(failed.Status).toBe('HOSTING_FAILED');
  expect(failed.StatusMessage).toMatch(
    /^The model could not be hosted again after a restart\. .*Import the model again/,
  );
  expect(await host.describe('2')).toMatchObject({
    Status: 'HOSTED',
    MinInferenceUnits: 1,
    MaxInferenceUnits: 2,
  });
  expect(host.units()).toHaveLength(1);
  const { DetectAnomalyResult } = await host.client.send(
    new DetectAnomaliesCommand({
      ...other,
      ContentType: 'image/jpeg',
      Body: picture(samples.samples.test.anomaly[0] ?? ''),
    }),
  );
  expect(DetectAnomalyResult?.IsAnomalous).toBe(true);
  await host.client.send(new StopModelCommand(model));
  expect(await host.until('1', 'STOPPING_HOSTING')).toMatchObject({ Status: 'TRAINED' });
});

test('a database that dies is started again, on the same rows', async () => {
  const host = await started(samples.copy());
  await host.trained(samples.samples.model);
  const first = host.database();
  process.kill(first, 'SIGKILL');
  await until(() => host.errors.includes('was started again'));
  expect(host.database()).not.toBe(first);
  expect(await host.client.send(new ListProjectsCommand({}))).toMatchObject({
    Projects: [{ ProjectName: 'parts' }],
  });
  for (let times = 2; times <= 6; times += 1) {
    await until(() => host.errors.split('was started again').length === times);
    process.kill(host.database(), 'SIGKILL');
  }
  expect(await host.ended).toEqual({ code: 1, signal: null });
  expect(host.errors).toContain(
    'The embedded DynamoDB ended 6 times within a minute, the last time by SIGKILL.',
  );
});

/** Where the host keeps its own copy of a model. */
const artifactOf = (folder: string, version: string): string => {
  const kept = join(folder, 's3', 'crowsnest-artifacts', 'parts');
  return join(kept, readdirSync(kept).find((name) => name.startsWith(`${version}-`)) ?? 'none');
};

/**
 * Everything that it says when it does not start: a sentence, and nothing of where in the code it came from.
 */
async function refusal(dataDir: string, variables: Record<string, string>): Promise<string> {
  const host = HostProcess.launch(dataDir, variables);
  running.push(host);
  expect(await host.ended).toEqual({ code: 1, signal: null });
  expect(host.out).toBe('');
  expect(host.errors.trim().split('\n')).toHaveLength(1);
  return host.errors.trim();
}

test('what keeps a host from starting is said in one sentence, and nothing is left running', async () => {
  const folder = samples.copy();
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  const file = join(folder, 'a-file');
  writeFileSync(file, '');

  expect(await refusal(folder, { PORT: String(port) })).toBe(
    `Port ${port} of 127.0.0.1 is in use. End what uses it, or set PORT to another one (0 takes one that is free).`,
  );
  taken.close();
  expect(await refusal(file, {})).toMatch(/^DATA_DIR must be a folder that can be made and written: EEXIST/);
  expect(await refusal(folder, { DYNAMODB_ENDPOINT: `http://127.0.0.1:${port}` })).toMatch(
    new RegExp(
      `^DYNAMODB_ENDPOINT is http://127.0.0.1:${port}, which does not answer as DynamoDB does: .*ECONNREFUSED`,
    ),
  );
  expect(await refusal(folder, { HOST: '0.0.0.0' })).toBe(
    'HOST is 0.0.0.0, which others can reach. Set CROWSNEST_KEYS, so that they must sign, or leave HOST unset.',
  );
  expect(processesOf(folder)).toEqual([]);

  await started(folder, { AWS_USE_FIPS_ENDPOINT: 'true', AWS_PROFILE: 'nobody' });
  expect(await refusal(folder, {})).toBe(
    `Another host is running on ${folder}. Stop it, or set DATA_DIR to another folder.`,
  );
});
