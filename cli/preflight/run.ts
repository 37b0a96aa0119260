import { BadConfig, readConfig } from '../../lib/config/read-config.ts';
import { CommandFailed } from '../failed.ts';
import {
  accountIsMeant,
  alarmTopic,
  bootstrapped,
  gatewayLogs,
  stackTakesDeployment,
  whoCalls,
  type Look,
} from './account-checks.ts';
import { concurrency } from './concurrency-check.ts';
import { failed, type Finding } from './finding.ts';
import { networkChecks } from './network-checks.ts';
import { sagemakerChecks } from './sagemaker-checks.ts';
import { ambientCaller, type Caller } from './service-call.ts';
import { bucketChecks, keyChecks } from './storage-checks.ts';

export type Context = Readonly<Record<string, string>>;

/**
 * Looks at an account as a deployment of the stage would find it.
 * @throws CommandFailed if the configuration is bad, or says no region
 */
export async function preflight(
  context: Context,
): Promise<{ readonly look: Look; readonly findings: readonly Finding[] }> {
  const { stage, config } = configured(context);
  const region = config.region ?? process.env['AWS_REGION'] ?? process.env['AWS_DEFAULT_REGION'];
  if (region === undefined)
    throw new CommandFailed(`No region: set ${stage}.region in the configuration, or AWS_REGION.`);
  const look: Look = { stage, config, caller: ambientCaller(region) };
  return { look, findings: await lookAtAll(look) };
}

function configured({ stage, config }: Context): ReturnType<typeof readConfig> {
  try {
    return readConfig(stage, config);
  } catch (error) {
    throw error instanceof BadConfig ? new CommandFailed(error.message) : error;
  }
}

/** One look after the other: their order is that of a deployment, and nobody's rates are hurt. */
async function lookAtAll(look: Look): Promise<Finding[]> {
  const identity = await whoCallsOrWhy(look.caller);
  if ('outcome' in identity) return [identity];
  return [
    accountIsMeant(look, identity),
    await bootstrapped(look),
    await stackTakesDeployment(look),
    await concurrency(look),
    ...(await networkChecks(look)),
    ...(await gatewayLogs(look)),
    ...(await alarmTopic(look)),
    ...(await bucketChecks(look)),
    ...(await keyChecks(look)),
    ...(await sagemakerChecks(look)),
  ];
}

async function whoCallsOrWhy(caller: Caller): Promise<Awaited<ReturnType<typeof whoCalls>> | Finding> {
  try {
    return await whoCalls(caller);
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    return failed(
      'credentials',
      `they do not work in ${caller.region}: ${name}, ${message}`,
      'Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; sign in again if they have expired.',
    );
  }
}

/** What a person reads. */
export function print({ stage, caller }: Look, findings: readonly Finding[], bad: number): void {
  for (const { outcome, subject, saw, remedy } of findings) {
    console.log(`${outcome.padEnd(8)} ${subject}: ${saw}`);
    if (remedy !== undefined) console.log(`         ${remedy}`);
  }
  const open = findings.filter(({ outcome }) => outcome === 'warning' || outcome === 'unknown').length;
  const verdict = bad > 0 ? `${bad} would fail` : 'nothing would fail that can be seen from here';
  console.log(`\n${stage} in ${caller.region}: ${verdict}, ${open} to look at.`);
}
