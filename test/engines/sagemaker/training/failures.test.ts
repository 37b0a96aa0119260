import { describe, expect, test } from '@jest/globals';
import { EngineFailed } from '../../../../lambdas/engines/engine.ts';
import { blankMask } from '../../../../lambdas/engines/sagemaker/training/manifest.ts';
import { minutes } from '../../../helpers/fake-sagemaker/clock.ts';
import { algorithmArn } from '../../../helpers/fake-sagemaker/hosting.ts';
import { invalid, ServiceError } from '../../../helpers/fake-sagemaker/service-error.ts';
import { example, failure, lines, name, setUp, spec, walk, type Setting } from './setup.ts';

const reasonOf = async (setting: Setting, training = spec()): Promise<string> => {
  const last = (await walk(setting, training)).at(-1);
  return last?.state === 'failed' ? last.reason : JSON.stringify(last);
};

describe('a job that fails says what to do', () => {
  test.each([
    [
      'CapacityError: Unable to provision requested ML compute capacity. Please retry using a different ML instance type.',
      /^AWS has no ml\.g4dn\.2xlarge instances free/,
    ],
    [
      'ClientError: Data download failed:Failed to download data. AccessDenied',
      /^SageMaker could not read the images\..*training role may read their bucket/,
    ],
    [
      'ClientError: Artifact upload failed:Error 7: The credentials received have been scoped to kms:GenerateDataKey',
      /^SageMaker may not use the KMS key\./,
    ],
    [
      'ClientError: Please use an instance type with more memory, or reduce the size of job data processed on an instance.',
      /^The images do not fit into the memory of ml\.g4dn\.2xlarge\./,
    ],
    [
      'ClientError: images differ in size',
      new RegExp(
        `^The algorithm refuses the images\\. .*/aws/sagemaker/TrainingJobs says more, in the stream that begins with ${name}\\.`,
      ),
    ],
    ['AlgorithmError: CUDA error, exit code: 1', /^The algorithm failed\. Train again;/],
    [
      'AlgorithmError: OSError: [Errno 28] No space left on device, exit code: 1',
      /^The storage of the training instance is full\./,
    ],
    [
      'InternalServerError: We encountered an internal error. Please try again.',
      /^SageMaker had a fault of its own\. Train again\./,
    ],
    ['A meteor hit the region.', /^SageMaker cannot train the model: A meteor hit the region\.$/],
    ['', /^SageMaker gives no reason\. Train again;/],
  ])('%s', async (reason, remedy) => {
    const setting = setUp();
    setting.fake.world.learning.outcome = { failed: reason };
    const told = await reasonOf(setting);
    expect(told).toMatch(remedy);
    expect(told).toContain(reason);
    await setting.trainer.stop(spec());
    expect(setting.fake.resources()).toEqual([]);
  });

  test('and a long reason is kept short', async () => {
    const setting = setUp();
    setting.fake.world.learning.outcome = { failed: 'x'.repeat(1024) };
    expect((await reasonOf(setting)).length).toBeLessThan(600);
  });

  test('when it takes longer than it may', async () => {
    const setting = setUp({
      training: { instanceType: 'ml.g4dn.2xlarge', volumeGigabytes: 20, maxSeconds: 240 },
    });
    expect(await reasonOf(setting)).toBe(
      'The training took longer than the 4 minutes that this stage allows. Train with fewer or smaller images, or have the limit raised. ' +
        '(SageMaker: MaxRuntimeExceeded)',
    );
  });

  test('when somebody else stops it', async () => {
    const setting = setUp();
    await setting.trainer.start(spec());
    const job = setting.fake.world.trainings.get(name);
    if (job !== undefined) Object.assign(job, { status: 'Stopping', stoppedAt: setting.fake.clock.now() });
    expect(await setting.trainer.observe(spec())).toEqual({
      state: 'running',
      note: 'SageMaker reports Stopping.',
    });
    setting.fake.clock.pass(minutes(1));
    expect(await setting.trainer.observe(spec())).toEqual({
      state: 'failed',
      reason: 'The training job was stopped from outside. Train again.',
    });
  });

  test('when the algorithm finds an image gone', async () => {
    const setting = setUp();
    await setting.trainer.start(spec());
    setting.objects.objects.delete('pictures/2.jpg');
    expect(await reasonOf(setting)).toMatch(
      /^The algorithm refuses the images\..*\(SageMaker: ClientError: line 2: no object at s3:\/\/pictures\/2\.jpg\)$/,
    );
  });
});

