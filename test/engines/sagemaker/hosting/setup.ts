import { createSageMakerEngine } from '../../../../lambdas/engines/sagemaker/hosting/engine.ts';
import type { SageMakerEngineOptions } from '../../../../lambdas/engines/sagemaker/hosting/options.ts';
import type { DeploymentSpec, HostingEngine, Observation } from '../../../../lambdas/engines/engine.ts';
import { minutes } from '../../../helpers/fake-sagemaker/clock.ts';
import { FakeSageMaker } from '../../../helpers/fake-sagemaker/fake.ts';
import { persistently } from '../../../helpers/persistently.ts';

export const id = '0mf3k2xq9v7d1t5r8w4yzabcd';
export const name = `cn-dev-${id}`;
export const ref = { id, model: { project: 'lids', version: '3' } } as const;

export const packageName = 'vision-defects-1';

export const spec = (more: Partial<DeploymentSpec> = {}): DeploymentSpec => ({
  ...ref,
  units: { min: 2 },
  source: { ModelPackageArn: `arn:aws:sagemaker:eu-west-1:123456789012:model-package/${packageName}` },
  artifact: { bucket: 'artifacts', prefix: 'models/cn-dev-0a1b2c3d4e5f60718293a4b5c/' },
  ...more,
});

export const scaled = spec({ units: { min: 1, max: 3 } });

/** A region with one Marketplace package, and an engine of the stage `dev` in it. */
export function setUp(more: Partial<SageMakerEngineOptions> = {}): {
  fake: FakeSageMaker;
  engine: HostingEngine;
} {
  const fake = new FakeSageMaker();
  fake.addPackage(packageName);
  return { fake, engine: engineOn(fake, more) };
}

export const engineOn = (fake: FakeSageMaker, more: Partial<SageMakerEngineOptions> = {}): HostingEngine =>
  createSageMakerEngine({
    ...fake.clients(),
    stage: 'dev',
    instanceType: 'ml.c5.2xlarge',
    executionRoleArn: 'arn:aws:iam::123456789012:role/crowsnest-hosting',
    invocationsPerInstance: 180,
    clock: fake.clock,
    ...more,
  });

/** Removes and looks, a minute apart, until nothing is left. */
export async function untilGone(
  fake: FakeSageMaker,
  engine: HostingEngine,
  most = 90,
): Promise<Observation[]> {
  const seen: Observation[] = [];
  for (let round = 0; round < most; round += 1) {
    await persistently(() => engine.remove(ref));
    const now = await persistently(() => engine.observe(ref));
    seen.push(now);
    if (now.state === 'gone') return seen;
    fake.clock.pass(minutes(1));
  }
  throw new Error(`still ${JSON.stringify(seen.at(-1))} after ${most} rounds`);
}
