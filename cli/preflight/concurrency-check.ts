import {
  GetAccountSettingsCommand,
  GetFunctionConcurrencyCommand,
  LambdaClient,
  paginateListFunctions,
} from '@aws-sdk/client-lambda';
import { keptUnreserved } from '../../lambdas/domain/concurrency.ts';
import type { StageConfig } from '../../lib/config/stages.ts';
import type { Look } from './account-checks.ts';
import { failed, ok, unknown, warning, type Finding } from './finding.ts';

const subject = 'Lambda concurrency';
const ask =
  'In Service Quotas, AWS Lambda, ask for 1,000 "Concurrent executions" (L-B99A9384), which costs ' +
  'nothing; new accounts have 10.';

/** What a stage reserves: its functions when it is deployed, its inference units while models are hosted. */
interface Need {
  readonly functions: number;
  /**
   * What the first model needs to start, and all models together with the most units that the quotas allow.
   */
  readonly units: { readonly least: number; readonly most: number };
}

function needOf({ reservedConcurrency, lambda, quotas }: StageConfig): Need {
  const functions = Object.values(reservedConcurrency).reduce((sum, count) => sum + count, 0);
  // A unit on demand is bounded only where the account has room for it.
  if (lambda.units === 'onDemand') return { functions, units: { least: 0, most: 0 } };
  const most = quotas.runningModels * quotas.unitsPerModel;
  return { functions, units: { least: Math.min(1, most), most } };
}

/**
 * Whether the account has the concurrent executions that the stage reserves: for its functions, without which
 * it cannot be deployed, and for provisioned units, without which no model starts. What the stage has
 * reserved already, because it is deployed, is its own.
 * https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
 */
export async function concurrency({ stage, config, caller }: Look): Promise<Finding> {
  const lambda = new LambdaClient({ region: caller.region, credentials: caller.credentials, maxAttempts: 2 });
  try {
    const { AccountLimit } = await lambda.send(new GetAccountSettingsCommand({}));
    const limit = AccountLimit?.ConcurrentExecutions ?? 0;
    const unreserved = AccountLimit?.UnreservedConcurrentExecutions ?? limit;
    const own = unreserved === limit ? 0 : await reservedBy(lambda, stage);
    const free = Math.max(0, unreserved + own - keptUnreserved(limit));
    return verdict(stage, needOf(config), limit, free);
  } catch (error) {
    return unknown(
      subject,
      error,
      'lambda:GetAccountSettings, lambda:ListFunctions and lambda:GetFunctionConcurrency',
    );
  } finally {
    lambda.destroy();
  }
}

/**
 * What is reserved now for functions of this stage. CloudFormation names functions after their stack; the
 * engine names units after the stage.
 */
async function reservedBy(lambda: LambdaClient, stage: string): Promise<number> {
  const prefixes = [`Crowsnest-${stage}-`, `cn-${stage}-`];
  let sum = 0;
  for await (const { Functions = [] } of paginateListFunctions({ client: lambda }, {})) {
    for (const { FunctionName = '' } of Functions) {
      if (!prefixes.some((prefix) => FunctionName.startsWith(prefix))) continue;
      const { ReservedConcurrentExecutions = 0 } = await lambda.send(
        new GetFunctionConcurrencyCommand({ FunctionName }),
      );
      sum += ReservedConcurrentExecutions;
    }
  }
  return sum;
}

/** @param free executions that this stage may reserve, those that it has reserved included */
function verdict(stage: string, { functions, units }: Need, limit: number, free: number): Finding {
  const saw =
    `${limit} in the account, of which ${keptUnreserved(limit)} must stay unreserved and ${free} can be ` +
    `reserved; the stage reserves ${functions} for its functions and ` +
    (units.most === 0
      ? 'none for units, which start on demand'
      : `up to ${units.most} for units (quotas.runningModels x quotas.unitsPerModel)`);
  if (functions > free)
    return failed(
      subject,
      `${saw}: it cannot be deployed`,
      `Lower ${stage}.reservedConcurrency, or take it out ({}). ${ask}`,
    );
  if (functions + units.least > free)
    return failed(
      subject,
      `${saw}: it can be deployed, and no model can be started`,
      `${ask} Until then set ${stage}.lambda.units to "onDemand", which reserves nothing.`,
    );
  if (functions + units.most > free)
    return warning(
      subject,
      `${saw}: ${counted(free - functions)} can run at once`,
      `${ask} Or lower ${stage}.quotas.runningModels or unitsPerModel, so that a start is refused at once.`,
    );
  if (limit < enough)
    return warning(
      subject,
      `${saw}: that does for trying it out, with ${Math.floor(limit / 2)} pictures at once at most`,
      `A picture occupies two executions, DetectAnomalies and its unit; what is more is throttled. ${ask}`,
    );
  return ok(subject, saw);
}

const counted = (units: number): string => `${units} unit${units === 1 ? '' : 's'}`;

/** With fewer executions than Lambda otherwise keeps unreserved, a few callers use all of them. */
const enough = 100;
