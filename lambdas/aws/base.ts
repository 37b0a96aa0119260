import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import {
  BadEnvironment,
  decodeEnvironment,
  type Environment,
  type FunctionKind,
} from '../contract/environments.ts';
import type { Clock, Ids, Log } from '../domain/ports.ts';
import { awsLimits, type Settings } from '../domain/settings.ts';
import { Store } from '../store/store.ts';
import { createLog } from '../domain/log.ts';
import { metricFields } from './metrics.ts';
import { idsOf, systemClock } from '../domain/clock-and-ids.ts';

/** What every deployed function has: its settings, the table, a clock, ids, and a log. */
export interface Base {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly store: Store;
  readonly log: Log;
}

/** Lambda takes every line of the standard output for a record of its own. */
export const writeLine = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

/**
 * What a function of this kind was told.
 * @throws BadEnvironment: the function does not start, and its log says which variable is to blame
 */
export const readEnvironment = <K extends FunctionKind>(kind: K): Environment<K> =>
  decodeEnvironment(kind, process.env);

/** @throws BadEnvironment */
export function base(env: Environment<'read'>): Base {
  const region = process.env['AWS_REGION'];
  if (region === undefined) throw new BadEnvironment('The environment variable AWS_REGION is missing.');
  const clock = systemClock;
  return {
    settings: {
      stage: env.STAGE,
      partition: env.PARTITION,
      region,
      account: env.ACCOUNT,
      quotas: env.QUOTAS,
      limits: { ...env.LIMITS, images: awsLimits.images },
      extensions: env.EXTENSIONS,
      buckets: env.BUCKETS,
      times: env.TIMES,
      hostingPolicy: env.HOSTING_POLICY,
      rates: env.RATES,
    },
    clock,
    ids: idsOf(clock),
    store: new Store(tableClient(), env.TABLE_NAME, clock),
    log: createLog(writeLine, {}, Date.now, (metrics, now) => metricFields(env.STAGE, metrics, [{}], now)),
  };
}

/**
 * A request that hangs must fail while there is still time to try another, well within the gateway's 29
 * seconds.
 */
export const tableClient = (): DynamoDBDocumentClient =>
  DynamoDBDocumentClient.from(
    // Without the last one, the SDK only warns of an answer that does not come.
    new DynamoDBClient({
      requestHandler: { connectionTimeout: 1000, requestTimeout: 3000, throwOnRequestTimeout: true },
    }),
    { marshallOptions: { removeUndefinedValues: true } },
  );
