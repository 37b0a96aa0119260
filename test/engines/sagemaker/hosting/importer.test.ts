import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Model, ModelSource } from '../../../../lambdas/domain/model.ts';
import type { ObjectLocation } from '../../../../lambdas/domain/ports.ts';
import type { ModelImporter } from '../../../../lambdas/engines/engine.ts';
import { createSageMakerImporter } from '../../../../lambdas/engines/sagemaker/hosting/importer.ts';
import type {
  CopyingStore,
  SageMakerImporterOptions,
} from '../../../../lambdas/engines/sagemaker/hosting/options.ts';
import { seconds } from '../../../helpers/fake-sagemaker/clock.ts';
import { FakeSageMaker } from '../../../helpers/fake-sagemaker/fake.ts';
import { engineOn, ref } from './setup.ts';

const algorithm = 'arn:aws:sagemaker:eu-west-1:865070037744:algorithm/lfv-public-algorithm-2025-02-0-abc';
const figures = { f1Score: 0.9, precision: 1, recall: 0.82, evaluatedAt: 1_751_284_800_000 };

class Objects implements CopyingStore {
  readonly held = new Map<string, Uint8Array>();
  readonly asked: string[] = [];
  static at({ bucket, key }: ObjectLocation): string {
    return `${bucket}/${key}`;
  }
  put(at: string, content: unknown): void {
    this.held.set(
      at,
      new TextEncoder().encode(typeof content === 'string' ? content : JSON.stringify(content)),
    );
  }
  read(from: ObjectLocation): Promise<Uint8Array | undefined> {
    this.asked.push(Objects.at(from));
    return Promise.resolve(this.held.get(Objects.at(from)));
  }
  write(to: ObjectLocation, bytes: Uint8Array): Promise<void> {
    this.held.set(Objects.at(to), bytes);
    return Promise.resolve();
  }
  copy(from: ObjectLocation, to: ObjectLocation): Promise<boolean> {
    this.asked.push(Objects.at(from));
    const bytes = this.held.get(Objects.at(from));
    if (bytes !== undefined) this.held.set(Objects.at(to), bytes);
    return Promise.resolve(bytes !== undefined);
  }
  removeAll(bucket: string, prefix: string): Promise<void> {
    for (const at of [...this.held.keys()]) if (at.startsWith(`${bucket}/${prefix}`)) this.held.delete(at);
    return Promise.resolve();
  }
  under(prefix: string): string[] {
    return [...this.held.keys()].filter((at) => at.startsWith(prefix)).sort();
  }
}

const modelOf = (source: ModelSource, more: Partial<Model> = {}): Model => ({
  v: 1,
  project: 'lids',
  version: '3',
  createdAt: 1_767_600_000_000,
  status: 'TRAINING',
  statusMessage: '',
  source,
  operation: { id: 'op', attempt: 1, kind: 'import', actor: 'me', at: 0, deadline: 0 },
  ...more,
});

const output = { S3: { Bucket: 'training', Prefix: 'jobs/lids-3/output' } };
const image = {
  Image: '123456789012.dkr.ecr.eu-west-1.amazonaws.com/inspect:4',
  ModelDataUrl: 's3://training/jobs/own/model.tar.gz',
};

let fake: FakeSageMaker;
let objects: Objects;
let importer: ModelImporter;

const optionsWithoutAlgorithm = (): SageMakerImporterOptions => ({
  sagemaker: fake.clients().sagemaker,
  stage: 'dev',
  instanceType: 'ml.c5.2xlarge',
  objects,
  allowed: {
    images: ['123456789012.dkr.ecr.eu-west-1.amazonaws.com/inspect:*'],
    modelDataBuckets: ['training'],
    modelPackages: ['*'],
  },
  artifacts: { bucket: 'artifacts', prefix: 'models/' },
});

const importerWith = (more: Partial<SageMakerImporterOptions> = {}): ModelImporter =>
  createSageMakerImporter({ ...optionsWithoutAlgorithm(), algorithmArn: algorithm, ...more });