describe('a step that SageMaker refuses', () => {
  const pass = async (setting: Setting, count: number): Promise<void> => {
    for (let minute = 0; minute < count; minute += 1) {
      await setting.trainer.start(spec());
      setting.fake.clock.pass(minutes(1));
    }
  };

  test('for want of a subscription, before anything is paid for', async () => {
    const setting = setUp();
    setting.fake.world.unsubscribed.add(algorithmArn);
    const refused = await failure(setting.trainer.start(spec()));
    expect(refused).toBeInstanceOf(EngineFailed);
    expect(refused.message).toMatch(
      /^This account is not subscribed to the algorithm's AWS Marketplace product\. Subscribe to it in this region/,
    );
    expect(setting.fake.resources()).toEqual([]);
  });

  test('for the quota of training instances', async () => {
    const setting = setUp();
    setting.fake.world.quotas.set('ml.g4dn.2xlarge for training job usage', 0);
    const refused = await failure(setting.trainer.start(spec()));
    expect(refused).toBeInstanceOf(EngineFailed);
    expect(refused.message).toMatch(
      /quota of ml\.g4dn\.2xlarge instances for training jobs is used up\..*request a higher quota "ml\.g4dn\.2xlarge for training job usage" in Service Quotas/,
    );
  });

  test('for the quota of transform instances', async () => {
    const setting = setUp();
    setting.fake.world.quotas.set('ml.c5.2xlarge for transform job usage', 1);
    const refused = await failure(pass(setting, 30)); // there are two types of picture
    expect(refused).toBeInstanceOf(EngineFailed);
    expect(refused.message).toMatch(/quota of ml\.c5\.2xlarge instances for transform jobs is used up/);
  });

  test('because the subscription ended before the package was made', async () => {
    const setting = setUp();
    await pass(setting, 7);
    setting.fake.world.unsubscribed.add(algorithmArn);
    const refused = await failure(setting.trainer.start(spec()));
    expect(refused).toBeInstanceOf(EngineFailed);
    expect(refused.message).toMatch(/^This account is not subscribed .*and train again\./);
  });

  test.each([
    [
      new ServiceError(
        'AccessDeniedException',
        'User: arn:aws:sts::1:x is not authorized to perform: sagemaker:CreateTrainingJob',
      ),
      /^Crowsnest lacks a right that it needs to train/,
    ],
    [
      invalid('Could not assume role arn:aws:iam::123456789012:role/x. Please ensure that the role exists'),
      /^SageMaker cannot use the training role/,
    ],
    [
      invalid('No S3 objects found under S3 URL "s3://a/b" given in input data source.'),
      /^SageMaker could not read the images/,
    ],
    [
      invalid("1 validation error detected: Value 'ml.x' at 'instanceType'"),
      /^SageMaker cannot train the model: 1 validation error/,
    ],
  ])('for good: %s', async (error, remedy) => {
    const { fake, trainer } = setUp();
    fake.inject('CreateTrainingJob', error);
    const refused = await failure(trainer.start(spec()));
    expect(refused).toBeInstanceOf(EngineFailed);
    expect(refused.message).toMatch(remedy);
  });

  test('because what it builds upon is not seen everywhere yet is worth another try', async () => {
    const setting = setUp();
    await pass(setting, 9);
    setting.fake.inject(
      'CreateTransformJob',
      invalid(`Could not find model "${setting.fake.world.arn('model', name)}".`),
    );
    const early = await failure(setting.trainer.start(spec()));
    expect([early.name, early.message]).toEqual([
      'ValidationException',
      expect.stringMatching(/^Could not find model/),
    ]);
    setting.fake.inject(
      'CreateTransformJob',
      invalid('Could not find model "arn:aws:sagemaker:eu-west-1:123456789012:model/another".'),
    );
    expect(await failure(setting.trainer.start(spec()))).toBeInstanceOf(EngineFailed);
    expect((await walk(setting)).at(-1)).toMatchObject({ state: 'trained' });
  });

  test('because a job of its name exists that cannot be seen yet is worth another try', async () => {
    const setting = setUp();
    await setting.trainer.start(spec());
    setting.fake.inject('DescribeTrainingJob', invalid('Requested resource not found.'), { times: 2 });
    expect((await failure(setting.trainer.start(spec()))).name).toBe('ResourceInUse');
    expect((await walk(setting)).at(-1)).toMatchObject({ state: 'trained' });
  });

  test.each([
    'Requested resource not found',
    'Could not find requested job with name: x',
    'Could not find job to describe with name x.',
  ])('is ordered again where the service says that there is none, and only there: %s', async (words) => {
    const setting = setUp();
    await setting.trainer.start(spec());
    setting.fake.inject('DescribeTrainingJob', invalid(words));
    expect(await setting.trainer.observe(spec())).toEqual({ state: 'missing' });
    setting.fake.inject('DescribeTrainingJob', invalid('The service could not look.'));
    expect((await failure(setting.trainer.observe(spec()))).message).toContain('could not look');
  });

  test.each(['throttled', 'unreachable'] as const)(
    'just now (%s) is worth another try, at every call',
    async (fault) => {
      const setting = setUp();
      const { fake, trainer } = setting;
      for (const call of [
        () => trainer.start(spec()),
        () => trainer.observe(spec()),
        () => trainer.stop(spec()),
      ]) {
        fake.inject('*', fault);
        const error = await failure(call());
        expect([error.message === 'nothing failed', error instanceof EngineFailed]).toEqual([false, false]);
      }
      expect((await walk(setting)).at(-1)).toMatchObject({ state: 'trained' });
    },
  );
});

