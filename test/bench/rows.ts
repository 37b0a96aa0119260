import { BatchWriteCommand, type DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Model } from '../../lambdas/domain/model.ts';
import { defaultQuotas, localLimits, localRates, type Settings } from '../../lambdas/domain/settings.ts';
import { dueShard, keys } from '../../lambdas/store/keys.ts';
import { evaluation } from '../helpers/scripted-engine.ts';

export const settings: Settings = {
  stage: 'bench',
  partition: 'aws',
  region: 'us-east-1',
  account: '111122223333',
  limits: localLimits,
  extensions: true,
  hostingPolicy: {},
  rates: localRates,
  buckets: ['*'],
  quotas: {
    ...defaultQuotas,
    projects: 1_000_000,
    modelsPerProject: 1_000_000,
    runningModels: 1_000_000,
    unitsPerModel: 10,
  },
  times: {
    delivery: 3600,
    start: 3600,
    import: 3600,
    train: 3600,
    release: 3600,
    provision: 60,
    health: 3600,
  },
};

const id = (number: number): string => number.toString(36).padStart(25, '0');

/** A model as an import leaves it. */
export const trainedModel = (project: string, version: number): Model => ({
  v: 1,
  project,
  version: String(version),
  createdAt: 1.8e12,
  status: 'TRAINED',
  statusMessage: 'The model was imported successfully.',
  operation: { id: id(version), attempt: 1, kind: 'import', actor: 'bench', at: 1.8e12, deadline: 1.8e12 },
  source: { S3: { Bucket: 'models', Prefix: 'part/' } },
  artifact: { bucket: 'artifacts', prefix: 'copy/' },
  output: { bucket: 'models', prefix: 'part/' },
  evaluation,
});

/** So many projects with so many models each, written as fast as the table takes them. */
export async function seed(
  client: DynamoDBDocumentClient,
  table: string,
  projects: number,
  models: number,
  prefix = 'p',
): Promise<void> {
  let batch: { PutRequest: { Item: Record<string, unknown> } }[] = [];
  const under: Promise<unknown>[] = [];
  const flush = async (): Promise<void> => {
    if (batch.length === 0) return;
    under.push(client.send(new BatchWriteCommand({ RequestItems: { [table]: batch } })));
    batch = [];
    if (under.length >= 8) await Promise.all(under.splice(0));
  };
  for (let project = 0; project < projects; project += 1) {
    const name = `${prefix}${project}`;
    batch.push({
      PutRequest: {
        Item: {
          ...keys.project(name),
          v: 1,
          createdAt: 1.8e12,
          nextVersion: models + 1,
          models,
          datasets: 0,
        },
      },
    });
    if (batch.length === 25) await flush();
    for (let version = 1; version <= models; version += 1) {
      const model = trainedModel(name, version);
      batch.push({
        PutRequest: { Item: { ...keys.model(model), ...model, dueShard: dueShard(model.operation.id) } },
      });
      if (batch.length === 25) await flush();
    }
  }
  await flush();
  await Promise.all(under);
}
