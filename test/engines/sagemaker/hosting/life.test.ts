import { describe, expect, test } from '@jest/globals';
import { EngineFailed } from '../../../../lambdas/engines/engine.ts';
import { minutes } from '../../../helpers/fake-sagemaker/clock.ts';
import { invalid } from '../../../helpers/fake-sagemaker/service-error.ts';
import { persistently } from '../../../helpers/persistently.ts';
import { id, name, ref, scaled, setUp, spec, untilGone } from './setup.ts';

describe('a start', () => {
  test('is three calls and one per look', async () => {
    const { fake, engine } = setUp();
    await engine.create(spec());
    expect(fake.takeOperations()).toEqual(['CreateModel', 'CreateEndpointConfig', 'CreateEndpoint']);

    expect(await engine.observe(ref)).toEqual({ state: 'creating' });
    fake.clock.pass(minutes(4));
    expect(await engine.observe(ref)).toEqual({ state: 'creating', note: 'Downloading the model data.' });
    fake.clock.pass(minutes(1));
    expect(await engine.observe(ref)).toEqual({ state: 'ready', unitsInService: 2 });
    await engine.scale(ref, spec().units);
    expect(fake.takeOperations()).toEqual(['DescribeEndpoint', 'DescribeEndpoint', 'DescribeEndpoint']);
  });

  test('sends what SageMaker needs, tagged as ours', async () => {
    const { fake, engine } = setUp({ tags: { team: 'quality' }, kmsKeyId: 'alias/volumes' });
    await engine.create(spec());
    const tags = [
      { Key: 'crowsnest:stage', Value: 'dev' },
      { Key: 'crowsnest:project', Value: 'lids' },
      { Key: 'crowsnest:version', Value: '3' },
      { Key: 'crowsnest:deployment', Value: id },
      { Key: 'team', Value: 'quality' },
    ];
    expect(fake.calls.map(({ input }) => input)).toEqual([
      {
        ModelName: name,
        PrimaryContainer: {
          ModelPackageName: 'arn:aws:sagemaker:eu-west-1:123456789012:model-package/vision-defects-1',
        },
        ExecutionRoleArn: 'arn:aws:iam::123456789012:role/crowsnest-hosting',
        EnableNetworkIsolation: true,
        Tags: tags,
      },
      {
        EndpointConfigName: name,
        KmsKeyId: 'alias/volumes',
        Tags: tags,
        ProductionVariants: [
          {
            VariantName: 'crowsnest',
            ModelName: name,
            InstanceType: 'ml.c5.2xlarge',
            InitialInstanceCount: 2,
            InitialVariantWeight: 1,
            RoutingConfig: { RoutingStrategy: 'LEAST_OUTSTANDING_REQUESTS' },
          },
        ],
      },
      { EndpointName: name, EndpointConfigName: name, Tags: tags },
    ]);
  });

  test.each([
    [
      'training output',
      { S3: { Bucket: 'output', Prefix: 'job-1/output' } },
      { ModelPackageName: 'cn-dev-0a1b2c3d4e5f60718293a4b5c' },
    ],
    [
      'an image',
      { Image: 'example.com/inspect:1', ModelDataUrl: 's3://theirs/model.tar.gz' },
      {
        Image: 'example.com/inspect:1',
        ModelDataUrl: 's3://artifacts/models/cn-dev-0a1b2c3d4e5f60718293a4b5c/model.tar.gz',
      },
    ],
  ])('hosts %s from our copy', async (_, source, container) => {
    const { fake, engine } = setUp();
    fake.addPackage('cn-dev-0a1b2c3d4e5f60718293a4b5c');
    await engine.create(spec({ source }));
    expect(fake.calls[0]?.input['PrimaryContainer']).toEqual(container);
  });

  test('with a maximum is two calls more, and follows demand between the two', async () => {
    const { fake, engine } = setUp();
    await engine.create(scaled);
    fake.clock.pass(minutes(5));
    await engine.observe(ref);
    await engine.scale(ref, scaled.units);
    await engine.scale(ref, scaled.units);
    expect(fake.takeOperations()).toEqual([
      'CreateModel',
      'CreateEndpointConfig',
      'CreateEndpoint',
      'DescribeEndpoint',
      'RegisterScalableTarget',
      'PutScalingPolicy',
      'RegisterScalableTarget',
      'PutScalingPolicy',
    ]);
    const target = fake.world.targets.get(`endpoint/${name}/variant/crowsnest`);
    expect(target).toMatchObject({ min: 1, max: 3 });
    expect(target?.policies.get(name)?.['TargetTrackingScalingPolicyConfiguration']).toEqual({
      TargetValue: 180,
      ScaleOutCooldown: 60,
      ScaleInCooldown: 300,
      PredefinedMetricSpecification: { PredefinedMetricType: 'SageMakerVariantInvocationsPerInstance' },
    });
  });

  test.each([[{ min: 2 }], [{ min: 2, max: 2 }]])('with units %j never speaks of scaling', async (units) => {
    const { fake, engine } = setUp();
    await engine.create(spec({ units }));
    fake.clock.pass(minutes(5));
    await engine.scale(ref, units);
    await untilGone(fake, engine);
    expect(fake.operations().filter((each) => /Scal/.test(each))).toEqual([]);
    expect(fake.resources()).toEqual([]);
  });

  test('waits for what it has just made to be seen, but not for ever', async () => {
    const { fake, engine } = setUp();
    fake.inject(
      'CreateEndpoint',
      invalid(
        `Could not find endpoint configuration "arn:aws:sagemaker:eu-west-1:123456789012:endpoint-config/${name}".`,
      ),
      { times: 2 },
    );
    await engine.create(spec());
    expect(fake.clock.slept).toEqual([1000, 2000]);

    const second = setUp();
    second.fake.inject(
      'CreateEndpointConfig',
      invalid(`Could not find model "arn:aws:sagemaker:eu-west-1:123456789012:model/${name}".`),
      { times: 99 },
    );
    const refused = await second.engine.create(spec()).catch((error: unknown) => error);
    expect(refused).not.toBeInstanceOf(EngineFailed);
    expect(second.fake.clock.slept).toEqual([1000, 2000, 4000]);
  });
});

