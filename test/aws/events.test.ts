import { once } from 'node:events';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  CreateDatasetCommand,
  CreateModelCommand,
  CreateProjectCommand,
  DetectAnomaliesCommand,
  DescribeProjectCommand,
  StartModelCommand,
  StartModelPackagingJobCommand,
} from '@aws-sdk/client-lookoutvision';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { isComplete, onEvent, type Drainer } from '../../lambdas/aws/drain.ts';
import { auditOf } from '../../lambdas/aws/audit.ts';
import { tellingQuota } from '../../lambdas/aws/metered-engine.ts';
import { sweepHandler } from '../../lambdas/aws/sweep.ts';
import { events, type EventCode, type EventRow } from '../../lambdas/contract/events.ts';
import { EngineFailed } from '../../lambdas/engines/engine.ts';
import type { EngineResource } from '../../lambdas/engines/inventory.ts';
import { serve } from '../../lambdas/http/api-gateway.ts';
import { scan } from '../../lambdas/local/execution-memory.ts';
import { readHandlers } from '../../lambdas/operations/handlers.ts';
import { TableIdentity } from '../../lambdas/store/table-identity.ts';
import { TestDynamo } from '../helpers/dynamo.ts';
import { line, manifestOf } from '../helpers/manifests.ts';
import { World } from '../helpers/world.ts';

let dynamo: TestDynamo;
const seen = new Set<string>();
beforeAll(async () => {
  dynamo = await TestDynamo.start();
});
afterAll(() => dynamo.close());

/** Longer than any lease that a task takes, and longer than any operation but a training may last. */
const lease = 200;
const hours = 4 * 3600;

type Line = Readonly<Record<string, unknown>>;
const linesOf = (world: World, code: EventCode): Line[] =>
  world.logged.map((each) => JSON.parse(each) as Line).filter((each) => each['code'] === code);

/** Has a world of its own, and notes which codes its log has at the end. */
const story = (name: string, codes: readonly EventCode[], tell: (world: World) => Promise<void>): void =>
  test(`${name}: ${codes.join(', ')}`, async () => {
    const world = await World.open(dynamo, { pace: 0.1 });
    await tell(world);
    await world.settle();
    for (const code of codes) {
      seen.add(code);
      const [first] = linesOf(world, code);
      const { level, metrics }: EventRow = events[code];
      expect([code, first?.['level']]).toEqual([code, level]);
      // Every metric of the row is declared and has a number in the same line.
      const declared = (
        first?.['_aws'] as { CloudWatchMetrics: { Metrics: { Name: string }[] }[] } | undefined
      )?.CloudWatchMetrics.flatMap(({ Metrics }) => Metrics.map((each) => each.Name));
      expect([code, declared ?? []]).toEqual([code, Object.keys(metrics ?? {})]);
      for (const metric of declared ?? [])
        expect([metric, typeof first?.[metric]]).toEqual([metric, 'number']);
    }
  });

const pictures = async (world: World): Promise<void> => {
  const lines = Array.from({ length: 30 }, (_, index) =>
    line(`${index}.jpg`, index < 20 ? 'normal' : 'anomaly'),
  );
  await world.objects.write({ bucket: 'photos', key: 'manifest' }, Buffer.from(manifestOf(lines)));
};
const dataset = (ProjectName: string): CreateDatasetCommand =>
  new CreateDatasetCommand({
    ProjectName,
    DatasetType: 'train',
    DatasetSource: { GroundTruthManifest: { S3Object: { Bucket: 'photos', Key: 'manifest' } } },
  });
const start = (model: { ProjectName: string; ModelVersion: string }): StartModelCommand =>
  new StartModelCommand({ ...model, MinInferenceUnits: 1 });

story('requests', ['request.refused', 'request.failed', 'execution.not-started'], async (world) => {
  await expect(world.client.send(new DescribeProjectCommand({ ProjectName: 'x' }))).rejects.toThrow();
  const model = await world.trained();
  const { store, runner } = world.context;
  Object.assign(runner, { start: () => Promise.reject(new Error('no workflows')) });
  await world.client.send(start(model));
  Object.assign(store, { projects: undefined });
  await expect(world.client.send(new DescribeProjectCommand({ ProjectName: 'x' }))).rejects.toThrow();
});

