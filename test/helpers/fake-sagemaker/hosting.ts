import type { HostingEngine, ModelImporter } from '../../../lambdas/engines/engine.ts';
import { createSageMakerEngine } from '../../../lambdas/engines/sagemaker/hosting/engine.ts';
import { createSageMakerImporter } from '../../../lambdas/engines/sagemaker/hosting/importer.ts';
import type { CopyingStore } from '../../../lambdas/engines/sagemaker/hosting/options.ts';
import { createSageMakerTrainer } from '../../../lambdas/engines/sagemaker/training/trainer.ts';
import type { SageMakerTrainerOptions } from '../../../lambdas/engines/sagemaker/training/options.ts';
import type { Trainer } from '../../../lambdas/engines/trainer.ts';
import type { MemoryObjects } from '../artifacts.ts';
import type { TestClock } from '../clock.ts';
import { VirtualClock } from './clock.ts';
import { FakeSageMaker } from './fake.ts';

/** A test's clock, as the fake service knows clocks. */
class SharedClock extends VirtualClock {
  readonly #clock: TestClock;
  constructor(clock: TestClock) {
    super();
    this.#clock = clock;
  }
  override now(): number {
    return this.#clock.now();
  }
  override pass(milliseconds: number): void {
    this.#clock.advance(milliseconds / 1000);
  }
}

export const fakeOn = (clock: TestClock): FakeSageMaker => new FakeSageMaker(new SharedClock(clock));

const artifacts = { bucket: 'artifacts', prefix: '' };

/** The real engine and importer on that service. */
export function hostingOn(fake: FakeSageMaker, objects: CopyingStore): HostingEngine & ModelImporter {
  const { sagemaker, runtime, scaling } = fake.clients();
  const shared = { sagemaker, stage: 'test', instanceType: 'ml.c5.2xlarge' } as const;
  return {
    ...createSageMakerEngine({
      ...shared,
      runtime,
      scaling,
      clock: fake.clock,
      executionRoleArn: 'arn:aws:iam::123456789012:role/crowsnest-hosting',
      invocationsPerInstance: 180,
    }),
    ...createSageMakerImporter({
      ...shared,
      objects,
      allowed: { images: [], modelDataBuckets: [], modelPackages: ['*'] },
      artifacts,
    }),
  };
}

export const algorithmArn =
  'arn:aws:sagemaker:eu-west-1:865070037744:algorithm/lfv-public-algorithm-2025-02-0-abc';

/** The real trainer on that service, whose jobs read and write `objects`. */
export function trainingOn(
  fake: FakeSageMaker,
  objects: MemoryObjects,
  more: Partial<SageMakerTrainerOptions> = {},
): Trainer {
  fake.world.files = objects.objects;
  return createSageMakerTrainer({
    sagemaker: fake.clients().sagemaker,
    stage: 'test',
    algorithmArn,
    objects,
    artifacts,
    clock: fake.clock,
    training: { instanceType: 'ml.g4dn.2xlarge', volumeGigabytes: 20, maxSeconds: 7200 },
    transformInstanceType: 'ml.c5.2xlarge',
    executionRoleArn: 'arn:aws:iam::123456789012:role/crowsnest-training',
    ...more,
  });
}
