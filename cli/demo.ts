/**
 * Walks the whole life of a model through the original client, against the host that runs, or one of its own:
 * `npm run demo`. With `-- --picture FILE` it also writes a scratched part beside its mask to FILE.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  ConflictException,
  CreateDatasetCommand,
  CreateModelCommand,
  CreateProjectCommand,
  DeleteDatasetCommand,
  DeleteModelCommand,
  DeleteProjectCommand,
  DescribeDatasetCommand,
  DescribeModelCommand,
  DetectAnomaliesCommand,
  ListModelsCommand,
  LookoutVisionClient,
  StartModelCommand,
  StopModelCommand,
  type DetectAnomalyResult,
} from '@aws-sdk/client-lookoutvision';
import { createFolderObjects } from '../lambdas/local/folder-objects.ts';
import { startHost } from '../lambdas/local/host.ts';
import { writeDataset } from '../lambdas/local/samples/dataset.ts';
import { localEnvironment } from '../lambdas/local/environment.ts';
import { createLog } from '../lambdas/domain/log.ts';
import { besideItsMask } from './verdict-picture.ts';
import { tellFailures, usage } from './usage.ts';

const {
  values: { picture: pictureFile },
} = usage(
  'npm run demo [-- --picture FILE]: walks the whole life of a model through the ' +
    'original client, on the host at PORT or one of its own. FILE gets a scratched ' +
    'part beside its mask.',
  { picture: { type: 'string' } },
);
tellFailures();
const environment = localEnvironment();
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

const running = await fetch(`http://127.0.0.1:${environment.port}/health`).then(
  (response) => response.ok,
  () => false,
);
const host = running
  ? undefined
  : await startHost({
      environment: { ...environment, port: 0 },
      log: createLog(() => undefined),
    });
const url = host?.url ?? `http://127.0.0.1:${environment.port}`;
console.log(
  host === undefined
    ? `Using the host that runs on ${url}`
    : `No host runs on port ${environment.port}: started one on ${url}`,
);

const [{ accessKeyId, secretAccessKey } = { accessKeyId: 'demo', secretAccessKey: 'demo' }] =
  environment.keys;
const client = new LookoutVisionClient({
  endpoint: url,
  region: environment.region,
  credentials: { accessKeyId, secretAccessKey },
});
const project = { ProjectName: `demo-${Date.now().toString(36)}` };
const dataset = { ...project, DatasetType: 'train' };

interface Described {
  readonly Status?: string | undefined;
  readonly StatusMessage?: string | undefined;
}

/** On a terminal all of it, in the place of what was said before; elsewhere a line for every stage. */
function say(message: string, before: string): void {
  const stage = (text: string): string => text.replace(/\d+/g, '');
  if (process.stdout.isTTY) process.stdout.write(`\x1b[s${message}\x1b[K\x1b[u`);
  else if (stage(message) !== stage(before)) process.stdout.write(`\n    ${message.padEnd(44)}`);
}

/**
 * As every published client does: asks again until the status is no longer the passing one, and shows what it
 * is told meanwhile.
 */
async function poll(passing: string, look: () => Promise<Described | undefined>): Promise<string> {
  for (let said = ''; ; await sleep(50)) {
    const { Status = passing, StatusMessage = '' } = (await look()) ?? {};
    if (Status !== passing) {
      if (process.stdout.isTTY) process.stdout.write('\x1b[K');
      if (Status.includes('FAILED')) throw new Error(`${Status}: ${StatusMessage}`);
      return Status;
    }
    if (StatusMessage !== said) say(StatusMessage, said);
    said = StatusMessage;
  }
}

const pollModel = (ModelVersion: string, passing: string): Promise<string> =>
  poll(
    passing,
    async () => (await client.send(new DescribeModelCommand({ ...project, ModelVersion }))).ModelDescription,
  );

const percent = (part = 0): string => `${(part * 100).toFixed(1)} %`;

/** In words: the verdict, and what the mask covers. */
function told({ IsAnomalous, Confidence, Anomalies = [], AnomalyMask }: DetectAnomalyResult): string {
  const areas = Anomalies.slice(1).map(
    ({ Name, PixelAnomaly }) => `, ${Name} on ${percent(PixelAnomaly?.TotalPercentageArea)}`,
  );
  return (
    `${IsAnomalous === true ? 'anomaly' : 'normal'}, sure to ${percent(Confidence)}${areas.join('')}; a ` +
    `mask of ${AnomalyMask?.length ?? 0} bytes`
  );
}

