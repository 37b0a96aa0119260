import { describe, expect, test } from '@jest/globals';
import { EngineFailed } from '../../../../lambdas/engines/engine.ts';
import { createSageMakerEngine } from '../../../../lambdas/engines/sagemaker/hosting/engine.ts';
import { BadSageMakerOption } from '../../../../lambdas/engines/sagemaker/hosting/options.ts';
import { minutes } from '../../../helpers/fake-sagemaker/clock.ts';
import { FakeSageMaker } from '../../../helpers/fake-sagemaker/fake.ts';
import { invalid, ServiceError } from '../../../helpers/fake-sagemaker/service-error.ts';
import { persistently } from '../../../helpers/persistently.ts';
import { engineOn, name, ref, scaled, setUp, spec, untilGone } from './setup.ts';

const failure = (act: Promise<unknown>): Promise<Error> =>
  act.then(
    () => new Error('nothing failed'),
    (error: unknown) => error as Error,
  );

describe('a start that SageMaker gives up', () => {
  test.each([
    [
      'The primary container for production variant crowsnest did not pass the ping health check. Please check CloudWatch logs for this endpoint.',
      /^The model's container did not pass its health check\. Its log group is \/aws\/sagemaker\/Endpoints\/cn-dev-\w+; .*ml\.c5\.2xlarge has too little memory/,
    ],
    [
      'Failed to download model data for container "container_1" from URL: "s3://b/model.tar.gz". ' +
        'Please ensure that there is an object located at the URL and that the role passed to CreateModel has permissions to download the object.',
      /^The model data could not be loaded\..*execution role may read it and use its KMS key/,
    ],
    [
      'Unable to provision requested ML compute capacity due to InsufficientInstanceCapacity error. Please retry using a different ML instance type or after some time.',
      /^AWS has no ml\.c5\.2xlarge instances free/,
    ],
    [
      "The account-level service limit 'ml.c5.2xlarge for endpoint usage' is 1 Instances, with current utilization of 1 Instances",
      /request a higher quota "ml\.c5\.2xlarge for endpoint usage"/,
    ],
    ['Caller is not subscribed to the marketplace offering.', /^This account is not subscribed/],
    [
      'Please make sure all images included in the model for the production variant crowsnest exist, ' +
        'and that the execution role used to create the model has permissions to access them.',
      /^The container image could not be pulled\./,
    ],
    ['A meteor hit the region.', /^SageMaker cannot host the model: A meteor hit the region\.$/],
    ['', /^SageMaker gives no reason\./],
  ])('says what to do: %s', async (reason, remedy) => {
    const { fake, engine } = setUp();
    fake.world.life.outcome = { failed: reason };
    await engine.create(spec());
    fake.clock.pass(minutes(5));
    const seen = await engine.observe(ref);
    expect(seen).toMatchObject({ state: 'failed', reason: expect.stringMatching(remedy) });
    expect('quota' in seen).toBe(/quota/.test(remedy.source));
    expect('reason' in seen && seen.reason).toContain(reason);
    await untilGone(fake, engine);
    expect(fake.resources()).toEqual([]);
  });

  test('keeps a long reason short', async () => {
    const { fake, engine } = setUp();
    fake.world.life.outcome = { failed: 'x'.repeat(1024) };
    await engine.create(spec());
    fake.clock.pass(minutes(5));
    const seen = await engine.observe(ref);
    expect('reason' in seen && seen.reason.length).toBeLessThan(600);
  });
});

