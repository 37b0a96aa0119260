import { describe, expect, test } from '@jest/globals';
import { MemoryObjects } from '../../../helpers/artifacts.ts';
import { minutes } from '../../../helpers/fake-sagemaker/clock.ts';
import { algorithmArn } from '../../../helpers/fake-sagemaker/hosting.ts';
import { invalid, ServiceError } from '../../../helpers/fake-sagemaker/service-error.ts';
import { example, held, lines, name, put, resultsOf, setUp, spec, test4, walk } from './setup.ts';

const workspace = 's3://artifacts/lids/3-0mf3k2xq9v7d1t5r8w4yzabcd';
const role = 'arn:aws:iam::123456789012:role/crowsnest-training';
const tags = [
  { Key: 'crowsnest:stage', Value: 'test' },
  { Key: 'crowsnest:project', Value: 'lids' },
  { Key: 'crowsnest:version', Value: '3' },
  { Key: 'crowsnest:training', Value: name },
  { Key: 'team', Value: 'press' },
];

describe('a training', () => {
  test('goes through a job, a package and a transform for each type of picture, and ends in figures', async () => {
    const setting = setUp();
    const running = (note: string) => ({ state: 'running', note });
    expect(await walk(setting)).toEqual([
      running('Waiting for an instance.'),
      running('Reading the images.'),
      running('Learning.'),
      { state: 'missing' },
      running('SageMaker is making a model package of the training output.'),
      { state: 'missing' },
      running('Evaluating the model.'),
      { state: 'missing' },
      {
        state: 'trained',
        artifact: {
          bucket: 'artifacts',
          prefix: `lids/3-0mf3k2xq9v7d1t5r8w4yzabcd/${name}/`,
          format: 'sagemaker',
        },
        results: { bucket: 'artifacts', key: 'lids/3-0mf3k2xq9v7d1t5r8w4yzabcd/results.json' },
      },
    ]);
    // Of two anomalies one was found, no normal picture was taken for one, and both anomalies score above
    // both normal pictures.
    const { evaluatedAt, ...results } = resultsOf(setting);
    expect(results).toEqual({
      precision: 1,
      recall: 0.5,
      f1Score: 2 / 3,
      rocAuc: 1,
      averagePrecision: 1,
      images: { train: 3, test: 4 },
      pictures: [
        { source: 's3://pictures/t/1.jpg', isAnomalous: true, confidence: 0.9 },
        { source: 's3://pictures/t/2.PNG', isAnomalous: false, confidence: 0.6 },
        { source: 's3://pictures/t/3.jpeg', isAnomalous: false, confidence: 0.8 },
        { source: 's3://pictures/t/4.png', isAnomalous: false, confidence: 0.7 },
      ],
    });
    expect(new Date(evaluatedAt).toISOString()).toBe('2026-01-05T06:12:00.000Z');
  });

  test("orders each thing once, as the algorithm's notebooks do", async () => {
    const setting = setUp({ tags: { team: 'press' } });
    await walk(setting, spec({ kmsKeyId: 'alias/parts' }));
    const orders = setting.fake.calls.filter(({ operation }) => operation.startsWith('Create'));
    expect(orders.map(({ operation }) => operation)).toEqual([
      'CreateTrainingJob',
      'CreateModelPackage',
      'CreateModel',
      'CreateTransformJob',
      'CreateTransformJob',
    ]);
    const attributes = ['source-ref', 'anomaly-label-metadata', 'anomaly-label'];
    expect(orders[0]?.input).toEqual({
      TrainingJobName: name,
      RoleArn: role,
      EnableNetworkIsolation: true,
      Tags: tags,
      AlgorithmSpecification: {
        AlgorithmName: algorithmArn,
        TrainingInputMode: 'Pipe',
        EnableSageMakerMetricsTimeSeries: false,
      },
      HyperParameters: {
        ModelType: 'classification',
        TrainingInputDataAttributeNames: attributes.join(','),
        TestInputDataAttributeNames: attributes.join(','),
      },
      InputDataConfig: [
        {
          ChannelName: 'training',
          InputMode: 'Pipe',
          RecordWrapperType: 'RecordIO',
          CompressionType: 'None',
          DataSource: {
            S3DataSource: {
              S3DataType: 'AugmentedManifestFile',
              S3DataDistributionType: 'ShardedByS3Key',
              S3Uri: `${workspace}/training/manifest.jsonl`,
              AttributeNames: attributes,
            },
          },
        },
      ],
      OutputDataConfig: { S3OutputPath: workspace, KmsKeyId: 'alias/parts' },
      ResourceConfig: { InstanceType: 'ml.g4dn.2xlarge', InstanceCount: 1, VolumeSizeInGB: 20 },
      StoppingCondition: { MaxRuntimeInSeconds: 7200 },
    });
    expect(orders[1]?.input).toMatchObject({
      ModelPackageName: name,
      ClientToken: expect.stringMatching(/^[0-9a-f]{25}$/),
      SourceAlgorithmSpecification: {
        SourceAlgorithms: [
          { AlgorithmName: algorithmArn, ModelDataUrl: `${workspace}/${name}/output/model.tar.gz` },
        ],
      },
    });
    expect(orders[2]?.input).toEqual({
      ModelName: name,
      PrimaryContainer: { ModelPackageName: name },
      ExecutionRoleArn: role,
      EnableNetworkIsolation: true,
      Tags: tags,
    });
    expect(orders.slice(3).map(({ input }) => input)).toEqual(
      (['jpeg', 'png'] as const).map((type) => ({
        TransformJobName: `${name}-${type}`,
        ModelName: name,
        BatchStrategy: 'SingleRecord',
        MaxPayloadInMB: 10,
        Tags: tags,
        TransformInput: {
          DataSource: {
            S3DataSource: { S3DataType: 'S3Prefix', S3Uri: `${workspace}/evaluation/pictures/${type}/` },
          },
          ContentType: `image/${type}`,
          SplitType: 'None',
          CompressionType: 'None',
        },
        TransformOutput: {
          S3OutputPath: `${workspace}/evaluation/answers/${type}`,
          Accept: 'application/json',
          AssembleWith: 'None',
        },
        TransformResources: { InstanceType: 'ml.c5.2xlarge', InstanceCount: 1 },
      })),
    );
  });

  test('whose test pictures are all of one type needs one transform', async () => {
    const setting = setUp();
    const jpegs = test4.filter(([key]) => !/png$/i.test(key));
    setting.objects.objects.set(
      'artifacts/lids/3-op/examples/test.jsonl',
      lines(jpegs.map(([key, label]) => example(key, label))),
    );
    await walk(setting);
    expect([...setting.fake.world.transforms.keys()]).toEqual([`${name}-jpeg`]);
    expect(resultsOf(setting).pictures).toHaveLength(2);
  });

  test('goes by what pictures are, never by their names', async () => {
    const setting = setUp();
    put(setting.objects, 'pictures/t/1.jpg', 'anomaly 0.9', 'image/png');
    put(setting.objects, 'pictures/t/4.png', 'normal 0.7', 'image/jpeg');
    await walk(setting);
    expect(held(setting).filter((path) => path.startsWith('evaluation/pictures/'))).toEqual([
      'evaluation/pictures/jpeg/00002.jpg',
      'evaluation/pictures/jpeg/00003.jpg',
      'evaluation/pictures/png/00000.png',
      'evaluation/pictures/png/00001.png',
    ]);
    expect(resultsOf(setting)).toMatchObject({ precision: 1, recall: 0.5, f1Score: 2 / 3 });
  });

  test('judges the test pictures as they were when it began', async () => {
    const setting = setUp();
    await setting.trainer.start(spec());
    for (const [key] of test4) setting.objects.objects.delete(`pictures/${key}`);
    await walk(setting);
    expect(resultsOf(setting).recall).toBe(0.5);
  });

  test('counts the verdicts as the model gave them, and ranks the pictures by how sure it was', async () => {
    const setting = setUp();
    // By its score of 0.4 the first would be normal; the model says otherwise, and its word is what an app
    // acts upon.
    for (const [key, content] of [
      ['t/1.jpg', 'anomaly 0.4'],
      ['t/2.PNG', 'anomaly 0.9'],
      ['t/3.jpeg', 'normal 0.3'],
      ['t/4.png', 'normal 0.9'],
    ] as const) {
      put(setting.objects, `pictures/${key}`, content);
    }
    await walk(setting);
    // Scores: anomalies 0.4 and 0.9, normal ones 0.7 and 0.1: three of four pairs are in order.
    expect(resultsOf(setting)).toMatchObject({
      precision: 1,
      recall: 1,
      f1Score: 1,
      rocAuc: 0.75,
      averagePrecision: (1 + 2 / 3) / 2,
    });
  });

  test('is looked at without a single order', async () => {
    const setting = setUp();
    expect(await setting.trainer.observe(spec())).toEqual({ state: 'missing' });
    await walk(setting);
    await setting.trainer.observe(spec());
    expect(setting.fake.operations().filter((operation) => operation === 'CreateTrainingJob')).toHaveLength(
      1,
    );
    setting.fake.takeOperations();
    await setting.trainer.start(spec());
    expect(setting.fake.takeOperations()).toEqual([]);
  });
});

