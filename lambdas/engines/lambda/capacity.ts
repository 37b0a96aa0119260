import {
  GetAccountSettingsCommand,
  PutFunctionConcurrencyCommand,
  PutProvisionedConcurrencyConfigCommand,
} from '@aws-sdk/client-lambda';
import { keptUnreserved } from '../../domain/concurrency.ts';
import type { Units } from '../../domain/model.ts';
import { EngineFailed } from '../engine.ts';
import { nameOf } from '../names.ts';
import { unitVersion, type LambdaEngineOptions } from './options.ts';
import { ordered } from './refusals.ts';

/** The most units that a deployment may have: those that it always has, where no maximum was given. */
export const mostOf = ({ min, max }: Units): number => Math.max(min, max ?? min);

interface Room {
  /** Concurrent executions of the account, and those that nothing has reserved. */
  readonly limit: number;
  readonly unreserved: number;
  /** So many must stay unreserved. */
  readonly kept: number;
}

/** How many concurrent executions the account can still reserve. */
async function roomOf({ lambda }: Pick<LambdaEngineOptions, 'lambda'>): Promise<Room> {
  const { AccountLimit } = await lambda.send(new GetAccountSettingsCommand({}));
  const limit = AccountLimit?.ConcurrentExecutions ?? 1000;
  return {
    limit,
    unreserved: AccountLimit?.UnreservedConcurrentExecutions ?? limit,
    kept: keptUnreserved(limit),
  };
}

const fits = ({ unreserved, kept }: Room, more: number): boolean => unreserved - more >= kept;

/**
 * Looks, before anything is made, whether the account has room for the units.
 * @throws EngineFailed
 */
export async function checkRoom(options: LambdaEngineOptions, units: Units): Promise<void> {
  if (options.units.mode === 'onDemand') return;
  const room = await roomOf(options);
  const needed = mostOf(units);
  if (fits(room, needed)) return;
  throw new EngineFailed(
    `The model needs ${needed} reserved concurrent execution${needed === 1 ? '' : 's'} of Lambda, and ` +
      `this account has ${room.limit} in this region, of which ${room.unreserved} are not reserved and ` +
      `${room.kept} must stay so. Request a higher quota "Concurrent executions" in Service Quotas (1,000 ` +
      'is usual), start with fewer units, or let this stage start units on demand (lambda.units: ' +
      '"onDemand").',
  );
}

/**
 * Bounds the units. On demand it is left out where the account has no room for it: then the account's own
 * limit is the bound.
 */
export async function bound(
  options: LambdaEngineOptions,
  id: string,
  units: Units,
  mode: 'provisioned' | 'onDemand',
  reserved: number | undefined,
): Promise<void> {
  const most = mostOf(units);
  if (reserved === most) return;
  if (mode === 'onDemand' && !fits(await roomOf(options), most - (reserved ?? 0))) return;
  await ordered(() =>
    options.lambda.send(
      new PutFunctionConcurrencyCommand({
        FunctionName: nameOf(options, id),
        ReservedConcurrentExecutions: most,
      }),
    ),
  );
}

export const provide = (options: LambdaEngineOptions, id: string, count: number): Promise<unknown> =>
  ordered(() =>
    options.lambda.send(
      new PutProvisionedConcurrencyConfigCommand({
        FunctionName: nameOf(options, id),
        Qualifier: unitVersion,
        ProvisionedConcurrentExecutions: count,
      }),
    ),
  );