let wrong = 0;
try {
  const s3 = join(environment.dataDir, 's3');
  const {
    bucket: Bucket,
    manifest: Key,
    images,
    unseen,
  } = await step(
    'Draw sample parts, and a manifest of them',
    () => writeDataset(createFolderObjects(s3)),
    ({ manifest }) => manifest,
  );
  await step(
    'CreateProject',
    () => client.send(new CreateProjectCommand(project)),
    () => project.ProjectName,
  );

  await step(
    'CreateDataset',
    () =>
      client.send(
        new CreateDatasetCommand({
          ...dataset,
          DatasetSource: { GroundTruthManifest: { S3Object: { Bucket, Key } } },
        }),
      ),
    ({ DatasetMetadata }) => String(DatasetMetadata?.Status),
  );
  await step(
    'DescribeDataset until it is read',
    () =>
      poll(
        'CREATE_IN_PROGRESS',
        async () => (await client.send(new DescribeDatasetCommand(dataset))).DatasetDescription,
      ),
    (status) => `${status}: ${images.normal} normal, ${images.anomaly} anomalous`,
  );

  const { ModelMetadata } = await step(
    'CreateModel',
    () =>
      client.send(
        new CreateModelCommand({ ...project, OutputConfig: { S3Location: { Bucket, Prefix: 'demo/' } } }),
      ),
    (answer) => `version ${answer.ModelMetadata?.ModelVersion}, ${answer.ModelMetadata?.Status}`,
  );
  const model = { ...project, ModelVersion: ModelMetadata?.ModelVersion ?? '' };
  await step('DescribeModel until it is trained', () => pollModel(model.ModelVersion, 'TRAINING'), String);
  await step(
    'DescribeModel: how good it is',
    () => client.send(new DescribeModelCommand(model)),
    ({ ModelDescription }) => {
      const { F1Score, Precision, Recall } = ModelDescription?.Performance ?? {};
      return (
        `F1 ${F1Score?.toFixed(2)}, precision ${Precision?.toFixed(2)}, recall ${Recall?.toFixed(2)}, on ` +
        'pictures held out'
      );
    },
  );

  const start = new StartModelCommand({
    ...model,
    MinInferenceUnits: 1,
    ClientToken: `start-${project.ProjectName}`,
  });
  await step(
    'StartModel',
    () => client.send(start),
    ({ Status }) => String(Status),
  );
  await step(
    'StartModel again, the same token',
    () => client.send(start),
    ({ Status }) => `${Status}: the same start`,
  );
  await step(
    'StartModel again, another token',
    () =>
      client.send(new StartModelCommand({ ...model, MinInferenceUnits: 1 })).then(
        () => 'was accepted',
        (error: unknown) => (error instanceof ConflictException ? 'ConflictException' : String(error)),
      ),
    String,
  );
  await step(
    'DescribeModel until it is hosted',
    () => pollModel(model.ModelVersion, 'STARTING_HOSTING'),
    String,
  );

  for (const [shows, picture] of Object.entries(unseen)) {
    const Body = await readFile(join(s3, Bucket, picture));
    await step(
      `DetectAnomalies, ${shows === 'good' ? 'a good part' : `a ${shows}`}`,
      () => client.send(new DetectAnomaliesCommand({ ...model, ContentType: 'image/jpeg', Body })),
      ({ DetectAnomalyResult: result = {} }) => {
        const found = (result.Anomalies ?? [])
          .slice(1)
          .map(({ Name }) => Name)
          .join();
        if (result.IsAnomalous !== (shows !== 'good') || found !== (shows === 'good' ? '' : shows))
          wrong += 1;
        return told(result);
      },
    ).then(async ({ DetectAnomalyResult: { AnomalyMask } = {} }) => {
      if (pictureFile !== undefined && shows === 'scratch' && AnomalyMask !== undefined)
        await writeFile(pictureFile, await besideItsMask(Body, AnomalyMask));
    });
  }

  await step(
    'StopModel',
    () => client.send(new StopModelCommand(model)),
    ({ Status }) => String(Status),
  );
  await step(
    'DescribeModel until it has stopped',
    () => pollModel(model.ModelVersion, 'STOPPING_HOSTING'),
    String,
  );
  await step(
    'DeleteModel',
    () => client.send(new DeleteModelCommand(model)),
    () => 'DELETING',
  );
  await step(
    'ListModels until it is gone',
    async () => {
      while (((await client.send(new ListModelsCommand(project))).Models ?? []).length > 0) await sleep(50);
    },
    () => 'gone',
  );
  await step(
    'DeleteDataset',
    () => client.send(new DeleteDatasetCommand(dataset)),
    () => 'gone',
  );
  await step(
    'DeleteProject',
    () => client.send(new DeleteProjectCommand(project)),
    () => 'gone',
  );
} finally {
  client.destroy();
  await host?.close();
}

const width = Math.max(...rows.map(([, outcome]) => outcome.length));
const line = '-'.repeat(48 + width + 10);
const table = rows.map(
  ([title, outcome, took]) => `${title.padEnd(48)}${outcome.padEnd(width)}${took.toFixed(0).padStart(7)} ms`,
);
console.log(['', line, ...table, line].join('\n'));
console.log(
  wrong === 0
    ? 'All verdicts are right, and the masks show what is there.'
    : `${wrong} of the verdicts are wrong.`,
);
process.exitCode = wrong === 0 ? 0 : 1;