describe('a start that SageMaker refuses', () => {
  test('for the quota', async () => {
    const { fake, engine } = setUp();
    fake.world.quotas.set('ml.c5.2xlarge', 1);
    const refused = await failure(engine.create(spec()));
    expect(refused).toBeInstanceOf(EngineFailed);
    expect(refused.message).toMatch(
      /^The account's quota of ml\.c5\.2xlarge instances for endpoints is used up\..*Service Quotas.*is 1 Instances/,
    );
    expect(fake.resources()).toHaveLength(2);
    await untilGone(fake, engine);
    expect(fake.resources()).toEqual([]);
  });

  test('for want of a subscription', async () => {
    const { fake, engine } = setUp();
    fake.world.unsubscribed.add(fake.addPackage('vision-defects-1'));
    const refused = await failure(engine.create(spec()));
    expect(refused).toBeInstanceOf(EngineFailed);
    expect(refused.message).toMatch(/not subscribed to the model's AWS Marketplace product\. Subscribe/);
    expect(fake.resources()).toEqual([]);
  });

  test.each([
    [
      new ServiceError(
        'AccessDeniedException',
        'User: arn:aws:sts::1:x is not authorized to perform: sagemaker:CreateEndpoint',
      ),
      /^Crowsnest lacks a right/,
    ],
    [
      invalid('Could not assume role arn:aws:iam::123456789012:role/x. Please ensure that the role exists'),
      /^SageMaker cannot use the execution role/,
    ],
    [
      invalid('Could not access model data at s3://b/k. Please ensure that the role "r" exists'),
      /^The model data could not be loaded/,
    ],
    [
      invalid("1 validation error detected: Value 'ml.x' at 'instanceType'"),
      /^SageMaker cannot host the model: 1 validation error/,
    ],
  ])('for good: %s', async (error, remedy) => {
    const { fake, engine } = setUp();
    fake.inject('CreateEndpoint', error);
    const refused = await failure(engine.create(spec()));
    expect(refused).toBeInstanceOf(EngineFailed);
    expect(refused.message).toMatch(remedy);
  });

  test('because its instances cannot be scaled, before anything is made', async () => {
    const { fake } = setUp();
    const engine = engineOn(fake, { instanceType: 'ml.t2.medium' });
    await engine.create(spec());
    const before = fake.calls.length;
    expect(await failure(engine.create(scaled))).toBeInstanceOf(EngineFailed);
    expect(fake.calls.length).toBe(before);
  });
});

test('a model that may not follow demand says so, and one that cannot just now is tried again', async () => {
  const { fake, engine } = setUp();
  await engine.create(scaled);
  fake.clock.pass(minutes(5));
  fake.inject(
    'PutScalingPolicy',
    new ServiceError(
      'AccessDeniedException',
      'not authorized to perform: application-autoscaling:PutScalingPolicy',
    ),
  );
  const refused = await failure(engine.scale(ref, scaled.units));
  expect(refused).toBeInstanceOf(EngineFailed);
  expect(refused.message).toMatch(/^The model cannot follow demand\. Crowsnest lacks a right/);
  fake.inject('RegisterScalableTarget', invalid('Unable to assume IAM role or access the endpoint'));
  const untold = await failure(engine.scale(ref, scaled.units));
  expect(untold).toBeInstanceOf(EngineFailed);
  expect(untold.message).toMatch(/^The model cannot follow demand\. .*Unable to assume IAM role/);
  fake.inject(
    'RegisterScalableTarget',
    new ServiceError('ConcurrentUpdateException', 'an update is under way'),
  );
  expect((await failure(engine.scale(ref, scaled.units))).name).toBe('ConcurrentUpdateException');
  await untilGone(fake, engine);
  expect(fake.resources()).toEqual([]);
});

test('throttled throughout, every call fails in a way that may be tried again, and nothing is half forgotten', async () => {
  const { fake, engine } = setUp();
  fake.inject('*', 'throttled', { times: 4 });
  for (const call of [
    () => engine.create(spec()),
    () => engine.observe(ref),
    () => engine.remove(ref),
    () => engine.scale(ref, scaled.units),
  ]) {
    const error = await failure(call());
    expect(error.name).toBe('ThrottlingException');
    expect(error).not.toBeInstanceOf(EngineFailed);
  }
  fake.inject('*', 'throttled', { times: 3 });
  await persistently(() => engine.create(spec()));
  expect(fake.resources()).toHaveLength(3);
});

describe('an endpoint is believed to be missing for any refusal that says so', () => {
  test.each([
    invalid('Could not find endpoint'),
    invalid(`Endpoint ${name} does not exist.`),
    invalid(
      `The endpoint was not found: "arn:aws:sagemaker:eu-west-1:123456789012:endpoint/${name}". Check the name.`,
    ),
    new ServiceError('ResourceNotFound', 'Requested resource not found.'),
  ])('%s', async (error) => {
    const { fake, engine } = setUp();
    fake.inject('DescribeEndpoint', error);
    expect(await engine.observe(ref)).toMatchObject({ state: 'gone' });
  });
});

describe('an endpoint is not believed to be missing for a refusal that is about something else', () => {
  test.each([
    invalid(
      `Could not find endpoint configuration "arn:aws:sagemaker:eu-west-1:123456789012:endpoint-config/${name}".`,
    ),
    invalid('Could not find endpoint "arn:aws:sagemaker:eu-west-1:123456789012:endpoint/cn-dev-another".'),
    invalid(`1 validation error detected: Value '${name}' at 'endpointName' is too long`),
    new ServiceError(
      'InternalFailure',
      `Could not find endpoint "arn:aws:sagemaker:eu-west-1:123456789012:endpoint/${name}".`,
      500,
    ),
    new ServiceError('AccessDeniedException', 'no'),
  ])('%s', async (error) => {
    const { fake, engine } = setUp();
    fake.inject('DescribeEndpoint', error);
    expect((await failure(engine.observe(ref))).message).toBe(error.message);
  });
});

test.each([
  [{ stage: 'Production' }, /^stage must be 1 to 8 of/],
  [{ stage: '' }, /^stage/],
  [{ tags: { 'crowsnest:stage': 'x' } }, /^tags must not begin/],
  [{ invocationsPerInstance: 0 }, /^invocationsPerInstance must be above 0/],
])('options %j are refused', (more, message) => {
  const fake = new FakeSageMaker();
  const make = () =>
    createSageMakerEngine({
      ...fake.clients(),
      stage: 'dev',
      instanceType: 'ml.c5.large',
      executionRoleArn: 'arn:aws:iam::123456789012:role/r',
      invocationsPerInstance: 1,
      clock: fake.clock,
      ...more,
    });
  expect(make).toThrow(BadSageMakerOption);
  expect(make).toThrow(message);
});
