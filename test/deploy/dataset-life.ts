import { PutObjectCommand } from '@aws-sdk/client-s3';
import {
  CreateDatasetCommand,
  CreateProjectCommand,
  DeleteDatasetCommand,
  DeleteProjectCommand,
  DescribeDatasetCommand,
  type LookoutVisionClient,
} from '@aws-sdk/client-lookoutvision';
import { setTimeout as sleep } from 'node:timers/promises';
import { manifestLine } from '../../lambdas/domain/manifest-line.ts';
import { bucket, type Deployment, type Outputs } from './deployment.ts';
import type { User } from './account.ts';
import type { Steps } from './steps.ts';

const ProjectName = 'deployed';

/** @returns the status it came to rest in */
export async function datasetRests(client: LookoutVisionClient, project: string): Promise<string> {
  for (;;) {
    const { DatasetDescription } = await client.send(
      new DescribeDatasetCommand({ ProjectName: project, DatasetType: 'train' }),
    );
    const { Status = '', StatusMessage } = DatasetDescription ?? {};
    if (!Status.endsWith('IN_PROGRESS')) return `${Status}: ${StatusMessage ?? ''}`;
    await sleep(250);
  }
}

export async function datasetLife(
  steps: Steps,
  deployment: Deployment,
  outputs: Outputs,
  owner: User,
): Promise<void> {
  const client = deployment.client(outputs, owner);
  const s3 = deployment.s3(owner);
  await steps.run('a dataset is imported though its task is killed', async () => {
    await client.send(new CreateProjectCommand({ ProjectName }));
    const lines = Array.from({ length: 2000 }, (_, at) =>
      manifestLine(`s3://${bucket}/many/${at}.png`, at % 2 === 0 ? 'normal' : 'anomaly'),
    );
    const Key = 'many/train.manifest';
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body: lines.join('\n') }));
    let killed: number | undefined;
    const killer = setInterval(() => {
      void deployment.emulator.processesOf('TasksDatasets').then(([pid]) => {
        if (killed !== undefined || pid === undefined) return;
        killed = pid;
        process.kill(pid, 'SIGKILL');
      });
    }, 20);
    try {
      await client.send(
        new CreateDatasetCommand({
          ProjectName,
          DatasetType: 'train',
          DatasetSource: { GroundTruthManifest: { S3Object: { Bucket: bucket, Key } } },
        }),
      );
      const status = await datasetRests(client, ProjectName);
      if (!status.startsWith('CREATE_COMPLETE')) throw new Error(status);
    } finally {
      clearInterval(killer);
    }
    if (killed === undefined) throw new Error('no task was seen to be killed');
  });
  await client.send(new DeleteDatasetCommand({ ProjectName, DatasetType: 'train' }));
  await client.send(new DeleteProjectCommand({ ProjectName }));
}
