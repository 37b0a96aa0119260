import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CreateProjectCommand,
  DescribeModelCommand,
  LookoutVisionClient,
  type ModelDescription,
} from '@aws-sdk/client-lookoutvision';
import { createFolderObjects } from '../../lambdas/local/folder-objects.ts';
import { writeSamples, type SampleSet } from '../../lambdas/local/samples/write-samples.ts';
import { colourGraph, colourManifest, json } from './artifacts.ts';

const root = new URL('../..', import.meta.url).pathname;

/**
 * A data folder with the samples in it, made once for each test file and copied for each test that wants one
 * of its own.
 */
export async function sampleFolder(): Promise<{
  readonly folder: string;
  readonly samples: SampleSet;
  copy(): string;
  remove(): void;
}> {
  const folder = mkdtempSync(join(tmpdir(), 'crowsnest-host-'));
  const copies: string[] = [];
  const samples = await writeSamples(createFolderObjects(join(folder, 's3')));
  return {
    folder,
    samples,
    copy: () => {
      const copy = mkdtempSync(join(tmpdir(), 'crowsnest-host-'));
      copies.push(copy);
      cpSync(folder, copy, { recursive: true });
      return copy;
    },
    remove: () => {
      for (const each of [folder, ...copies]) rmSync(each, { recursive: true, force: true });
    },
  };
}

/**
 * A data folder with a small model in it, whose verdicts can be worked out by hand: anomalous is what is
 * mostly bright.
 */
export async function smallFolder(): Promise<{
  readonly folder: string;
  readonly model: SampleSet['model'];
  remove(): void;
}> {
  const folder = mkdtempSync(join(tmpdir(), 'crowsnest-host-'));
  const objects = createFolderObjects(join(folder, 's3'));
  await objects.write({ bucket: 'models', key: 'part/model.onnx' }, colourGraph());
  await objects.write({ bucket: 'models', key: 'part/model.json' }, json(colourManifest));
  return {
    folder,
    model: { bucket: 'models', prefix: 'part/' },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const usual = ['bin/local.ts'];

/** `node bin/local.ts`, as a user starts it, or another script with arguments. */
export class HostProcess {
  readonly child: ChildProcess;
  readonly dataDir: string;
  readonly ended: Promise<Ended>;
  out = '';
  errors = '';
  url = '';
  #client: LookoutVisionClient | undefined;

  private constructor(
    dataDir: string,
    variables: Readonly<Record<string, string>>,
    [script = '', ...args]: readonly string[],
  ) {
    this.dataDir = dataDir;
    this.child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', join(root, script), ...args],
      {
        env: { PATH: process.env['PATH'] ?? '', PORT: '0', DATA_DIR: dataDir, ...variables },
        stdio: ['ignore', 'pipe', 'pipe'],
        cwd: tmpdir(),
      },
    );
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.out += text;
    });
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.errors += text;
    });
    this.ended = once(this.child, 'close').then(() => ({
      code: this.child.exitCode,
      signal: this.child.signalCode,
    }));
  }

  /** Not waited for: it may be one that is refused. */
  static launch(
    dataDir: string,
    variables: Readonly<Record<string, string>> = {},
    script: readonly string[] = usual,
  ): HostProcess {
    return new HostProcess(dataDir, variables, script);
  }

  /** @throws Error if it ends instead of getting ready */
  static async start(
    dataDir: string,
    variables: Readonly<Record<string, string>> = {},
    script: readonly string[] = usual,
  ): Promise<HostProcess> {
    const host = HostProcess.launch(dataDir, variables, script);
    await host.ready();
    return host;
  }

  async ready(): Promise<void> {
    while (this.url === '') {
      this.url = /ready on (\S+)/.exec(this.out)?.[1] ?? '';
      if (this.child.exitCode !== null || this.child.signalCode !== null)
        throw new Error(`The host ended: ${this.errors}`);
      await sleep(5);
    }
  }

  get client(): LookoutVisionClient {
    const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };
    return (this.#client ??= new LookoutVisionClient({
      endpoint: this.url,
      region: 'us-east-1',
      credentials,
      maxAttempts: 1,
    }));
  }

  /** What it has noted of its children, database included: those of which the process lives. */
  children(): { readonly pid: number; readonly command: string }[] {
    return notedChildren(this.dataDir).filter(({ pid }) => lives(pid));
  }

  units(): number[] {
    return this.children()
      .filter(({ command }) => command.includes('crowsnest-inference-unit'))
      .map(({ pid }) => pid);
  }

  database(): number {
    return this.children().find(({ command }) => command.includes('dynoxide'))?.pid ?? 0;
  }

  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<Ended> {
    this.#client?.destroy();
    this.child.kill(signal);
    return this.ended;
  }

  /**
   * For the end of a test, however it went: the host, and what a killed host leaves for its successor to end.
   */
  async destroy(): Promise<void> {
    await this.end('SIGKILL');
    for (const { pid } of this.children()) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // a unit, which ends by itself when its host has
      }
    }
  }

  /** The one operation that the original client does not know. @returns the new version */
  async import({ bucket, prefix }: SampleSet['model'], project = 'parts', token = ''): Promise<string> {
    const response = await fetch(`${this.url}/2020-11-20/projects/${project}/models/import`, {
      method: 'POST',
      body: JSON.stringify({ Source: { S3: { Bucket: bucket, Prefix: prefix } } }),
      headers: token === '' ? {} : { 'x-amzn-client-token': token },
    });
    const { ModelMetadata, Message } = (await response.json()) as {
      ModelMetadata?: { ModelVersion: string };
      Message?: string;
    };
    if (ModelMetadata === undefined) throw new Error(Message);
    return ModelMetadata.ModelVersion;
  }

  async describe(version: string, project = 'parts'): Promise<ModelDescription> {
    const { ModelDescription = {} } = await this.client.send(
      new DescribeModelCommand({ ProjectName: project, ModelVersion: version }),
    );
    return ModelDescription;
  }

  /** As a user's poll loop. @returns the description that is no longer in `passing` */
  async until(version: string, passing: string): Promise<ModelDescription> {
    for (;;) {
      const description = await this.describe(version);
      if (description.Status !== passing) return description;
      await sleep(20);
    }
  }

  /** A project, and in it the sample model, in TRAINED. */
  async trained(
    model: SampleSet['model'],
  ): Promise<{ readonly ProjectName: string; readonly ModelVersion: string }> {
    await this.client.send(new CreateProjectCommand({ ProjectName: 'parts' }));
    const version = await this.import(model);
    const { Status, StatusMessage } = await this.until(version, 'TRAINING');
    if (Status !== 'TRAINED') throw new Error(StatusMessage);
    return { ProjectName: 'parts', ModelVersion: version };
  }
}

function notedChildren(dataDir: string): { readonly pid: number; readonly command: string }[] {
  const folder = join(dataDir, 'children');
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .flatMap((name) => {
      try {
        return [
          {
            pid: Number.parseInt(name, 10),
            command: (JSON.parse(readFileSync(join(folder, name), 'utf8')) as { command: string }).command,
          },
        ];
      } catch {
        return []; // it has just been removed
      }
    });
}

/** Whether there is such a process, and it is more than a number that nobody has asked for yet. */
export function lives(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** The processes of this machine that were started for a data folder, whether anybody noted them or not. */
export const processesOf = (dataDir: string): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(dataDir) && lives(pid);
      } catch {
        return false;
      }
    });
