import {
  DeleteDatasetCommand,
  DeleteModelCommand,
  ListModelsCommand,
  StopModelCommand,
  type LookoutVisionClient,
} from '@aws-sdk/client-lookoutvision';
import type { Bench } from './case.ts';
import { until } from './poll.ts';

/** Empties the project, whatever the cases have left in it. @returns what could not be removed, in words */
export async function cleanUp(bench: Bench): Promise<string[]> {
  const {
    target: { client },
    project,
    timeout,
  } = bench;
  const left: string[] = [];
  const attempt = async (what: string, work: () => Promise<unknown>): Promise<void> => {
    await work().catch((error: unknown) => {
      if (!(error instanceof Error && error.name === 'ResourceNotFoundException'))
        left.push(`${what}: ${String(error)}`);
    });
  };
  await attempt('models', () =>
    until(
      timeout,
      () => removeModels(client, project),
      (count) => count === 0,
      (count) => `in the way: ${count} models`,
    ),
  );
  for (const DatasetType of ['train', 'test'])
    await attempt(`dataset ${DatasetType}`, () =>
      client.send(new DeleteDatasetCommand({ ProjectName: project, DatasetType })),
    );
  // A service without datasets has none to remove.
  return left.filter((each) => !each.includes('UnknownOperationException'));
}

/** One step for each model, from wherever it is towards its end. @returns how many there still are */
async function removeModels(client: LookoutVisionClient, project: string): Promise<number> {
  const { Models = [] } = await client.send(new ListModelsCommand({ ProjectName: project }));
  for (const { ModelVersion, Status } of Models) {
    const model = { ProjectName: project, ModelVersion };
    const step = ['HOSTED', 'HOSTING_FAILED', 'STARTING_HOSTING', 'SYSTEM_UPDATING'].includes(Status ?? '')
      ? client.send(new StopModelCommand(model))
      : ['TRAINED', 'TRAINING_FAILED'].includes(Status ?? '')
        ? client.send(new DeleteModelCommand(model))
        : Promise.resolve();
    await step.catch((error: unknown) => {
      if (!(error instanceof Error && error.name === 'ConflictException')) throw error;
    });
  }
  return Models.length;
}
