import { expect, test } from '@jest/globals';
import type { Model } from '../../../lambdas/domain/model.ts';
import { createLambdaImporter } from '../../../lambdas/engines/lambda/importer.ts';
import { json, manifest, MemoryObjects } from '../../helpers/artifacts.ts';
import { FakeLambda } from '../../helpers/fake-lambda/fake.ts';
import { ServiceError } from '../../helpers/fake-sagemaker/service-error.ts';

const model = {
  project: 'lids',
  version: '3',
  createdAt: 1,
  source: { S3: { Bucket: 'models', Prefix: 'v1/' } },
  operation: { id: 'op1' },
} as unknown as Model;

class Objects extends MemoryObjects {
  /** Whoever removes has ended. */
  dead = false;

  override removeAll(bucket: string, prefix: string): Promise<void> {
    return this.dead ? Promise.reject(new Error('the function has ended')) : super.removeAll(bucket, prefix);
  }
}

test('a version that goes takes the candidate with it that an import left which ended in the middle', async () => {
  const fake = new FakeLambda();
  const objects = new Objects({
    'models/v1/model.onnx': Buffer.from('a model'),
    'models/v1/model.json': json(manifest),
  });
  fake.functions.set('admission', { input: {}, tags: new Map(), activeAt: 0 });
  fake.inject('Invoke', new ServiceError('TooManyRequestsException', 'Rate Exceeded.', 429));
  const importer = createLambdaImporter({
    lambda: fake.clients().lambda,
    stage: 'dev',
    artifacts: { bucket: 'artifacts', prefix: '' },
    objects,
    clock: fake.clock,
    functionName: 'admission',
  });
  const left = (): string[] => [...objects.objects.keys()].filter((path) => path.startsWith('artifacts/'));
  objects.dead = true;
  await expect(importer.admit(model)).rejects.toThrow();
  expect(left()).toHaveLength(2);
  objects.dead = false;
  await importer.discard(model);
  expect(left()).toEqual([]);
});
