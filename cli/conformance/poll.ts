import { setTimeout as sleep } from 'node:timers/promises';
import {
  DescribeDatasetCommand,
  DescribeModelCommand,
  type DatasetDescription,
  type ModelDescription,
} from '@aws-sdk/client-lookoutvision';
import { Unlike, type Bench } from './case.ts';

/** Asks again until `done`, ever less often. @throws Unlike when the timeout is at its end */
export async function until<T>(
  timeout: number,
  look: () => Promise<T>,
  done: (seen: T) => boolean,
  told: (seen: T) => string,
): Promise<T> {
  const end = Date.now() + timeout;
  for (let wait = 100; ; wait = Math.min(wait * 1.5, 10_000)) {
    const seen = await look();
    if (done(seen)) return seen;
    if (Date.now() > end)
      throw new Unlike(`is still ${told(seen)} after ${Math.round(timeout / 60_000)} minutes`);
    await sleep(wait);
  }
}

/** @returns the description whose status is not the passing one */
export const settled = (
  { target: { client }, timeout }: Bench,
  model: { ProjectName: string; ModelVersion: string },
  passing: string,
): Promise<ModelDescription> =>
  until(
    timeout,
    async () => (await client.send(new DescribeModelCommand(model))).ModelDescription ?? {},
    ({ Status }) => Status !== passing,
    ({ Status, StatusMessage }) => `${Status ?? 'without a status'} (${StatusMessage ?? ''})`,
  );

export const datasetSettled = (
  { target: { client }, project, timeout }: Bench,
  DatasetType: string,
): Promise<DatasetDescription> =>
  until(
    timeout,
    async () =>
      (await client.send(new DescribeDatasetCommand({ ProjectName: project, DatasetType })))
        .DatasetDescription ?? {},
    ({ Status }) => !(Status ?? '').endsWith('IN_PROGRESS'),
    ({ Status }) => Status ?? 'without a status',
  );
