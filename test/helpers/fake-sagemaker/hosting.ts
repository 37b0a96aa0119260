import type { HostingEngine, ModelImporter } from '../../../lambdas/hosting/engine.ts';
import { createSageMakerEngine } from '../../../lambdas/hosting/sagemaker/engine.ts';
import { createSageMakerImporter } from '../../../lambdas/hosting/sagemaker/importer.ts';
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

/** The real engine and importer on that service. Only model packages are taken in, so nothing is copied. */
export function hostingOn(fake: FakeSageMaker): HostingEngine & ModelImporter {
  const { sagemaker, runtime, scaling } = fake.clients();
  const shared = { sagemaker, stage: 'test', instanceType: 'ml.c5.2xlarge' } as const;
  const objects = { read: () => Promise.resolve(undefined), write: () => Promise.resolve(), removeAll: () => Promise.resolve(), copy: () => Promise.resolve(false) };
  return {
    ...createSageMakerEngine({
      ...shared, runtime, scaling, clock: fake.clock, executionRoleArn: 'arn:aws:iam::123456789012:role/crowsnest-hosting', invocationsPerInstance: 180,
    }),
    ...createSageMakerImporter({
      ...shared, objects, allowed: { images: [], modelDataBuckets: [], modelPackages: ['*'] }, artifacts: { bucket: 'artifacts', prefix: '' },
    }),
  };
}