story('the host', ['host.failed'], async (world) => {
  const handler = serve({ handlers: readHandlers, context: world.context }, world.log);
  const broken = { requestContext: { requestId: 'r' } } as never;
  expect(await handler(broken, {})).toMatchObject({ statusCode: 500 });
});

story('take-overs of every kind', ['operation.taken-over'], async (world) => {
  const model = await world.trained();
  await pictures(world);
  world.frozen = true;
  await world.client.send(start(model));
  await world.client.send(dataset('parts'));
  await world.client.send(
    new StartModelPackagingJobCommand({
      ...model,
      JobName: 'job',
      Configuration: {
        Greengrass: {
          ComponentName: 'part',
          S3OutputLocation: { Bucket: 'results', Prefix: 'p' },
          TargetDevice: 'jetson_xavier',
        },
      },
    }),
  );
  await world.sweepAfter(lease);
  const taken = linesOf(world, 'operation.taken-over');
  expect(taken.map((each) => ['model', 'dataset', 'job'].find((kind) => kind in each)).sort()).toEqual([
    'dataset',
    'job',
    'model',
  ]);
});

story('hosting', ['hosting.failed', 'hosting.drifted', 'hosting.lost'], async (world) => {
  const [one, two] = [await world.trained('one'), await world.trained('two')];
  world.engine.born = { state: 'failed', reason: 'no room' };
  await world.client.send(start(one));
  await world.settle();
  world.engine.born = { state: 'ready' };
  await world.client.send(start(two));
  await world.settle();
  const [id = ''] = (await world.deployments(two)).map((deployment) => deployment.id);
  world.engine.resources.set(id, { state: 'updating' });
  await world.sweepAfter(lease);
  world.engine.resources.set(id, { state: 'failed', reason: 'it broke' });
  await world.sweepAfter(lease);
  expect((await world.describe(two)).Status).toBe('HOSTING_FAILED');
});

story("the account's quota", ['hosting.quota-refused'], async (world) => {
  const refused = Object.assign(Object.create(world.engine) as typeof world.engine, {
    create: () => Promise.reject(new EngineFailed('no room for another unit', { quota: true })),
    observe: () => Promise.resolve({ state: 'failed', reason: 'no room', quota: true } as const),
  });
  const engine = tellingQuota(refused, world.log);
  await expect(engine.create({ id: 'x' } as never)).rejects.toThrow('no room');
  await engine.observe({ id: 'x' } as never);
  expect(linesOf(world, 'hosting.quota-refused')).toHaveLength(2);
});

story('training', ['training.failed'], async (world) => {
  await pictures(world);
  await world.client.send(new CreateProjectCommand({ ProjectName: 'lids' }));
  await world.client.send(dataset('lids'));
  await world.settle();
  world.trainer.born = { state: 'failed', reason: 'the pictures are of several sizes' };
  await world.client.send(
    new CreateModelCommand({ ProjectName: 'lids', OutputConfig: { S3Location: { Bucket: 'results' } } }),
  );
});

story('importing', ['import.unchecked'], async (world) => {
  await world.client.send(new CreateProjectCommand({ ProjectName: 'lids' }));
  Object.assign(world.settings.times, { import: 60 });
  Object.assign(world.engine, { admit: () => Promise.reject(new Error('the check breaks')) });
  await world.import('lids', { Source: { S3: { Bucket: 'models', Prefix: 'part/' } } });
  await world.settle();
  // In steps no longer than a lease: time for which nobody looked counts for nobody.
  for (let round = 0; round < 8; round += 1) await world.sweepAfter(61);
});

story('hosting policies', ['policy.stopped', 'policy.started', 'policy.refused'], async (world) => {
  const model = await world.trained();
  await world.client.send(start(model));
  await world.settle();
  const policy = { HostingPolicy: { MaxRunMinutes: 5, WakeOnDetect: true } };
  await world.post('/2020-11-20/projects/parts/hostingpolicy', policy);
  for (let minute = 0; minute < 6; minute += 1) await world.sweepAfter(61);
  const wake = async (): Promise<void> => {
    const picture = new DetectAnomaliesCommand({
      ...model,
      Body: new Uint8Array([1]),
      ContentType: 'image/png',
    });
    await expect(world.client.send(picture)).rejects.toThrow();
    await world.sweepAfter(61);
  };
  await wake();
  for (let minute = 0; minute < 6; minute += 1) await world.sweepAfter(61);
  Object.assign(world.settings, { quotas: { ...world.settings.quotas, runningModels: 0 } });
  await wake();
});

