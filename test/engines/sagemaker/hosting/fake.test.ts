import {
  CreateEndpointCommand,
  CreateModelCommand,
  DeleteEndpointCommand,
  DescribeEndpointCommand,
  ListTagsCommand,
} from '@aws-sdk/client-sagemaker';
import { RegisterScalableTargetCommand } from '@aws-sdk/client-application-auto-scaling';
import { expect, test } from '@jest/globals';
import { minutes } from '../../../helpers/fake-sagemaker/clock.ts';
import { invalid } from '../../../helpers/fake-sagemaker/service-error.ts';
import { id, name, ref, setUp, spec } from './setup.ts';

// What the engine's tests believe of SageMaker, in one place.

test('an endpoint takes its time, tells what it is at, and forgets itself', async () => {
  const { fake, engine } = setUp();
  const { sagemaker } = fake.clients();
  await engine.create(spec());
  const status = async () =>
    (await sagemaker.send(new DescribeEndpointCommand({ EndpointName: name }))).EndpointStatus;
  expect(await status()).toBe('Creating');
  await expect(sagemaker.send(new DeleteEndpointCommand({ EndpointName: name }))).rejects.toThrow(
    `Cannot update in-progress endpoint "arn:aws:sagemaker:eu-west-1:123456789012:endpoint/${name}".`,
  );
  fake.clock.pass(minutes(5));
  expect(await status()).toBe('InService');
  fake.force(name, 'SystemUpdating', { lasting: minutes(2) });
  await expect(sagemaker.send(new DeleteEndpointCommand({ EndpointName: name }))).rejects.toThrow(
    'in-progress',
  );
  fake.clock.pass(minutes(2));
  await sagemaker.send(new DeleteEndpointCommand({ EndpointName: name }));
  expect(await status()).toBe('Deleting');
  await expect(
    sagemaker.send(new CreateEndpointCommand({ EndpointName: name, EndpointConfigName: name })),
  ).rejects.toThrow('Cannot create already existing endpoint');
  fake.clock.pass(minutes(1));
  await expect(status()).rejects.toMatchObject({
    name: 'ValidationException',
    message: `Could not find endpoint "arn:aws:sagemaker:eu-west-1:123456789012:endpoint/${name}".`,
  });
});

test('it enforces names, members and prerequisites', async () => {
  const { fake } = setUp();
  const { sagemaker, scaling } = fake.clients();
  await expect(
    sagemaker.send(new CreateModelCommand({ ModelName: '-x'.repeat(40), ExecutionRoleArn: 'role' })),
  ).rejects.toThrow(
    /^3 validation errors detected: .*length less than or equal to 63; .*'modelName' failed .*regular expression pattern: .*'executionRoleArn'/,
  );
  await expect(
    sagemaker.send(new CreateEndpointCommand({ EndpointName: 'a', EndpointConfigName: 'b' })),
  ).rejects.toThrow(/^Could not find endpoint configuration "arn:/);
  await expect(
    sagemaker.send(
      new ListTagsCommand({ ResourceArn: 'arn:aws:sagemaker:eu-west-1:123456789012:model/none' }),
    ),
  ).rejects.toThrow(/^Could not find/);
  await expect(
    scaling.send(
      new RegisterScalableTargetCommand({
        ServiceNamespace: 'sagemaker',
        ResourceId: 'endpoint/a/variant/b',
        ScalableDimension: 'sagemaker:variant:DesiredInstanceCount',
        MinCapacity: 1,
        MaxCapacity: 2,
      }),
    ),
  ).rejects.toThrow(/no endpoint variant/);
});

test('what goes wrong goes wrong once, where it was said, and may have been carried out', async () => {
  const { fake, engine } = setUp();
  fake.inject('CreateModel', 'lost', { after: 1 });
  await engine.create(spec());
  await expect(engine.create(spec({ id: id.replace('0', '1') }))).rejects.toThrow('socket hang up');
  expect(fake.world.models.size).toBe(2);
  fake.inject('CreateModel', 'unreachable');
  await expect(engine.create(spec({ id: id.replace('0', '2') }))).rejects.toThrow('socket hang up');
  expect(fake.world.models.size).toBe(2);
  expect(fake.pendingFaults()).toBe(0);
});

test('it notices what no careful caller does', async () => {
  const { fake, engine } = setUp();
  await engine.create(spec());
  fake.inject(
    'DescribeEndpoint',
    invalid(`Could not find endpoint "arn:aws:sagemaker:eu-west-1:123456789012:endpoint/${name}".`),
  );
  await engine.remove(ref);
  expect(fake.world.violations).toEqual([
    `the configuration of ${name} was deleted in Creating`,
    `the model of ${name} was deleted in Creating`,
  ]);
  fake.clock.pass(minutes(60));
  expect((await engine.observe(ref)).state).toBe('failed');
});