describe('when it is over', () => {
  test('package, output and results stay, and everything else goes', async () => {
    const setting = setUp();
    await walk(setting, spec({ segmentation: true }));
    expect(held(setting)).toContain('evaluation/pictures/png/00003.png');
    await setting.trainer.stop(spec());
    expect(held(setting)).toEqual([`${name}/output/model.tar.gz`, 'results.json']);
    expect(setting.fake.resources()).toEqual([setting.fake.world.arn('model-package', name)]);
    setting.fake.takeOperations();
    await setting.trainer.stop(spec());
    expect(setting.fake.takeOperations()).toEqual([
      'DescribeTrainingJob',
      'DescribeTransformJob',
      'DescribeTransformJob',
      'DescribeModel',
    ]);
    expect(await setting.trainer.observe(spec())).toMatchObject({ state: 'trained' });
  });

  test('what has never begun is stopped too', async () => {
    const { trainer, fake } = setUp();
    await trainer.stop(spec());
    expect(fake.resources()).toEqual([]);
  });

  test.each([
    ['the training', 1, 'DescribeTrainingJob'],
    ['the evaluation', 9, 'DescribeTransformJob'],
  ])('%s that still runs is stopped first, and awaited', async (_, after, look) => {
    const setting = setUp();
    const { fake, trainer } = setting;
    await trainer.start(spec());
    for (let minute = 0; minute < after; minute += 1) {
      fake.clock.pass(minutes(1));
      await trainer.start(spec());
    }
    expect(fake.operations().at(-1)).toBe(after === 1 ? 'ListTags' : 'CreateTransformJob');
    expect(fake.operations()).toContain(look);
    await expect(trainer.stop(spec())).rejects.toThrow(/must stop first$/);
    // The job is on its way out, and writes to the end: nothing may be believed to be removed before.
    await expect(trainer.stop(spec())).rejects.toThrow(/must stop first$/);
    fake.clock.pass(minutes(2));
    await trainer.stop(spec());
    expect(held(setting).filter((path) => !path.includes('/output/'))).toEqual([]);
    expect(fake.resources().filter((arn) => !arn.includes('model-package'))).toEqual([]);
    expect(fake.world.violations).toEqual([]);
  });

  test('a job that ends just when it is told to is no trouble, and one that cannot be told is', async () => {
    const { fake, trainer } = setUp();
    await trainer.start(spec());
    fake.inject(
      'StopTrainingJob',
      invalid('The request was rejected because the training job is in status Completed.'),
    );
    await expect(trainer.stop(spec())).rejects.toThrow(/must stop first$/);
    fake.inject('StopTrainingJob', new ServiceError('AccessDeniedException', 'no'));
    await expect(trainer.stop(spec())).rejects.toThrow('no');
    fake.clock.pass(minutes(20));
    await trainer.stop(spec());
    expect(fake.resources()).toEqual([]);
  });
});

