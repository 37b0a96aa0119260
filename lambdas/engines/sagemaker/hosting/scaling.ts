import {
  DeregisterScalableTargetCommand,
  ObjectNotFoundException,
  PutScalingPolicyCommand,
  RegisterScalableTargetCommand,
} from '@aws-sdk/client-application-auto-scaling';
import type { Units } from '../../../domain/model.ts';
import { EngineFailed } from '../../engine.ts';
import { variantName } from './names.ts';
import type { SageMakerEngineOptions } from './options.ts';
import { userMessageOf } from './user-messages.ts';

/**
 * Whether there is anything to scale: without a maximum, or with one that leaves no room, the number of
 * instances stays what it is.
 */
export const isScaled = ({ min, max }: Units): boolean => max !== undefined && max > min;

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

/**
 * What repeating does not change. A right that the caller lacks is told as ValidationException: Application
 * Auto Scaling tries its caller's rights out, and takes their absence for a mistake in the parameters.
 */
const final = /^(AccessDenied|LimitExceeded|ValidationException)/;

/**
 * Two calls, both of which replace what is there. The target bears no tags: Application Auto Scaling refuses
 * to repeat a registration that brings some, and the endpoint's name in the target's says whose it is.
 * @throws EngineFailed if rights, parameters or quotas forbid it; without it a model would be paid for that
 *   never follows demand
 */
export async function follow(
  options: SageMakerEngineOptions,
  name: string,
  { min, max }: Units,
): Promise<void> {
  const { scaling, invocationsPerInstance, instanceType } = options;
  try {
    await scaling.send(
      new RegisterScalableTargetCommand({ ...target(name), MinCapacity: min, MaxCapacity: max }),
    );
    await scaling.send(
      new PutScalingPolicyCommand({
        ...target(name),
        PolicyName: name,
        PolicyType: 'TargetTrackingScaling',
        TargetTrackingScalingPolicyConfiguration: {
          TargetValue: invocationsPerInstance,
          PredefinedMetricSpecification: { PredefinedMetricType: 'SageMakerVariantInvocationsPerInstance' },
          // A line that speeds up should not wait five minutes; a unit that was fetched in vain is paid for
          // by the minute.
          ScaleOutCooldown: 60,
          ScaleInCooldown: 300,
        },
      }),
    );
  } catch (error) {
    if (!(error instanceof Error) || !final.test(error.name)) throw error;
    throw new EngineFailed(
      'The model cannot follow demand. ' +
        userMessageOf(`${error.name}: ${error.message}`, { name, instanceType }),
      { cause: error },
    );
  }
}

/** Also drops the policies and their alarms. That nothing was registered is success. */
export async function unfollow({ scaling }: SageMakerEngineOptions, name: string): Promise<void> {
  try {
    await scaling.send(new DeregisterScalableTargetCommand(target(name)));
  } catch (error) {
    if (!(error instanceof ObjectNotFoundException)) throw error;
  }
}
