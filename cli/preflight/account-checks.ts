import type { StageConfig, StageName } from '../../lib/config/stages.ts';
import { failed, nameOf, ok, unknown, type Finding } from './finding.ts';
import { callJson, callQuery, callService, type Caller } from './service-call.ts';

export interface Look {
  readonly stage: StageName;
  readonly config: StageConfig;
  readonly caller: Caller;
}

export interface Identity {
  readonly account: string;
  readonly arn: string;
}

const element = (xml: string, name: string): string | undefined =>
  new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];

/**
 * @throws ServiceRefused, or what the credentials' provider throws: without an answer nothing else can be
 *   asked
 */
export async function whoCalls(caller: Caller): Promise<Identity> {
  const xml = await callQuery(caller, 'sts', { Action: 'GetCallerIdentity', Version: '2011-06-15' });
  return { account: element(xml, 'Account') ?? '', arn: element(xml, 'Arn') ?? '' };
}

export function accountIsMeant({ stage, config }: Look, { account, arn }: Identity): Finding {
  if (config.account !== undefined && config.account !== account)
    return failed(
      'credentials',
      `${arn} is of account ${account}; ${stage}.account is ${config.account}`,
      'Choose the credentials of the account that is meant, or correct the configuration.',
    );
  return ok('credentials', `${arn}, account ${account}`);
}

/** The version of the bootstrap stack that the CDK's default synthesizer asks for. */
const bootstrapVersion = 6;

/** https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping-env.html */
export async function bootstrapped({ stage, caller }: Look): Promise<Finding> {
  const Name = '/cdk-bootstrap/hnb659fds/version';
  const remedy = `Run: npx cdk bootstrap -c stage=${stage}`;
  try {
    const { Parameter } = await callJson(caller, 'ssm', 'AmazonSSM.GetParameter', { Name });
    const version = Number((Parameter as { readonly Value?: string } | undefined)?.Value);
    return version >= bootstrapVersion
      ? ok('bootstrap', `version ${version}`)
      : failed('bootstrap', `version ${version}, where ${bootstrapVersion} is needed`, remedy);
  } catch (error) {
    if (nameOf(error) === 'ParameterNotFound')
      return failed('bootstrap', `${caller.region} is not prepared for the CDK`, remedy);
    return unknown('bootstrap', error, 'ssm:GetParameter');
  }
}

/** A stack in one of these states takes no deployment. */
const stuck: Readonly<Record<string, string>> = {
  ROLLBACK_COMPLETE: 'Its first deployment failed. Delete it (npx cdk destroy), then deploy.',
  ROLLBACK_FAILED: 'Its first deployment failed. Delete it (npx cdk destroy), then deploy.',
  UPDATE_ROLLBACK_FAILED: 'Continue the rollback in CloudFormation, then deploy.',
  DELETE_FAILED: 'Finish the deletion: the runbook has it under "Drain failed".',
};

export async function stackTakesDeployment({ stage, caller }: Look): Promise<Finding> {
  const StackName = `Crowsnest-${stage}`;
  try {
    const xml = await callQuery(caller, 'cloudformation', {
      Action: 'DescribeStacks',
      Version: '2010-05-15',
      StackName,
    });
    const status = element(xml, 'StackStatus') ?? 'of no known status';
    const remedy = stuck[status];
    if (remedy !== undefined) return failed('stack', `${StackName} is ${status}`, remedy);
    if (status.endsWith('_IN_PROGRESS'))
      return failed('stack', `${StackName} is ${status}`, 'Wait until that has ended.');
    return ok('stack', `${StackName} is ${status}`);
  } catch (error) {
    if (nameOf(error) === 'ValidationError') return ok('stack', `${StackName} is not there yet`);
    return unknown('stack', error, 'cloudformation:DescribeStacks');
  }
}

/** https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html */
export async function gatewayLogs({ stage, config, caller }: Look): Promise<Finding[]> {
  if (config.gatewayLogRole) return [];
  const subject = 'gateway log role';
  try {
    const text = await callService(caller, { service: 'apigateway', method: 'GET', path: '/account' });
    const { cloudwatchRoleArn } = JSON.parse(text) as { cloudwatchRoleArn?: string };
    if (cloudwatchRoleArn !== undefined && cloudwatchRoleArn !== '') return [ok(subject, cloudwatchRoleArn)];
    return [
      failed(
        subject,
        'API Gateway has none in this region, and the stack does not give it one',
        `Set ${stage}.gatewayLogRole to true for one stage of the account and region.`,
      ),
    ];
  } catch (error) {
    return [unknown(subject, error, 'apigateway:GET on /account')];
  }
}

export async function alarmTopic({ stage, config, caller }: Look): Promise<Finding[]> {
  const TopicArn = config.alarmTopicArn;
  if (TopicArn === undefined) return [];
  try {
    await callQuery(caller, 'sns', { Action: 'GetTopicAttributes', Version: '2010-03-31', TopicArn });
    return [ok('alarm topic', TopicArn)];
  } catch (error) {
    if (['NotFound', 'NotFoundException', 'InvalidParameter'].includes(nameOf(error)))
      return [
        failed(
          'alarm topic',
          `${TopicArn} is not there, or not in ${caller.region}`,
          `Make the topic, or correct ${stage}.alarmTopicArn.`,
        ),
      ];
    return [unknown('alarm topic', error, 'sns:GetTopicAttributes')];
  }
}
