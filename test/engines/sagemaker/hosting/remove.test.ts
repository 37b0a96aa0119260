import { describe, expect, test } from '@jest/globals';
import { EngineFailed } from '../../../../lambdas/engines/engine.ts';
import { createSageMakerEngine } from '../../../../lambdas/engines/sagemaker/hosting/engine.ts';
import {
  CreateEndpointCommand,
  CreateEndpointConfigCommand,
  CreateModelCommand,
} from '@aws-sdk/client-sagemaker';
import { minutes } from '../../../helpers/fake-sagemaker/clock.ts';
import { invalid } from '../../../helpers/fake-sagemaker/service-error.ts';
import type { Status } from '../../../helpers/fake-sagemaker/world.ts';
import { engineOn, id, name, packageName, ref, scaled, setUp, spec, untilGone } from './setup.ts';

const hosted = async () => {
  const { fake, engine } = setUp();
  await engine.create(scaled);
  fake.clock.pass(minutes(5));
  await engine.observe(ref);
  await engine.scale(ref, scaled.units);
  return { fake, engine };
};

describe('the states of an endpoint', () => {
  const note = expect.any(String);
  test.each<[Status, object]>([
    ['InService', { state: 'ready', unitsInService: 1 }],
    ['Updating', { state: 'ready', unitsInService: 1, note }],
    ['RollingBack', { state: 'ready', unitsInService: 1, note }],
    ['UpdateRollbackFailed', { state: 'ready', unitsInService: 1, note }],
    ['SystemUpdating', { state: 'updating', unitsInService: 1 }],
    ['OutOfService', { state: 'failed', reason: expect.stringMatching(/^The endpoint takes no requests\./) }],
    ['Failed', { state: 'failed', reason: note }],
    ['Deleting', { state: 'removing' }],
  ])('%s', async (status, seen) => {
    const { fake, engine } = await hosted();
    fake.force(name, status);
    expect(await engine.observe(ref)).toEqual(seen);
  });

  test.each<[Status, number]>([
    ['Updating', 5],
    ['RollingBack', 5],
    ['SystemUpdating', 30],
    ['Creating', 60],
  ])('%s keeps a removal waiting, and is no error', async (status, lasting) => {
    const { fake, engine } = await hosted();
    fake.force(name, status, { lasting: minutes(lasting) });
    const seen = await untilGone(fake, engine);
    expect(seen.length).toBeGreaterThan(lasting);
    expect(fake.resources()).toEqual([]);
    expect(fake.world.violations).toEqual([]);
  });

  test.each<Status>(['InService', 'UpdateRollbackFailed', 'OutOfService', 'Failed'])(
    '%s is removed at once',
    async (status) => {
      const { fake, engine } = await hosted();
      fake.force(name, status);
      expect((await untilGone(fake, engine)).map(({ state }) => state)).toEqual(['removing', 'gone']);
      expect(fake.resources()).toEqual([]);
    },
  );
});

test('maintenance that begins between the look and the order to delete is waited for', async () => {
  const { fake, engine } = await hosted();
  fake.inject(
    'DeleteEndpoint',
    invalid('Cannot update in-progress endpoint "arn:aws:sagemaker:eu-west-1:123456789012:endpoint/x".'),
  );
  await engine.remove(ref);
  expect((await engine.observe(ref)).state).toBe('ready');
  await untilGone(fake, engine);
});

test('a refusal to delete that has nothing to do with the state is an error', async () => {
  const { fake, engine } = await hosted();
  fake.inject(
    'DeleteEndpoint',
    invalid(
      'An Application AutoScaling scalable target exists for a variant being deleted, and the IAM identity used to invoke DeleteEndpoint does not have permission.',
    ),
  );
  await expect(engine.remove(ref)).rejects.toThrow(/IAM identity/);
});

test('stuck in Creating, it costs nothing but patience, and goes when SageMaker gives it up', async () => {
  const { fake, engine } = setUp();
  fake.world.life.outcome = 'stuck';
  await engine.create(spec());
  for (let hour = 0; hour < 5; hour += 1) {
    fake.clock.pass(minutes(60));
    await engine.remove(ref);
    expect((await engine.observe(ref)).state).toBe('creating');
  }
  expect(fake.resources()).toHaveLength(3);
  fake.force(name, 'Failed', { reason: 'Request to service failed.' });
  await untilGone(fake, engine);
  expect(fake.resources()).toEqual([]);
  expect(fake.world.violations).toEqual([]);
});

