import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LookoutVisionClient } from '@aws-sdk/client-lookoutvision';
import { embeddedEngine, embeddedTrainer } from '../../lambdas/local/embedded.ts';
import { createFolderObjects } from '../../lambdas/local/folder-objects.ts';
import { startHost } from '../../lambdas/local/host.ts';
import { localEnvironment } from '../../lambdas/local/environment.ts';
import { createLog } from '../../lambdas/domain/log.ts';
import { ScriptedEngine } from './scripted-engine.ts';
import { ScriptedTrainer } from './scripted-trainer.ts';

export interface LocalHost {
  readonly url: string;
  /** The original client, one attempt a call: a test sees the first answer. */
  readonly client: LookoutVisionClient;
  /** What hosts and trains, unless the host is `real`. */
  readonly engine: ScriptedEngine;
  readonly trainer: ScriptedTrainer;
  put(key: string, content: Uint8Array | string): Promise<void>;
  read(key: string): Promise<Uint8Array | undefined>;
  close(): Promise<void>;
}

/** The bucket that tests put their objects into. */
export const bucket = 'console-data';

/**
 * The local host as `npm start` starts it, on a data folder of its own. @param real whether it hosts and
 * trains itself, or does as the test says
 */
export async function openLocalHost({
  real = false,
  variables = {},
}: {
  readonly real?: boolean;
  readonly variables?: Readonly<Record<string, string>>;
} = {}): Promise<LocalHost> {
  const folder = await mkdtemp(join(tmpdir(), 'crowsnest-conformance-'));
  const objects = createFolderObjects(join(folder, 's3'));
  await mkdir(join(folder, 's3', bucket), { recursive: true });
  const [engine, trainer] = [new ScriptedEngine(), new ScriptedTrainer(objects)];
  const host = await startHost({
    environment: localEnvironment({ PORT: '0', DATA_DIR: folder, ...variables }),
    log: createLog(() => undefined),
    engine: real ? embeddedEngine : () => engine,
    trainer: real ? embeddedTrainer : () => trainer,
  });
  const client = new LookoutVisionClient({
    endpoint: host.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  });
  return {
    url: host.url,
    client,
    engine,
    trainer,
    put: (key, content) =>
      objects.write({ bucket, key }, typeof content === 'string' ? Buffer.from(content) : content),
    read: (key) => objects.read({ bucket, key }),
    close: async () => {
      client.destroy();
      await host.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
