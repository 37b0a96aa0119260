import {
  DeregisterScalableTargetCommand,
  ObjectNotFoundException,
  PutScalingPolicyCommand,
  RegisterScalableTargetCommand,
} from '@aws-sdk/client-application-auto-scaling';
import { TagResourceCommand } from '@aws-sdk/client-lambda';
import type { Units } from '../../domain/model.ts';
import { EngineFailed, NotHosted, type DeploymentRef } from '../engine.ts';
import { nameOf, tagKeys } from '../names.ts';
import { bound, mostOf, provide } from './capacity.ts';
import { findFunction, findProvisioned, isOurs, modeOf } from './functions.ts';
import { unitVersion, type LambdaEngineOptions } from './options.ts';
import { userMessage } from './refusals.ts';

/** Whether there is anything to scale: without a maximum, or with one that leaves no room, the units stay. */
export const isScaled = ({ min, max }: Units): boolean => max !== undefined && max > min;

const target = (name: string) =>
  ({
    ServiceNamespace: 'lambda',
    ResourceId: `function:${name}:${unitVersion}`,
    ScalableDimension: 'lambda:function:ProvisionedConcurrency',
  }) as const;

/**
 * Brings a deployment that serves to these units: its bound, what is provisioned, and whether that follows
 * demand. The bound grows before what is provisioned and shrinks after it, because Lambda provisions no more
 * than is reserved.
 * @throws EngineFailed, NotHosted
 */
export async function scale(
  options: LambdaEngineOptions,
  { id }: DeploymentRef,
  units: Units,
): Promise<void> {
  const found = await findFunction(options, id);
  if (found === undefined || !isOurs(options, found, id)) throw new NotHosted('The model is not hosted.');
  const mode = modeOf(options, found);
  const reserved = found.Concurrency?.ReservedConcurrentExecutions;
  const most = mostOf(units);
  if (mode === 'onDemand' || reserved === undefined || reserved < most)
    await bound(options, id, units, mode, reserved);
  if (mode === 'onDemand') return;
  const wasScaled = found.Tags?.[tagKeys.scaled] !== undefined;
  if (isScaled(units)) {
    if (!wasScaled) {
      const Resource = found.Configuration?.FunctionArn ?? '';
      await options.lambda.send(new TagResourceCommand({ Resource, Tags: { [tagKeys.scaled]: 'true' } }));
    }
  } else if (wasScaled) await unfollow(options, nameOf(options, id));
  const now = (await findProvisioned(options, id))?.RequestedProvisionedConcurrentExecutions ?? 0;
  // What follows demand may have more than the least; without a maximum it has exactly that.
  const wanted = isScaled(units) ? Math.min(Math.max(now, units.min), most) : units.min;
  if (now !== wanted) await provide(options, id, wanted);
  if (reserved !== undefined && reserved > most) await bound(options, id, units, mode, reserved);
  if (isScaled(units)) await follow(options, nameOf(options, id), units);
}

/**
 * Two calls, both of which replace what is there.
 * @throws EngineFailed if rights or quotas forbid it; without it a model would be paid for that never follows
 *   demand
 */
async function follow(
  { scaling, units }: LambdaEngineOptions,
  name: string,
  { min, max }: Units,
): Promise<void> {
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
          TargetValue: units.utilization / 100,
          PredefinedMetricSpecification: { PredefinedMetricType: 'LambdaProvisionedConcurrencyUtilization' },
        },
      }),
    );
  } catch (error) {
    if (!(error instanceof Error) || !/^(AccessDenied|LimitExceeded|ValidationException)/.test(error.name))
      throw error;
    throw new EngineFailed(
      `The model cannot follow demand. ${userMessage(`${error.name}: ${error.message}`)}`,
      { cause: error },
    );
  }
}

/** Also drops the policies and their alarms. That nothing was registered is success. */
export async function unfollow(
  { scaling }: Pick<LambdaEngineOptions, 'scaling'>,
  name: string,
): Promise<void> {
  try {
    await scaling.send(new DeregisterScalableTargetCommand(target(name)));
  } catch (error) {
    if (!(error instanceof ObjectNotFoundException)) throw error;
  }
}
