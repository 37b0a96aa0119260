import { TagResourceCommand } from '@aws-sdk/client-lambda';
import type { Units } from '../../domain/model.ts';
import { NotHosted, type DeploymentRef } from '../engine.ts';
import { followDemand, followNoMore, isScaled } from '../follow-demand.ts';
import { nameOf, tagKeys } from '../names.ts';
import { bound, mostOf, provide } from './capacity.ts';
import { findFunction, findProvisioned, isOurs, modeOf } from './functions.ts';
import { unitVersion, type LambdaEngineOptions } from './options.ts';
import { userMessage } from './refusals.ts';

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

/** @throws EngineFailed if rights, parameters or quotas forbid it */
const follow = ({ scaling, units }: LambdaEngineOptions, name: string, between: Units): Promise<void> =>
  followDemand(scaling, target(name), between, {
    name,
    told: userMessage,
    tracking: {
      TargetValue: units.utilization / 100,
      PredefinedMetricSpecification: { PredefinedMetricType: 'LambdaProvisionedConcurrencyUtilization' },
    },
  });

export const unfollow = ({ scaling }: Pick<LambdaEngineOptions, 'scaling'>, name: string): Promise<void> =>
  followNoMore(scaling, target(name));
