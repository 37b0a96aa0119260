import { randomUUID } from 'node:crypto';
import { CreateProjectCommand, DeleteProjectCommand } from '@aws-sdk/client-lookoutvision';
import { S3Objects } from '../../lambdas/aws/s3-objects.ts';
import { writeSamples, type SampleSet } from '../../lambdas/local/samples/write-samples.ts';
import { callService } from '../../cli/preflight/service-call.ts';
import { functionsOf, type User } from './account.ts';
import { stage, type Deployment, type Outputs } from './deployment.ts';
import { region } from './emulator.ts';
import { Models } from './models.ts';
import type { Steps } from './steps.ts';

/** The functions that host models of this stage now. */
const unitsNow = (): Promise<string[]> =>
  functionsOf(`cn-${stage}-`).then((found) => found.map(({ name }) => name));

/** ImportModel, which the original client does not have. @returns the new version */
async function importModel(
  deployment: Deployment,
  outputs: Outputs,
  owner: User,
  project: string,
  { bucket, prefix }: SampleSet['model'],
): Promise<string> {
  const caller = { region, credentials: () => Promise.resolve(owner) };
  const answer = await callService(caller, {
    service: 'execute-api',
    path: `${new URL(deployment.endpoint(outputs)).pathname}/2020-11-20/projects/${project}/models/import`,
    headers: { 'content-type': 'application/json', 'x-amzn-client-token': randomUUID() },
    body: JSON.stringify({ Source: { S3: { Bucket: bucket, Prefix: prefix } } }),
  });
  const { ModelMetadata } = JSON.parse(answer) as { ModelMetadata: { ModelVersion: string } };
  return ModelMetadata.ModelVersion;
}

/** A hosted model, and the pictures that it must judge as they are labelled. */
export interface Hosted {
  judgeAgain(): Promise<string>;
  end(): Promise<void>;
}

/**
 * An imported model, hosted in functions that the stack makes while it runs. It stays hosted, so that the stack can
 * be updated meanwhile.
 */
export async function hostImported(
  steps: Steps,
  deployment: Deployment,
  outputs: Outputs,
  owner: User,
): Promise<Hosted> {
  const objects = new S3Objects(deployment.s3(owner));
  const ProjectName = 'imported';
  const models = new Models(deployment.client(outputs, owner), ProjectName);
  const samples = await steps.run('the samples are in the bucket', () => writeSamples(objects));
  await models.client.send(new CreateProjectCommand({ ProjectName }));
  let version = '';
  await steps.run('ImportModel -> TRAINED', async () => {
    version = await importModel(deployment, outputs, owner, ProjectName, samples.model);
    const { Performance } = await models.becomes(version, 'TRAINING', 'TRAINED');
    if (Math.abs((Performance?.F1Score ?? 0) - samples.figures.f1Score) > 1e-6)
      throw new Error(`It has the figures ${JSON.stringify(Performance)}`);
    return `F1 ${Performance?.F1Score?.toFixed(3) ?? ''}`;
  });
  await steps.run('StartModel, Min 1 and Max 2 -> HOSTED, and the first verdict', async () => {
    const began = performance.now();
    await models.start(version, { min: 1, max: 2 });
    const hosted = seconds(began);
    const units = await unitsNow();
    if (units.length !== 1) throw new Error(`There are the functions ${units.join(', ')}`);
    const picture = await objects.read({ bucket: samples.bucket, key: samples.test.normal[0] ?? '' });
    await models.judge(version, picture ?? new Uint8Array());
    return `HOSTED after ${hosted} s, the verdict after ${seconds(began)} s`;
  });
  const judge = async (): Promise<string> => {
    let right = 0;
    const { normal, anomaly } = samples.test;
    for (const key of [...normal, ...anomaly]) {
      const picture = await objects.read({ bucket: samples.bucket, key });
      if (picture === undefined) throw new Error(`There is no ${key}`);
      const { anomalous } = await models.judge(version, picture);
      if (anomalous !== anomaly.includes(key)) throw new Error(`${key} is told to be ${String(anomalous)}`);
      right += 1;
    }
    return `${right} of ${normal.length + anomaly.length} as labelled`;
  };
  await steps.run('DetectAnomalies, good and bad', judge);
  return {
    judgeAgain: judge,
    async end() {
      await steps.run('StopModel -> TRAINED', async () => {
        await models.stop(version);
        const units = await unitsNow();
        if (units.length !== 0) throw new Error(`There still are the functions ${units.join(', ')}`);
      });
      await steps.run('DeleteModel -> not there', async () => {
        await models.delete(version);
        await models.client.send(new DeleteProjectCommand({ ProjectName }));
      });
    },
  };
}

const seconds = (since: number): string => ((performance.now() - since) / 1000).toFixed(1);
