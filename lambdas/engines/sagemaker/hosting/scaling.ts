import type { Units } from '../../../domain/model.ts';
import { EngineFailed } from '../../engine.ts';
import { followDemand, followNoMore, isScaled } from '../../follow-demand.ts';
import { variantName } from './names.ts';
import type { SageMakerEngineOptions } from './options.ts';
import { userMessageOf } from './user-messages.ts';

const target = (name: string) =>
  ({
    ServiceNamespace: 'sagemaker',
    ResourceId: `endpoint/${name}/variant/${variantName}`,
    ScalableDimension: 'sagemaker:variant:DesiredInstanceCount',
  }) as const;

/**
 * @throws EngineFailed if the stage's instances, being burstable, cannot follow demand; before anything is
 * made
 */
export function checkScalable({ instanceType }: SageMakerEngineOptions, units: Units): void {
  if (!isScaled(units) || !/^ml\.t\d/.test(instanceType)) return;
  throw new EngineFailed(
    `Instances of the type ${instanceType} are burstable, and Application Auto Scaling does not add or ` +
      'remove them. Start the model without MaxInferenceUnits, or configure another instance type for this ' +
      'stage.',
  );
}

/** @throws EngineFailed if rights, parameters or quotas forbid it */
export const follow = (
  { scaling, invocationsPerInstance, instanceType }: SageMakerEngineOptions,
  name: string,
  units: Units,
): Promise<void> =>
  followDemand(scaling, target(name), units, {
    name,
    told: (words) => userMessageOf(words, { name, instanceType }),
    tracking: {
      TargetValue: invocationsPerInstance,
      PredefinedMetricSpecification: { PredefinedMetricType: 'SageMakerVariantInvocationsPerInstance' },
      // A line that speeds up should not wait five minutes. A unit that was fetched in vain is paid for by
      // the minute.
      ScaleOutCooldown: 60,
      ScaleInCooldown: 300,
    },
  });

export const unfollow = ({ scaling }: SageMakerEngineOptions, name: string): Promise<void> =>
  followNoMore(scaling, target(name));
