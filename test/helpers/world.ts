import { randomUUID } from 'node:crypto';
import {
  LookoutVisionClient,
  CreateProjectCommand,
  DescribeModelCommand,
  type DescribeModelResponse,
} from '@aws-sdk/client-lookoutvision';
import type { Deployment } from '../../lambdas/domain/model.ts';
import type { Execution, Log } from '../../lambdas/domain/ports.ts';
import { defaultQuotas, localLimits, type Limits, type Settings } from '../../lambdas/domain/settings.ts';
import type { HostingEngine, ModelImporter } from '../../lambdas/engines/engine.ts';
import { Credentials } from '../../lambdas/local/credentials.ts';
import { ExecutionMemory, executionSchema, scan } from '../../lambdas/local/execution-memory.ts';
import { LocalRunner } from '../../lambdas/local/runner.ts';
import { listen, type LocalServer } from '../../lambdas/local/server.ts';
import { modelControl } from '../../lambdas/operations/hosting/control.ts';
import { detectHandlers, readHandlers, writeHandlers } from '../../lambdas/operations/handlers.ts';
import { HostedMemory } from '../../lambdas/operations/models/hosted-memory.ts';
import type { AccessKey } from '../../lambdas/local/environment.ts';
import { metricFields } from '../../lambdas/aws/metrics.ts';
import { createLog } from '../../lambdas/domain/log.ts';
import { idsOf } from '../../lambdas/domain/clock-and-ids.ts';
import { Store } from '../../lambdas/store/store.ts';
import type { Trainer } from '../../lambdas/engines/trainer.ts';
import type { SweepContext } from '../../lambdas/workflows/context.ts';
import { sweep, type SweepReport } from '../../lambdas/workflows/sweep/sweep.ts';
import type { WriteContext } from '../../lambdas/operations/context.ts';
import { MemoryObjects } from './artifacts.ts';
import { TestClock } from './clock.ts';
import type { TestDynamo } from './dynamo.ts';
import { ScriptedEngine } from './scripted-engine.ts';
import { ScriptedTrainer } from './scripted-trainer.ts';

export interface WorldOptions {
  /** How many connections its server has at once, if few. */
  readonly connections?: Parameters<typeof listen>[5];
  readonly settings?: Partial<Omit<Settings, 'limits'>> & { readonly limits?: Partial<Limits> };
  readonly keys?: readonly AccessKey[];
  /** How many milliseconds a second of a workflow's waiting takes; 1 unless given. */
  readonly pace?: number;
  /** Where the clock starts, in epoch milliseconds: callers that sign do it by the real one. */
  readonly now?: number;
  /** Hosts and takes in models instead of the scripted engine, in the world's own time. */
  readonly engine?: (clock: TestClock, objects: MemoryObjects) => HostingEngine & ModelImporter;
  /** Trains instead of the scripted trainer. */
  readonly trainer?: (objects: MemoryObjects) => Trainer;
}

/**
 * The whole service over a socket, on the embedded DynamoDB and the real interpreter, with a scripted engine
 * and a clock that tests move. Each world has tables of its own.
 */
export class World {
  readonly clock: TestClock;
  readonly engine = new ScriptedEngine();
  readonly objects = new MemoryObjects();
  readonly trainer = new ScriptedTrainer(this.objects);
  readonly logged: string[] = [];
  /** With the metrics of its events, as in AWS. */
  readonly log: Log = createLog(
    (line) => {
      this.logged.push(line);
    },
    {},
    Date.now,
    (metrics, now) => metricFields('test', metrics, [{}], now),
  );
  readonly dynamo: TestDynamo;
  readonly tableName: string;
  readonly executionsName: string;
  readonly settings: Settings;
  readonly store: Store;
  readonly runner: LocalRunner;
  readonly context: WriteContext & SweepContext;
  /** Executions are noted under their names, as ever, but nothing carries them out. */
  frozen = false;
  #server: LocalServer | undefined;
  #client: LookoutVisionClient | undefined;

  private constructor(
    dynamo: TestDynamo,
    {
      settings = {},
      pace = 1,
      now,
      engine: engineOn = () => this.engine,
      trainer: trainerOn = () => this.trainer,
    }: WorldOptions,
  ) {
    this.clock = new TestClock(now);
    this.dynamo = dynamo;
    const id = randomUUID();
    this.tableName = `table-${id}`;
    this.executionsName = `executions-${id}`;
    this.settings = {
      stage: 'test',
      partition: 'aws',
      region: 'us-east-1',
      account: '111122223333',
      quotas: defaultQuotas,
      extensions: true,
      hostingPolicy: {},
      rates: { currency: 'USD', onnx: { engine: 'process', unit: 'process', perHour: 3 } },
      buckets: ['*'],
      times: {
        delivery: 60,
        start: 3600,
        import: 3600,
        train: 86_400,
        release: 1800,
        provision: 60,
        health: 60,
      },
      ...settings,
      limits: { ...localLimits, ...settings.limits },
    };
    this.store = new Store(dynamo.client, this.tableName, this.clock);
    const memory = new ExecutionMemory(dynamo.client, this.executionsName, this.clock);
    this.runner = new LocalRunner({ memory, log: this.log, pace, retryAfter: 1 });
    const engine = engineOn(this.clock, this.objects);
    const parts = {
      settings: this.settings,
      clock: this.clock,
      ids: idsOf(this.clock),
      store: this.store,
      engine,
      importer: engine,
      objects: this.objects,
      trainer: trainerOn(this.objects),
      log: this.log,
      runner: {
        start: async (execution: Execution): Promise<'started' | 'exists'> =>
          this.frozen
            ? (await memory.open(execution))
              ? 'started'
              : 'exists'
            : this.runner.start(execution),
      },
    };
    this.context = { ...parts, models: modelControl({ ...parts, objects: {} }) };
    this.runner.serve(this.context);
  }

