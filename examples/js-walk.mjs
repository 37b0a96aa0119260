/**
 * The life of a model with the original client for JavaScript (@aws-sdk/client-lookoutvision, up to 3.918.0).
 *
 *   npm run samples && npm start       # in one terminal
 *   node examples/js-walk.mjs          # in another; ENDPOINT and DATA_DIR as the host has them, if not the defaults
 *
 * Against a host with CROWSNEST_KEYS set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to one of its keys.
 */
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  ConflictException,
  CreateProjectCommand,
  DeleteModelCommand,
  DeleteProjectCommand,
  DescribeModelCommand,
  DetectAnomaliesCommand,
  ListModelsCommand,
  LookoutVisionClient,
  StartModelCommand,
  StopModelCommand,
} from '@aws-sdk/client-lookoutvision';

const {
  ENDPOINT: endpoint = 'http://127.0.0.1:8080',
  DATA_DIR = 'data',
  AWS_ACCESS_KEY_ID = 'any',
  AWS_SECRET_ACCESS_KEY = 'any',
} = process.env;
const pictures = join(DATA_DIR, 's3/crowsnest-samples/parts/test');
const client = new LookoutVisionClient({
  endpoint,
  region: 'us-east-1',
  credentials: { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY },
});
const ProjectName = `walk-${process.pid}`;
const model = { ProjectName, ModelVersion: '1' };

/** The one call that the client does not know, an extension: another command of the same client carries it, and so it is signed like all. */
async function importModel(source) {
  const command = new StartModelCommand({ ...model, MinInferenceUnits: 1 });
  command.middlewareStack.add(
    (next) => (args) => {
      args.request.path = `/2020-11-20/projects/${ProjectName}/models/import`;
      args.request.body = JSON.stringify({ Source: source });
      args.request.headers['content-length'] = String(Buffer.byteLength(args.request.body));
      return next(args);
    },
    { step: 'build', priority: 'low', name: 'importModel' },
  );
  await client.send(command);
}

/** Asks again while the status is the one given, as every client of the service did. */
async function whileItIs(status) {
  for (;;) {
    const { ModelDescription } = await client.send(new DescribeModelCommand(model));
    if (ModelDescription.Status !== status) {
      console.log(ModelDescription.Status, '-', ModelDescription.StatusMessage);
      return;
    }
    await sleep(200);
  }
}

const { ProjectMetadata } = await client.send(new CreateProjectCommand({ ProjectName }));
console.log(ProjectMetadata.ProjectArn);
await importModel({ S3: { Bucket: 'crowsnest-samples', Prefix: 'model/' } });
await whileItIs('TRAINING');

console.log(
  (
    await client.send(
      new StartModelCommand({ ...model, MinInferenceUnits: 1, ClientToken: `start-${ProjectName}` }),
    )
  ).Status,
);
await client.send(new StartModelCommand({ ...model, MinInferenceUnits: 1 })).catch((error) => {
  if (!(error instanceof ConflictException)) throw error;
  console.log(error.message);
});
await whileItIs('STARTING_HOSTING');
for (const folder of ['normal', 'anomaly']) {
  const [name] = (await readdir(join(pictures, folder))).sort();
  const { DetectAnomalyResult } = await client.send(
    new DetectAnomaliesCommand({
      ...model,
      ContentType: 'image/jpeg',
      Body: createReadStream(join(pictures, folder, name)),
    }),
  );
  console.log(
    name,
    DetectAnomalyResult.IsAnomalous ? 'anomalous' : 'normal',
    DetectAnomalyResult.Confidence.toFixed(3),
  );
}

console.log((await client.send(new StopModelCommand(model))).Status);
await whileItIs('STOPPING_HOSTING');
await client.send(new DeleteModelCommand(model));
while ((await client.send(new ListModelsCommand({ ProjectName }))).Models.length > 0) await sleep(200);
await client.send(new DeleteProjectCommand({ ProjectName }));