describe('an evaluation that fails', () => {
  test('because the package could not be made', async () => {
    const setting = setUp();
    setting.fake.world.packaging.outcome = { failed: 'The image scan found a virus.' };
    expect(await reasonOf(setting)).toBe(
      'SageMaker could not make a model package of the training output: The image scan found a virus.',
    );
  });

  test('because the container refuses a picture', async () => {
    const setting = setUp();
    setting.fake.container = () => ({ status: 400, body: 'too small' });
    expect(await reasonOf(setting)).toMatch(
      /^The model could not be evaluated\. The algorithm refuses the images\..*\/aws\/sagemaker\/TransformJobs says more, in the stream that begins with cn-test-\w+-jpeg\./,
    );
  });

  test('because its instances are not to be had', async () => {
    const setting = setUp();
    setting.fake.world.transforming.outcome = {
      failed: 'CapacityError: Unable to provision requested ML compute capacity.',
    };
    expect(await reasonOf(setting)).toMatch(
      /^The model could not be evaluated\. AWS has no ml\.c5\.2xlarge instances free/,
    );
  });

  test('because the container answers something that is no verdict', async () => {
    const setting = setUp();
    setting.fake.container = () => ({ body: '{"ok":true}' });
    const told = await failure(walk(setting));
    expect(told).toBeInstanceOf(EngineFailed);
    expect(told.message).toMatch(
      /^The model could not be evaluated: what it answered to s3:\/\/pictures\/t\/1\.jpg is no verdict\. .*neither IsAnomalous nor a label/,
    );
  });

  test('because an answer is not there', async () => {
    const setting = setUp();
    const read = setting.objects.read.bind(setting.objects);
    setting.objects.read = (from) =>
      from.key.endsWith('00002.jpg.out') ? Promise.resolve(undefined) : read(from);
    const told = await failure(walk(setting));
    expect(told).toBeInstanceOf(EngineFailed);
    expect(told.message).toBe(
      'The model could not be evaluated: it gave no answer to s3://pictures/t/3.jpeg. Train again.',
    );
  });
});

