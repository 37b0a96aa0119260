/** Walks the whole life of a model through the original client, against the host that runs, or one of its own: `npm run demo`. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  ConflictException, CreateProjectCommand, DeleteModelCommand, DeleteProjectCommand, DescribeModelCommand, DetectAnomaliesCommand, ListModelsCommand,
  ListTagsForResourceCommand, LookoutVisionClient, StartModelCommand, StopModelCommand, TagResourceCommand, type ModelStatus,
} from '@aws-sdk/client-lookoutvision';
import { createFolderObjects } from '../lambdas/local/folder-objects.ts';
import { startHost } from '../lambdas/local/host.ts';
import { writeSamples } from '../lambdas/local/samples/write-samples.ts';
import { localEnvironment } from '../lambdas/runtime/environment.ts';
import { createLog } from '../lambdas/runtime/log.ts';

const environment = localEnvironment();
if (environment.keys.length > 0) {
  console.error('The demo does not sign its import: run it without CROWSNEST_KEYS, against a host without them.');
  process.exit(1);
}
const rows: [step: string, outcome: string, milliseconds: number][] = [];

/** Does a step, and keeps what came of it for the table at the end. */
async function step<T>(title: string, work: () => Promise<T>, told: (result: T) => string): Promise<T> {
  process.stdout.write(`  ${title.padEnd(46)}`);
  const began = performance.now();
  const result = await work();
  const took = performance.now() - began;
  const outcome = told(result);
  console.log(`${outcome}  (${took.toFixed(0)} ms)`);
  rows.push([title, outcome, took]);
  return result;
}

const running = await fetch(`http://127.0.0.1:${environment.port}/health`).then((response) => response.ok, () => false);
const host = running ? undefined : await startHost({
  environment: { ...environment, port: 0 }, log: createLog(() => undefined),
});
const url = host?.url ?? `http://127.0.0.1:${environment.port}`;
console.log(host === undefined ? `Using the host that runs on ${url}` : `No host runs on port ${environment.port}: started one on ${url}`);

const client = new LookoutVisionClient({ endpoint: url, region: environment.region, credentials: { accessKeyId: 'demo', secretAccessKey: 'demo' } });
const project = `demo-${Date.now().toString(36)}`;

/** As every published client does: asks again until the status is no longer the passing one. */
async function poll(version: string, passing: ModelStatus): Promise<ModelStatus> {
  for (;;) {
    const { ModelDescription } = await client.send(new DescribeModelCommand({ ProjectName: project, ModelVersion: version }));
    const status = ModelDescription?.Status ?? passing;
    if (status !== passing) return status;
    await sleep(50);
  }
}

async function importSample(source: { bucket: string; prefix: string }): Promise<string> {
  const response = await fetch(`${url}/2020-11-20/projects/${project}/models/import`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-amzn-client-token': `import-${project}` },
    body: JSON.stringify({ Source: { S3: { Bucket: source.bucket, Prefix: source.prefix } }, Description: 'sample' }),
  });
  const answer = await response.json() as { ModelMetadata?: { ModelVersion: string }; Message?: string };
  if (answer.ModelMetadata === undefined) throw new Error(answer.Message ?? `the import was answered with ${response.status}`);
  return answer.ModelMetadata.ModelVersion;
}

let wrong = 0;
try {
  const s3 = join(environment.dataDir, 's3');
  const samples = await step('Draw sample parts, make a sample model', () => writeSamples(createFolderObjects(s3)), ({ figures }) => `F1 ${figures.f1Score.toFixed(2)}`);
  await step('CreateProject', () => client.send(new CreateProjectCommand({ ProjectName: project })), () => project);
  const version = await step('ImportModel (an extension)', () => importSample(samples.model), (v) => `version ${v}, TRAINING`);
  const model = { ProjectName: project, ModelVersion: version };
  await step('DescribeModel until it is imported', () => poll(version, 'TRAINING'), String);

  const start = new StartModelCommand({ ...model, MinInferenceUnits: 1, ClientToken: `start-${project}` });
  await step('StartModel', () => client.send(start), ({ Status }) => String(Status));
  await step('StartModel again, the same token', () => client.send(start), ({ Status }) => `${Status}: the same start`);
  await step('StartModel again, another token', () => client.send(new StartModelCommand({ ...model, MinInferenceUnits: 1 })).then(
    () => 'was accepted', (error: unknown) => error instanceof ConflictException ? 'ConflictException' : String(error)), String);
  await step('DescribeModel until it is hosted', () => poll(version, 'STARTING_HOSTING'), String);

  for (const [kind, [picture = '']] of [['normal', samples.test.normal], ['anomaly', samples.test.anomaly]] as const) {
    const Body = await readFile(join(s3, samples.bucket, picture));
    await step(`DetectAnomalies, a picture of ${kind === 'normal' ? 'a good' : 'a bad'} part`,
      () => client.send(new DetectAnomaliesCommand({ ...model, ContentType: 'image/jpeg', Body })),
      ({ DetectAnomalyResult: result }) => {
        if (result?.IsAnomalous !== (kind === 'anomaly')) wrong += 1;
        const areas = (result?.Anomalies ?? []).slice(1).map(({ Name, PixelAnomaly }) => `, ${Name} on ${((PixelAnomaly?.TotalPercentageArea ?? 0) * 100).toFixed(1)} %`);
        return `${result?.IsAnomalous === true ? 'anomaly' : 'normal'}, sure to ${((result?.Confidence ?? 0) * 100).toFixed(0)} %${areas.join('')}`;
      });
  }

  const { ModelDescription } = await client.send(new DescribeModelCommand(model));
  const ResourceArn = ModelDescription?.ModelArn ?? '';
  await step('TagResource', () => client.send(new TagResourceCommand({ ResourceArn, Tags: [{ Key: 'line', Value: '4' }] })), () => 'line=4');
  await step('ListTagsForResource', () => client.send(new ListTagsForResourceCommand({ ResourceArn })),
    ({ Tags }) => (Tags ?? []).map(({ Key, Value }) => `${Key}=${Value}`).join(' '));
  await step('StopModel', () => client.send(new StopModelCommand(model)), ({ Status }) => String(Status));
  await step('DescribeModel until it has stopped', () => poll(version, 'STOPPING_HOSTING'), String);
  await step('DeleteModel', () => client.send(new DeleteModelCommand(model)), () => 'DELETING');
  await step('ListModels until it is gone', async () => {
    while (((await client.send(new ListModelsCommand({ ProjectName: project }))).Models ?? []).length > 0) await sleep(50);
  }, () => 'gone');
  await step('DeleteProject', () => client.send(new DeleteProjectCommand({ ProjectName: project })), () => 'gone');
} finally {
  client.destroy();
  await host?.close();
}

const width = Math.max(...rows.map(([, outcome]) => outcome.length));
const line = '-'.repeat(48 + width + 10);
console.log(`\n${line}\n${rows.map(([title, outcome, took]) => `${title.padEnd(48)}${outcome.padEnd(width)}${took.toFixed(0).padStart(7)} ms`).join('\n')}\n${line}`);
console.log(wrong === 0 ? 'Both verdicts are right.' : `${wrong} of the verdicts are wrong.`);
process.exitCode = wrong === 0 ? 0 : 1;
