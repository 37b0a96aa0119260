import {
  DeregisterScalableTargetCommand,
  ObjectNotFoundException,
  PutScalingPolicyCommand,
  RegisterScalableTargetCommand,
  type ApplicationAutoScalingClient,
  type RegisterScalableTargetCommandInput,
  type TargetTrackingScalingPolicyConfiguration,
} from '@aws-sdk/client-application-auto-scaling';
import type { Units } from '../domain/model.ts';
import { EngineFailed } from './engine.ts';

/** What Application Auto Scaling scales: the instances of an endpoint, or the environments of a function. */
export type ScalableTarget = Pick<
  RegisterScalableTargetCommandInput,
  'ServiceNamespace' | 'ResourceId' | 'ScalableDimension'
>;

/** Whether there is anything to scale: without a maximum, or with one that leaves no room, the units stay. */
export const isScaled = ({ min, max }: Units): boolean => max !== undefined && max > min;

/**
 * What repeating does not change. A right that the caller lacks is told as ValidationException: Application
 * Auto Scaling tries its caller's rights out, and takes their absence for a mistake in the parameters.
 */
const final = /^(AccessDenied|LimitExceeded|ValidationException)/;

/**
 * Lets the units of a target follow demand, between the least and the most. Two calls, both of which replace
 * what is there. The target bears no tags: Application Auto Scaling refuses to repeat a registration that
 * brings some, and the name in it says whose it is.
 * @param told makes a user's message of the service's own words
 * @throws EngineFailed if rights, parameters or quotas forbid it; without it a model would be paid for that
 *   never follows demand
 */
export async function followDemand(
  scaling: ApplicationAutoScalingClient,
  target: ScalableTarget,
  { min, max }: Units,
  policy: {
    readonly name: string;
    readonly tracking: TargetTrackingScalingPolicyConfiguration;
    readonly told: (words: string) => string;
  },
): Promise<void> {
  try {
    await scaling.send(new RegisterScalableTargetCommand({ ...target, MinCapacity: min, MaxCapacity: max }));
    await scaling.send(
      new PutScalingPolicyCommand({
        ...target,
        PolicyName: policy.name,
        PolicyType: 'TargetTrackingScaling',
        TargetTrackingScalingPolicyConfiguration: policy.tracking,
      }),
    );
  } catch (error) {
    if (!(error instanceof Error) || !final.test(error.name)) throw error;
    throw new EngineFailed(
      `The model cannot follow demand. ${policy.told(`${error.name}: ${error.message}`)}`,
      { cause: error },
    );
  }
}

/** Also drops the policies and their alarms. That nothing was registered is success. */
export async function followNoMore(
  scaling: ApplicationAutoScalingClient,
  target: ScalableTarget,
): Promise<void> {
  try {
    await scaling.send(new DeregisterScalableTargetCommand(target));
  } catch (error) {
    if (!(error instanceof ObjectNotFoundException)) throw error;
  }
}
