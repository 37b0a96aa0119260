import { Readable } from 'node:stream';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { StartModelCommand, StopModelCommand } from '@aws-sdk/client-lookoutvision';
import { SageMakerClient } from '@aws-sdk/client-sagemaker';
import { DeleteCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import type { EngineResource } from '../../lambdas/engines/inventory.ts';
import { createSageMakerInventory } from '../../lambdas/engines/sagemaker/hosting/inventory.ts';
import { sweepHandler } from '../../lambdas/aws/sweep.ts';
import { TableIdentity } from '../../lambdas/store/table-identity.ts';
import { audit } from '../../lambdas/workflows/sweep/audit.ts';
import { scan } from '../../lambdas/local/execution-memory.ts';
import { TestDynamo } from '../helpers/dynamo.ts';
import { World } from '../helpers/world.ts';

let dynamo: TestDynamo;
let world: World;
beforeAll(async () => {
  dynamo = await TestDynamo.start();
});
afterAll(() => dynamo.close());
beforeEach(async () => {
  world = await World.open(dynamo);
});

const inventory = (...resources: EngineResource[]) => ({
  list: () => Readable.from(resources) as AsyncIterable<EngineResource>,
});

async function hosted(): Promise<{ model: { ProjectName: string; ModelVersion: string }; id: string }> {
  const model = await world.trained('lids');
  await world.client.send(new StartModelCommand({ ...model, MinInferenceUnits: 1 }));
  await world.settle();
  return { model, id: (await world.deployments(model))[0]?.id ?? '' };
}

test('what the table knows is in order; what it never knew, and what outlived its run, is told and left alone', async () => {
  const { model, id } = await hosted();
  const endpoint = (deploymentId: string, name = 'cn-test-x'): EngineResource => ({
    kind: 'endpoint',
    name,
    project: 'lids',
    version: '1',
    deploymentId,
  });
  const stranger = endpoint('0000000000000000000000000', 'cn-test-stranger');
  const untagged: EngineResource = { kind: 'model', name: 'cn-test-untagged' };
  const orphan: EngineResource = {
    kind: 'model package',
    name: 'cn-test-package',
    project: 'lids',
    version: '9',
  };
  const own: EngineResource = { kind: 'model package', name: 'cn-test-own', project: 'lids', version: '1' };

  expect(await audit(world.context, inventory(endpoint(id), own, stranger, untagged, orphan))).toEqual({
    looked: 5,
    unknown: [stranger, untagged, orphan],
    leftover: [],
  });

  await world.client.send(new StopModelCommand(model));
  await world.settle();
  // it may be listed for a moment
  expect((await audit(world.context, inventory(endpoint(id)))).leftover).toEqual([]);
  world.clock.advance(3700);
  const calls = world.engine.calls.length;
  expect((await audit(world.context, inventory(endpoint(id)))).leftover).toEqual([endpoint(id)]);
  expect(world.engine.calls).toHaveLength(calls);
  expect(world.logged.filter((line) => line.includes('never knew'))).toHaveLength(3);
});

test("SageMaker's inventory is what bears the stage's tag, page after page", async () => {
  const arn = (name: string): string => `arn:aws:sagemaker:eu-west-1:111122223333:endpoint/${name}`;
  const tags: Record<string, Record<string, string>> = {
    [arn('cn-dev-1')]: {
      'crowsnest:stage': 'dev',
      'crowsnest:project': 'lids',
      'crowsnest:version': '3',
      'crowsnest:deployment': '1',
    },
    [arn('cn-dev-2')]: { 'crowsnest:stage': 'other' },
    [arn('cn-dev-3')]: { 'crowsnest:stage': 'dev' },
  };
  const asked: string[] = [];
  const send = (command: {
    readonly constructor: { readonly name: string };
    readonly input: Record<string, string>;
  }): Promise<object> => {
    const {
      constructor: { name },
      input,
    } = command;
    asked.push(name);
    if (name === 'ListTagsCommand') {
      const found = tags[input['ResourceArn'] ?? ''];
      if (found === undefined)
        return Promise.reject(Object.assign(new Error('gone'), { name: 'ValidationException' }));
      return Promise.resolve({ Tags: Object.entries(found).map(([Key, Value]) => ({ Key, Value })) });
    }
    if (name !== 'ListEndpointsCommand') return Promise.resolve({});
    const page = (names: string[], NextToken?: string): object => ({
      Endpoints: names.map((each) => ({ EndpointName: each, EndpointArn: arn(each) })),
      NextToken,
    });
    return Promise.resolve(
      input['NextToken'] === undefined
        ? page(['cn-dev-1', 'my-cn-dev-9'], 'next')
        : page(['cn-dev-2', 'cn-dev-3', 'cn-dev-gone']),
    );
  };
  const client = Object.assign(new SageMakerClient({ region: 'eu-west-1' }), { send });
  const found: EngineResource[] = [];
  for await (const each of createSageMakerInventory({ sagemaker: client, stage: 'dev' }).list())
    found.push(each);
  expect(found).toEqual([
    { kind: 'endpoint', name: 'cn-dev-1', project: 'lids', version: '3', deploymentId: '1' },
    { kind: 'endpoint', name: 'cn-dev-3' },
  ]);
  expect(new Set(asked)).toEqual(
    new Set([
      'ListEndpointsCommand',
      'ListTagsCommand',
      'ListEndpointConfigsCommand',
      'ListModelsCommand',
      'ListModelPackagesCommand',
    ]),
  );
});

const identityOf = (of: World): TableIdentity => new TableIdentity(dynamo.client, of.tableName, of.clock);

async function sweepOnce(of: World): Promise<Record<string, unknown>> {
  of.clock.advance(7200);
  await sweepHandler({ context: of.context, identity: identityOf(of) })();
  await of.settle();
  const lines = of.logged.map((line) => JSON.parse(line) as Record<string, unknown>);
  return lines.findLast(({ code }) => code === 'sweep.ended' || code === 'sweep.reporting') ?? {};
}

test('after a restore the sweep only reports, until the table is adopted', async () => {
  const { model, id } = await hosted();
  expect(await sweepOnce(world)).toMatchObject({ ReportOnly: 0, SweepFailures: 0, RunningModels: 1 });

  const restored = await World.open(dynamo);
  restored.clock.advance(7200);
  for await (const Item of scan(dynamo.client, world.tableName))
    await dynamo.client.send(new PutCommand({ TableName: restored.tableName, Item }));
  expect(await sweepOnce(restored)).toMatchObject({ ReportOnly: 1, DueRows: 1 });
  expect(restored.engine.calls).toEqual([]); // its engine has nothing: a sweep that acted would have noticed
  expect((await restored.describe(model)).Status).toBe('HOSTED');
  expect(restored.logged.some((line) => line.includes('nothing is done about it') && line.includes(id))).toBe(
    true,
  );

  // What the runbook says: forget whose table it was.
  await dynamo.client.send(
    new DeleteCommand({ TableName: restored.tableName, Key: { pk: 'STACK', sk: 'TABLE' } }),
  );
  expect(await sweepOnce(restored)).toMatchObject({ ReportOnly: 0 });
  expect(restored.engine.calls).toContain(`observe ${id}`);
});