  static async open(dynamo: TestDynamo, options: WorldOptions = {}): Promise<World> {
    const world = new World(dynamo, options);
    dynamo.closers.push(() => world.close());
    await dynamo.table(world.tableName);
    await dynamo.table(world.executionsName, executionSchema);
    const credentials =
      options.keys === undefined ? undefined : new Credentials(options.keys, world.settings, world.clock);
    world.#server = await listen(
      {
        service: {
          handlers: { ...readHandlers, ...writeHandlers, ...detectHandlers },
          context: { ...world.context, hosted: new HostedMemory() },
        },
        log: world.log,
        admit: (head, operation, labels) => credentials?.admit(head, operation, labels),
        authenticate: (request, operation, labels) =>
          credentials?.authenticate(request, operation, labels) ?? {
            name: 'arn:aws:iam::111122223333:user/test',
          },
      },
      '127.0.0.1',
      0,
      credentials !== undefined,
      undefined,
      options.connections,
    );
    return world;
  }

  get url(): string {
    return this.#server?.url ?? '';
  }

  /** The original client, one attempt a call: a test sees the first answer. */
  clientOf(accessKeyId = 'test', secretAccessKey = 'test', maxAttempts = 1): LookoutVisionClient {
    return new LookoutVisionClient({
      endpoint: this.url,
      region: 'us-east-1',
      credentials: { accessKeyId, secretAccessKey },
      maxAttempts,
    });
  }

  get client(): LookoutVisionClient {
    return (this.#client ??= this.clientOf());
  }

  /** A project with a model in TRAINED, made the way a user makes one. */
  async trained(
    project = 'parts',
    tags?: { Key: string; Value: string }[],
  ): Promise<{ ProjectName: string; ModelVersion: string }> {
    if ((await this.store.projects.get(project)) === undefined)
      await this.client.send(new CreateProjectCommand({ ProjectName: project }));
    const version = await this.import(project, {
      Source: { S3: { Bucket: 'models', Prefix: 'part/' } },
      ...(tags && { Tags: tags }),
    });
    await this.settle();
    return { ProjectName: project, ModelVersion: version };
  }

  /** The one operation that the original client does not know. @returns the new version */
  async import(project: string, body: object, token?: string): Promise<string> {
    const response = await this.post(
      `/2020-11-20/projects/${project}/models/import`,
      body,
      token === undefined ? {} : { 'x-amzn-client-token': token },
    );
    const answer = (await response.json()) as { ModelMetadata: { ModelVersion: string } };
    if (response.status !== 202) throw new Error(JSON.stringify(answer));
    return answer.ModelMetadata.ModelVersion;
  }

  post(
    path: string,
    body: unknown,
    headers: Record<string, string> = {},
    method = 'POST',
  ): Promise<Response> {
    return fetch(`${this.url}${path}`, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  }

  async describe(model: {
    ProjectName: string;
    ModelVersion: string;
  }): Promise<NonNullable<DescribeModelResponse['ModelDescription']>> {
    const { ModelDescription } = await this.client.send(new DescribeModelCommand(model));
    return ModelDescription ?? {};
  }

  /** Until no execution runs. */
  settle(): Promise<void> {
    return this.runner.idle();
  }

  /** Time passes, the sweep comes by, and what it starts ends. */
  async sweepAfter(seconds: number): Promise<SweepReport> {
    this.clock.advance(seconds);
    const report = await sweep(this.context);
    await this.settle();
    return report;
  }

  async deployments(model: { ProjectName: string; ModelVersion: string }): Promise<Deployment[]> {
    const found: Deployment[] = [];
    for await (const deployment of this.store.deployments.ofModel({
      project: model.ProjectName,
      version: model.ModelVersion,
    }))
      found.push(deployment);
    return found;
  }

  async executions(): Promise<string[]> {
    const names: string[] = [];
    for await (const row of scan(this.dynamo.client, this.executionsName)) names.push(String(row['name']));
    return names.sort();
  }

  /** What must hold at any moment: what is counted is what is reserved. @returns how many */
  async reserved(): Promise<{ readonly used: number; readonly reserved: number }> {
    let reserved = 0;
    for await (const row of scan(this.dynamo.client, this.tableName))
      if (row['reserved'] === true) reserved += 1;
    return { used: await this.store.quotas.used('RUNNING_MODELS'), reserved };
  }

  /** The test dynamo does it, when it closes. */
  async close(): Promise<void> {
    this.#client?.destroy();
    await this.runner.close();
    await this.#server?.close();
  }
}