story('the sweep', ['sweep.ended', 'sweep.row-failed'], async (world) => {
  await world.client.send(start(await world.trained()));
  await world.settle();
  Object.assign(world.engine, { observe: () => Promise.reject(new Error('throttled')) });
  world.clock.advance(hours);
  const identity = new TableIdentity(dynamo.client, world.tableName, world.clock);
  await sweepHandler({ context: world.context, identity })();
  expect(linesOf(world, 'sweep.ended')[0]).toMatchObject({ DueRows: 1, SweepFailures: 1, RunningModels: 1 });
});

story('a restored table', ['sweep.reporting', 'sweep.row-reported'], async (world) => {
  const original = await World.open(dynamo);
  await original.client.send(start(await original.trained()));
  await original.settle();
  await new TableIdentity(dynamo.client, original.tableName, original.clock).look();
  for await (const Item of scan(dynamo.client, original.tableName))
    await dynamo.client.send(new PutCommand({ TableName: world.tableName, Item }));
  world.clock.advance(hours);
  const identity = new TableIdentity(dynamo.client, world.tableName, world.clock);
  await sweepHandler({ context: world.context, identity })();
});

story('the audit', ['audit.ended', 'audit.unknown', 'audit.leftover'], async (world) => {
  const model = await world.trained();
  world.engine.born = { state: 'failed', reason: 'no room' };
  await world.client.send(start(model));
  await world.settle();
  await world.sweepAfter(lease);
  const [ended] = await world.deployments(model);
  expect(ended?.endedAt).toBeDefined();
  world.clock.advance(hours);
  const of = { project: 'parts', version: '1' };
  const found: EngineResource[] = [
    { kind: 'endpoint', name: 'cn-test-1', ...of, deploymentId: ended?.id ?? '' },
    { kind: 'endpoint', name: 'cn-test-2', ...of, deploymentId: 'stranger' },
  ];
  await auditOf(world.context, { list: () => Readable.from(found) as AsyncIterable<EngineResource> })();
  expect(linesOf(world, 'audit.ended')[0]).toMatchObject({ UnknownResources: 1, LeftoverResources: 1 });
});

story('what is no request', ['transport.refused'], async (world) => {
  const { hostname, port } = new URL(world.url);
  const socket = connect(Number(port), hostname).on('error', () => undefined);
  socket.end('hello\r\n\r\n');
  socket.resume();
  await once(socket, 'close');
});

story(
  'the drain',
  ['drain.looked', 'drain.look-failed', 'drain.failed', 'drain.not-asked'],
  async (world) => {
    await world.client.send(start(await world.trained()));
    await world.settle();
    let status = 'UPDATE_ROLLBACK_IN_PROGRESS';
    const drainer: Drainer = {
      context: { ...world.context, stop: () => Promise.reject(new Error('throttled')) },
      statusOf: () => Promise.resolve(status),
    };
    const event = { RequestType: 'Delete', StackId: 'arn:stack' } as const;
    await onEvent(drainer)(event);
    status = 'DELETE_IN_PROGRESS';
    const { Data } = (await onEvent(drainer)(event)) as { Data: { startedAt: string } };
    await isComplete(drainer)({ ...event, Data });
    const calm: Drainer = { ...drainer, context: { ...drainer.context, stop: () => Promise.resolve() } };
    await isComplete(calm)({ ...event, Data });
    expect(linesOf(world, 'drain.looked').at(-1)).toMatchObject({ DrainWaiting: 1 });
    world.clock.advance(3600);
    await expect(isComplete(calm)({ ...event, Data })).rejects.toThrow('Still at work');
  },
);

test('every code was emitted', () => expect([...seen].sort()).toEqual(Object.keys(events).sort()));