describe('with many test pictures', () => {
  const many = 100;
  const setUpMany = () => {
    const objects = new MemoryObjects();
    const setting = setUp({ stepWithin: 1000 }, objects);
    const all = Array.from({ length: many }, (_, number) =>
      example(`many/${number}.jpg`, number % 2 === 0 ? 'normal' : 'anomaly'),
    );
    for (const { source, label } of all) put(objects, source.replace('s3://', ''), `${label} 0.9`);
    objects.objects.set('artifacts/lids/3-op/examples/test.jsonl', lines(all));
    return {
      ...setting,
      copied: (): number => held(setting).filter((path) => path.startsWith('evaluation/pictures/')).length,
    };
  };

  test('a start copies as many as it has time for, and the next goes on', async () => {
    const { fake, trainer, objects, copied } = setUpMany();
    const copy = objects.copy.bind(objects);
    let copies = 0;
    objects.copy = (from, to) => {
      copies += 1;
      fake.clock.pass(20);
      return copy(from, to);
    };
    await trainer.start(spec());
    expect([copied(), fake.operations()]).toEqual([64, ['DescribeTrainingJob']]);
    expect(await trainer.observe(spec())).toEqual({ state: 'missing' });
    await trainer.start(spec());
    expect([copied(), copies, fake.operations().at(-1)]).toEqual([many, many, 'CreateTrainingJob']);
  });

  test('a start reads as many answers as it has time for, and the next goes on', async () => {
    const setting = setUpMany();
    const { fake, objects } = setting;
    const read = objects.read.bind(objects);
    const answers: string[] = [];
    objects.read = (from) => {
      if (from.key.endsWith('.out')) {
        answers.push(from.key);
        fake.clock.pass(20);
      }
      return read(from);
    };
    let partial = 0;
    const write = objects.write.bind(objects);
    objects.write = (to, bytes) => {
      if (to.key.endsWith('judged.json')) partial += 1;
      return write(to, bytes);
    };
    await walk(setting);
    expect([answers.length, new Set(answers).size, partial]).toEqual([many, many, 1]);
    expect(resultsOf(setting)).toMatchObject({ f1Score: 1, images: { test: many } });
  });

  test('never are more than a few dozen copied at a time', async () => {
    const { trainer, objects } = setUpMany();
    const copy = objects.copy.bind(objects);
    let [now, most] = [0, 0];
    objects.copy = async (from, to) => {
      most = Math.max(most, (now += 1));
      await Promise.resolve();
      now -= 1;
      return copy(from, to);
    };
    await trainer.start(spec());
    expect(most).toBe(32);
  });
});