describe('what somebody else made under our names is neither used nor touched', () => {
  test('a training job', async () => {
    const { fake, trainer } = setUp();
    await trainer.start(spec());
    fake.world.trainings.get(name)?.tags.clear();
    const refused = await failure(trainer.start(spec()));
    expect(refused).toBeInstanceOf(EngineFailed);
    expect(refused.message).toBe(
      `There is a training job "${name}" in this account that Crowsnest did not make, and leaves alone. Train a new version.`,
    );
    await trainer.stop(spec());
    expect(fake.resources()).toHaveLength(1);
  });

  test('a training job of another version, by whatever chance', async () => {
    const { fake, trainer } = setUp();
    await trainer.start(spec());
    fake.world.trainings.get(name)?.tags.set('crowsnest:training', 'cn-test-another');
    expect((await failure(trainer.start(spec()))).message).toMatch(/did not make/);
  });

  test('a job that appears just when ours is ordered', async () => {
    const { fake, trainer } = setUp();
    await trainer.start(spec());
    fake.world.trainings.get(name)?.tags.clear();
    fake.inject('DescribeTrainingJob', invalid('Requested resource not found.'));
    const refused = await failure(trainer.start(spec()));
    expect(refused).toBeInstanceOf(EngineFailed);
    expect(refused.message).toMatch(/did not make/);
  });

  test.each<['packages' | 'models' | 'transforms', string]>([
    ['packages', 'model package'],
    ['models', 'model'],
    ['transforms', 'transform job'],
  ])('%s', async (kind, called) => {
    const setting = setUp();
    const { fake } = setting;
    const jobs = `${name}${kind === 'transforms' ? '-png' : ''}`;
    const stranger = {
      name: jobs,
      arn: fake.world.arn(called.replace(' ', '-'), jobs),
      created: 0,
      tags: new Map<string, string>(),
      input: {},
      status: 'Completed',
      type: 'x',
    };
    (fake.world[kind] as Map<string, unknown>).set(jobs, stranger);
    const refused = await failure(walk(setting));
    expect(refused).toBeInstanceOf(EngineFailed);
    expect(refused.message).toBe(
      `There is a ${called} "${jobs}" in this account that Crowsnest did not make, and leaves alone. Train a new version.`,
    );
    const kept = fake.world[kind].get(jobs);
    await setting.trainer.stop(spec()).catch(() => undefined);
    fake.clock.pass(minutes(5));
    await setting.trainer.stop(spec());
    expect(fake.world[kind].get(jobs)).toBe(kept);
  });
});

test('a test set that is empty ends in figures that are all 0', async () => {
  const setting = setUp();
  setting.objects.objects.set('artifacts/lids/3-op/examples/test.jsonl', lines([]));
  expect((await walk(setting)).at(-1)).toMatchObject({ state: 'trained' });
});

test('lines of the examples that are no use to a segmentation do not fail it', async () => {
  const setting = setUp();
  setting.objects.objects.set('masks/2.png', blankMask);
  setting.objects.objects.set(
    'artifacts/lids/3-op/examples/train.jsonl',
    lines([
      example('1.jpg', 'normal'),
      example('2.jpg', 'anomaly', {
        ref: 's3://masks/2.png',
        classes: [{ name: 'cracked', color: '#23A436' }],
      }),
      example('gone.jpg', 'anomaly'),
    ]),
  );
  expect((await walk(setting, spec({ segmentation: true }))).at(-1)).toMatchObject({ state: 'trained' });
});