beforeEach(() => {
  fake = new FakeSageMaker();
  objects = new Objects();
  importer = importerWith();
  for (const folder of ['jobs/lids-3/output', 'jobs/own']) {
    objects.put(`training/${folder}/model.tar.gz`, 'weights');
    objects.put(`training/${folder}/evaluation.json`, figures);
  }
});

const reason = async (source: ModelSource, by = importer): Promise<string> => {
  const admission = await by.admit(modelOf(source));
  return admission.admitted === false ? admission.reason : JSON.stringify(admission);
};

describe('training output', () => {
  test("is copied, packaged once, awaited, and hosted under the package's name", async () => {
    const model = modelOf(output);
    const pending = {
      admitted: 'pending',
      note: 'SageMaker is making a model package of the training output.',
    };
    expect(await importer.admit(model)).toEqual(pending);
    expect(fake.takeOperations()).toEqual([
      'DescribeModelPackage',
      'CreateModelPackage',
      'DescribeModelPackage',
      'ListTags',
    ]);
    objects.put('training/jobs/lids-3/output/model.tar.gz', 'something else by now');
    expect(await importer.admit(model)).toEqual(pending);
    fake.clock.pass(seconds(120));
    const admission = await importer.admit(model);
    expect(fake.takeOperations()).toEqual([
      'DescribeModelPackage',
      'ListTags',
      'DescribeModelPackage',
      'ListTags',
    ]);
    if (admission.admitted !== true) throw new Error('not admitted');
    const { prefix } = admission.artifact;
    expect(prefix).toMatch(/^models\/cn-dev-[0-9a-f]{25}\/$/);
    expect(admission).toEqual({
      admitted: true,
      evaluation: figures,
      artifact: { bucket: 'artifacts', prefix, format: 'sagemaker' },
    });
    expect(objects.under('artifacts/')).toEqual([
      `artifacts/${prefix}model.json`,
      `artifacts/${prefix}model.tar.gz`,
    ]);
    expect(Buffer.from(objects.held.get(`artifacts/${prefix}model.tar.gz`) ?? []).toString()).toBe('weights');
    expect(
      [...fake.world.packages.values()].map(({ input }) => input['SourceAlgorithmSpecification']),
    ).toEqual([
      {
        SourceAlgorithms: [
          { AlgorithmName: algorithm, ModelDataUrl: `s3://artifacts/${prefix}model.tar.gz` },
        ],
      },
    ]);

    const engine = engineOn(fake);
    await engine.create({ ...ref, units: { min: 1 }, source: output, artifact: admission.artifact });
    expect(fake.resources()).toHaveLength(4);
    fake.clock.pass(seconds(300));
    await engine.remove(ref);
    fake.clock.pass(seconds(60));
    await engine.remove(ref);
    expect(fake.resources()).toEqual([...fake.world.packages.values()].map(({ arn }) => arn));

    // by now another operation is under way, and the version's name must be found all the same
    await importer.discard({ ...model, operation: { ...model.operation, id: 'op2', kind: 'delete' } });
    await importer.discard(model);
    expect(fake.resources()).toEqual([]);
    expect(objects.under('artifacts/')).toEqual([]);
  });

  test('survives answers that are lost', async () => {
    fake.inject('CreateModelPackage', 'lost');
    await expect(importer.admit(modelOf(output))).rejects.toThrow();
    expect(await importer.admit(modelOf(output))).toMatchObject({ admitted: 'pending' });
    fake.inject('DescribeModelPackage', 'throttled');
    await expect(importer.admit(modelOf(output))).rejects.toThrow('Rate exceeded');
    expect(fake.world.packages.size).toBe(1);
  });

  test("that cannot be packaged is refused with SageMaker's reason, and leaves nothing", async () => {
    fake.world.packaging.outcome = { failed: 'The image scan found a virus.' };
    await importer.admit(modelOf(output));
    // goes later: the task tries again
    await expect(importer.discard(modelOf(output))).rejects.toThrow(/InProgress/);
    fake.clock.pass(seconds(120));
    expect(await reason(output)).toBe(
      'SageMaker could not make a model package of the training output: The image scan found a virus.',
    );
    await importer.discard(modelOf(output));
    expect(fake.resources()).toEqual([]);
  });

  test('of an algorithm without a subscription, or without an algorithm', async () => {
    expect(
      await reason(
        output,
        importerWith({ allowed: { images: [], modelDataBuckets: [], modelPackages: [] } }),
      ),
    ).toMatch(/does not allow model data from the bucket training/);
    expect(objects.asked).toEqual([]);
    fake.world.unsubscribed.add(algorithm);
    expect(await reason(output)).toMatch(/^This account is not subscribed/);
    expect(await reason(output, createSageMakerImporter(optionsWithoutAlgorithm()))).toMatch(
      /has no algorithm/,
    );
  });

  test("a stranger's package under our name is neither used nor deleted", async () => {
    await importer.admit(modelOf(output));
    fake.clock.pass(seconds(120));
    for (const { tags } of fake.world.packages.values()) tags.clear();
    await expect(importer.admit(modelOf(output))).rejects.toThrow(/did not make/);
    await importer.discard(modelOf(output));
    expect(fake.resources()).toHaveLength(1);
  });

  test.each([
    [
      'model.tar.gz',
      undefined,
      'There is no object s3://training/jobs/lids-3/output/model.tar.gz, or Crowsnest may not read it.',
    ],
    [
      'evaluation.json',
      undefined,
      /^There is no s3:\/\/training\/jobs\/lids-3\/output\/evaluation\.json\. Put the model's evaluation there, such as \{"f1Score"/,
    ],
    ['evaluation.json', '{', /^The model's evaluation is incomplete: it must be JSON in UTF-8\./],
    [
      'evaluation.json',
      { ...figures, recall: 1.2, evaluatedAt: 'yesterday' },
      /: recall must be a number from 0 to 1; evaluatedAt must be a time, .* Write it into s3:\/\/training/,
    ],
  ])('needs its %s to be right: %j', async (file, content, expected) => {
    const at = `training/jobs/lids-3/output/${file}`;
    if (content === undefined) objects.held.delete(at);
    else objects.put(at, content);
    const told = await reason(output);
    if (typeof expected === 'string') expect(told).toBe(expected);
    else expect(told).toMatch(expected);
    expect(fake.resources()).toEqual([]);
  });
});

describe('a version that was trained here', () => {
  const trained = modelOf({}, { status: 'DELETING' });

  test("is discarded with its whole workspace, and with nobody else's", async () => {
    for (const at of [
      'models/lids/3-op1/results.json',
      'models/lids/3-op1/output/model.tar.gz',
      'models/lids/31-op2/results.json',
      'models/lids2/3-op3/results.json',
    ]) {
      objects.put(`artifacts/${at}`, 'x');
    }
    await importer.discard(trained);
    expect(objects.under('artifacts/')).toEqual([
      'artifacts/models/lids/31-op2/results.json',
      'artifacts/models/lids2/3-op3/results.json',
    ]);
    expect(fake.takeOperations()).toEqual([
      'DescribeTrainingJob',
      'DescribeTransformJob',
      'DescribeTransformJob',
      'DescribeModel',
      'DescribeModelPackage',
    ]);
  });

  test('keeps its workspace as long as its jobs cannot be asked about', async () => {
    objects.put('artifacts/models/lids/3-op1/results.json', 'x');
    fake.inject('DescribeTransformJob', 'throttled');
    await expect(importer.discard(trained)).rejects.toThrow('Rate exceeded');
    expect(objects.under('artifacts/')).toHaveLength(1);
  });
});

describe('a model package', () => {
  const hosts = (type: string) => ({ Containers: [], SupportedRealtimeInferenceInstanceTypes: [type] });
  const metadata = { f1Score: '0.9', precision: '1', recall: '0.82', evaluatedAt: '2025-06-30T12:00:00Z' };

  test('is taken as it is, with the evaluation in its metadata, and not deleted with the version', async () => {
    const ModelPackageArn = fake.addPackage('inspect', {
      CustomerMetadataProperties: metadata,
      InferenceSpecification: hosts('ml.c5.2xlarge'),
    });
    expect(await importer.admit(modelOf({ ModelPackageArn }))).toMatchObject({
      admitted: true,
      evaluation: figures,
    });
    expect(fake.takeOperations()).toEqual(['DescribeModelPackage']);
    await importer.discard(modelOf({ ModelPackageArn }));
    expect(fake.takeOperations()).toEqual([]);
    expect(objects.under('artifacts/')).toEqual([]);
  });

  test.each([
    [{}, undefined, /CustomerMetadataProperties \(f1Score, precision, recall and evaluatedAt\)/],
    [
      { CustomerMetadataProperties: { ...metadata, precision: 'good' } },
      undefined,
      /incomplete: precision must be a number from 0 to 1\./,
    ],
    [
      { CustomerMetadataProperties: metadata, ModelApprovalStatus: 'PendingManualApproval' },
      undefined,
      /not approved \(PendingManualApproval\)\. Approve it/,
    ],
    [
      { CustomerMetadataProperties: metadata },
      'InProgress' as const,
      /is InProgress\. Import it when it is Completed/,
    ],
    [
      { CustomerMetadataProperties: metadata, InferenceSpecification: hosts('ml.p3.2xlarge') },
      undefined,
      /does not support .* ml\.c5\.2xlarge\. It supports ml\.p3\.2xlarge\./,
    ],
  ])('is refused: %j %j', async (input, status: 'InProgress' | 'Completed' = 'Completed', expected) => {
    const ModelPackageArn = fake.addPackage('inspect', input, { status, readyAt: Infinity });
    expect(await reason({ ModelPackageArn })).toMatch(expected);
  });

  test('that is not there, or not allowed', async () => {
    const ModelPackageArn = 'arn:aws:sagemaker:eu-west-1:123456789012:model-package/none';
    expect(await reason({ ModelPackageArn })).toBe(
      `There is no model package ${ModelPackageArn}, or this account may not see it.`,
    );
    const strict = importerWith({
      allowed: {
        images: [],
        modelDataBuckets: [],
        modelPackages: ['arn:aws:sagemaker:eu-west-1:1:model-package/ours*'],
      },
    });
    fake.takeOperations();
    expect(await reason({ ModelPackageArn }, strict)).toMatch(/does not allow the model package/);
    expect(fake.operations()).toEqual([]);
  });
});

describe('an image', () => {
  test('is taken with a copy of its model data, and without a word to SageMaker', async () => {
    const admission = await importer.admit(modelOf(image));
    expect(admission).toMatchObject({ admitted: true, evaluation: figures });
    expect(objects.under('artifacts/').map((at) => at.replace(/[0-9a-f]{25}/, '*'))).toEqual([
      'artifacts/models/cn-dev-*/model.json',
      'artifacts/models/cn-dev-*/model.tar.gz',
    ]);
    expect(fake.operations()).toEqual([]);
  });

  test.each([
    [{ ...image, Image: 'docker.io/evil:1' }, /does not allow the image docker\.io\/evil:1/],
    [
      { ...image, ModelDataUrl: 's3://elsewhere/model.tar.gz' },
      /does not allow model data from the bucket elsewhere/,
    ],
    [{ ...image, ModelDataUrl: 's3://training/jobs/own/' }, /must name a \.tar\.gz archive/],
    [
      { ...image, ModelDataUrl: 's3://training/jobs/none/model.tar.gz' },
      /There is no s3:\/\/training\/jobs\/none\/evaluation\.json/,
    ],
  ])('is refused: %j', async (source, expected) => {
    expect(await reason(source)).toMatch(expected);
    expect(objects.under('artifacts/')).toEqual([]);
  });
});

test('the same version of a project that was made anew has another name', async () => {
  const first = await importer.admit(modelOf(image));
  const second = await importer.admit(modelOf(image, { createdAt: 1_767_700_000_000 }));
  if (first.admitted !== true || second.admitted !== true) throw new Error('not admitted');
  expect(first.artifact.prefix).not.toBe(second.artifact.prefix);
});