test('a whole life leaves nothing', async () => {
  const { fake, engine } = setUp();
  await engine.create(scaled);
  fake.clock.pass(minutes(5));
  await engine.scale(ref, scaled.units);
  expect(fake.resources()).toHaveLength(4);
  fake.takeOperations();

  await engine.remove(ref);
  expect(fake.takeOperations()).toEqual([
    'DescribeEndpoint',
    'ListTags',
    'DeregisterScalableTarget',
    'DeleteEndpoint',
  ]);
  expect(await engine.observe(ref)).toEqual({ state: 'removing' });
  fake.takeOperations();
  await engine.remove(ref);
  expect(fake.takeOperations()).toEqual(['DescribeEndpoint', 'ListTags']);
  fake.clock.pass(minutes(1));
  expect(await engine.observe(ref)).toEqual({
    state: 'removing',
    note: 'There is no endpoint, but its configuration is still there.',
  });
  fake.takeOperations();

  await engine.remove(ref);
  expect(fake.takeOperations()).toEqual([
    'DescribeEndpoint',
    'DescribeEndpointConfig',
    'ListTags',
    'DeregisterScalableTarget',
    'DeleteEndpointConfig',
    'DescribeModel',
    'ListTags',
    'DeleteModel',
  ]);
  expect(await engine.observe(ref)).toEqual({ state: 'gone', sealed: false });
  expect(fake.resources()).toEqual([]);
  await engine.remove(ref);
  expect(await engine.observe(ref)).toEqual({ state: 'gone', sealed: false });
  expect(fake.world.violations).toEqual([]);
});

describe('whatever goes wrong with any one call', () => {
  const live = async (
    fake: ReturnType<typeof setUp>['fake'],
    engine: ReturnType<typeof setUp>['engine'],
  ): Promise<void> => {
    await persistently(() => engine.create(scaled));
    fake.clock.pass(minutes(5));
    expect((await persistently(() => engine.observe(ref))).state).toBe('ready');
    await persistently(() => engine.scale(ref, scaled.units));
    await untilGone(fake, engine);
  };

  test.each(['lost', 'unreachable', 'throttled'] as const)(
    '%s: repeating is success, and nothing is left',
    async (fault) => {
      const undisturbed = setUp();
      await live(undisturbed.fake, undisturbed.engine);
      const total = undisturbed.fake.calls.length;
      expect(total).toBeGreaterThan(15);
      for (let nth = 0; nth < total; nth += 1) {
        const { fake, engine } = setUp();
        fake.inject('*', fault, { after: nth });
        await live(fake, engine);
        expect({
          nth,
          left: fake.resources(),
          violations: fake.world.violations,
          pending: fake.pendingFaults(),
        }).toEqual({ nth, left: [], violations: [], pending: 0 });
      }
    },
  );
});