test('a start that was interrupted is finished by repeating it, or taken down', async () => {
  for (const made of [1, 2]) {
    const { fake, engine } = setUp();
    fake.inject('*', 'unreachable', { after: made, times: 1 });
    await expect(engine.create(spec())).rejects.toThrow();
    expect(fake.resources()).toHaveLength(made);
    expect((await engine.observe(ref)).state).toBe('removing');
    if (made === 1) await engine.create(spec());
    await untilGone(fake, engine);
    expect(fake.resources()).toEqual([]);
  }
});

test('a registration for scaling that was overtaken by the removal is undone with the configuration', async () => {
  const { fake, engine } = await hosted();
  await engine.remove(ref);
  fake.world.targets.set(`endpoint/${name}/variant/crowsnest`, { min: 1, max: 3, policies: new Map() });
  await untilGone(fake, engine);
  expect(fake.resources()).toEqual([]);
});

describe('what others made', () => {
  const strangers = async (variantName: string, config: string) => {
    const { fake, engine } = setUp();
    const { sagemaker } = fake.clients();
    await sagemaker.send(
      new CreateModelCommand({
        ModelName: name,
        PrimaryContainer: { ModelPackageName: packageName },
        ExecutionRoleArn: 'arn:aws:iam::123456789012:role/r',
        EnableNetworkIsolation: true,
      }),
    );
    await sagemaker.send(
      new CreateEndpointConfigCommand({
        EndpointConfigName: config,
        ProductionVariants: [
          { VariantName: variantName, ModelName: name, InstanceType: 'ml.c5.large', InitialInstanceCount: 1 },
        ],
      }),
    );
    await sagemaker.send(new CreateEndpointCommand({ EndpointName: name, EndpointConfigName: config }));
    fake.clock.pass(minutes(5));
    return { fake, engine };
  };

  test.each([
    ['AllTraffic', name],
    ['crowsnest', 'theirs'],
  ])('is neither adopted nor removed, and is not taken for ours: %s, %s', async (variant, config) => {
    const { fake, engine } = await strangers(variant, config);
    const refused = await engine.create(spec()).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(EngineFailed);
    expect(String(refused)).toContain(
      `There is a model "${name}" in this account that Crowsnest did not make`,
    );
    await engine.remove(ref);
    expect(await engine.observe(ref)).toEqual({ state: 'gone', sealed: false });
    expect(fake.resources()).toHaveLength(3);
    expect(
      fake.operations().filter((each) => each.startsWith('Delete') || each.startsWith('Deregister')),
    ).toEqual([]);
  });

  test('by another stage is not ours either', async () => {
    const { fake, engine } = setUp();
    await engine.create(spec());
    fake.clock.pass(minutes(5));
    for (const { tags } of [
      ...fake.world.endpoints.values(),
      ...fake.world.configs.values(),
      ...fake.world.models.values(),
    ])
      tags.set('crowsnest:stage', 'prod');
    await engine.remove(ref);
    expect(fake.resources()).toHaveLength(3);
  });
});

test('names are lower case, begin with the stage and fit', async () => {
  const { fake } = setUp();
  const engine = createSageMakerEngine({
    ...fake.clients(),
    stage: 'staging1',
    instanceType: 'ml.c5.large',
    executionRoleArn: 'arn:aws:iam::123456789012:role/r',
    invocationsPerInstance: 1,
    clock: fake.clock,
  });
  await engine.create(spec());
  expect([...fake.world.endpoints.keys()]).toEqual([`cn-staging1-${id}`]);
});

test('an endpoint of ours that somebody gave another configuration is still ours, by its tags', async () => {
  const { fake, engine } = await hosted();
  fake.world.endpoint(name).config = 'by-hand';
  expect(await engine.observe(ref)).toEqual({ state: 'ready', unitsInService: 1 });
  const again = engineOn(fake);
  await untilGone(fake, again);
  expect(fake.resources()).toEqual([]);
});
