import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { embeddedEngine } from '../../lambdas/local/embedded.ts';
import { startHost } from '../../lambdas/local/host.ts';
import { localEnvironment } from '../../lambdas/local/environment.ts';
import { createLog } from '../../lambdas/domain/log.ts';
import { ScriptedEngine } from './scripted-engine.ts';

export interface KeyedHost {
  readonly url: string;
  readonly engine: ScriptedEngine;
  /** A folder of the test's own; the host's data is in `data` below it. */
  readonly folder: string;
  readonly dataDir: string;
  /** What a client needs to sign as the host's one key; a home without anybody's configuration. */
  readonly variables: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/**
 * The local host as a user starts it with one key, on a clock that is the tools' own; the engine is scripted
 * unless it must be real. A `keyless` one was given no key, and lets everybody on its machine in.
 */
export async function startKeyedHost({
  real = false,
  keyless = false,
}: { readonly real?: boolean; readonly keyless?: boolean } = {}): Promise<KeyedHost> {
  const folder = await mkdtemp(join(tmpdir(), 'crowsnest-clients-'));
  const key = { accessKeyId: 'AKCLIENTS', secretAccessKey: 'a secret for this test' };
  const dataDir = join(folder, 'data');
  const engine = new ScriptedEngine();
  const host = await startHost({
    environment: localEnvironment({
      PORT: '0',
      DATA_DIR: dataDir,
      ...(!keyless && { CROWSNEST_KEYS: JSON.stringify([{ ...key, name: 'clients', buckets: ['*'] }]) }),
    }),
    log: createLog(() => undefined),
    engine: real ? embeddedEngine : () => engine,
  });
  return {
    url: host.url,
    engine,
    folder,
    dataDir,
    variables: {
      PATH: process.env['PATH'] ?? '',
      HOME: folder,
      AWS_ACCESS_KEY_ID: key.accessKeyId,
      AWS_SECRET_ACCESS_KEY: key.secretAccessKey,
      AWS_DEFAULT_REGION: 'us-east-1',
      AWS_REGION: 'us-east-1',
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_PAGER: '',
      NO_PROXY: '127.0.0.1',
      npm_config_loglevel: 'error',
    },
    close: async () => {
      await host.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
