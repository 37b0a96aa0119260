import { hasSageMaker } from '../../lib/config/stages.ts';
import type { Look } from './account-checks.ts';
import { failed, nameOf, ok, unknown, warning, type Finding } from './finding.ts';
import { callQuery, type Caller } from './service-call.ts';

/** The network that functions are attached to: its subnets and groups, of one VPC, and the way out of it. */
export async function networkChecks({ stage, config, caller }: Look): Promise<Finding[]> {
  const { vpc } = config;
  if (vpc === undefined) return [];
  const subnets = await find(caller, stage, 'subnets', 'DescribeSubnets', 'SubnetId', vpc.subnetIds);
  const groups = await find(
    caller,
    stage,
    'security groups',
    'DescribeSecurityGroups',
    'GroupId',
    vpc.securityGroupIds,
  );
  const found = [subnets.finding, groups.finding];
  const [id, ...others] = new Set([...subnets.vpcs, ...groups.vpcs]);
  if (id === undefined) return found;
  if (others.length > 0)
    return [
      ...found,
      failed(
        'VPC',
        `subnets and security groups are of ${[id, ...others].join(' and ')}`,
        `A function is attached to one VPC: correct ${stage}.vpc.`,
      ),
    ];
  return [...found, await endpointsCheck({ stage, config, caller }, id)];
}

interface Found {
  readonly finding: Finding;
  /** The VPCs that they are of. */
  readonly vpcs: readonly string[];
}

async function find(
  caller: Caller,
  stage: string,
  subject: string,
  Action: string,
  parameter: string,
  ids: readonly string[],
): Promise<Found> {
  const numbered = Object.fromEntries(ids.map((id, index) => [`${parameter}.${index + 1}`, id]));
  try {
    const xml = await callQuery(caller, 'ec2', { Action, Version: '2016-11-15', ...numbered });
    return { finding: ok(subject, ids.join(', ')), vpcs: all(xml, 'vpcId') };
  } catch (error) {
    const { message } = error instanceof Error ? error : new Error(String(error));
    const finding = /^Invalid(Subnet|Group|SecurityGroup)/.test(nameOf(error))
      ? failed(subject, `${message} (${caller.region})`, `Correct ${stage}.vpc.`)
      : unknown(subject, error, `ec2:${Action}`);
    return { finding, vpcs: [] };
  }
}

/**
 * What the functions call, and SageMaker's where it is configured. Lambda itself carries logs and traces,
 * which need no way out of the VPC.
 */
function servicesOf({ config }: Look): string[] {
  const sagemaker = hasSageMaker(config);
  const scaled = sagemaker || config.lambda.units === 'provisioned';
  return [
    'dynamodb',
    's3',
    'lambda',
    'states',
    'cloudformation',
    ...(scaled ? ['application-autoscaling'] : []),
    ...(sagemaker ? ['sagemaker.api', 'sagemaker.runtime'] : []),
  ];
}

async function endpointsCheck(look: Look, vpc: string): Promise<Finding> {
  const { caller } = look;
  const subject = `VPC ${vpc}`;
  let names: readonly string[];
  try {
    const xml = await callQuery(caller, 'ec2', {
      Action: 'DescribeVpcEndpoints',
      Version: '2016-11-15',
      'Filter.1.Name': 'vpc-id',
      'Filter.1.Value.1': vpc,
    });
    names = all(xml, 'serviceName');
  } catch (error) {
    return unknown(subject, error, 'ec2:DescribeVpcEndpoints');
  }
  const missing = servicesOf(look).filter((service) => !names.some((name) => name.endsWith(`.${service}`)));
  return missing.length === 0
    ? ok(subject, 'it has an endpoint for each service that the functions call')
    : warning(
        subject,
        `it has no endpoint for ${missing.join(', ')}`,
        'Make them (gateways for dynamodb and s3, interfaces with private DNS for the others), or see that ' +
          'the subnets have a route to a NAT gateway: without either every call times out.',
      );
}

const all = (xml: string, name: string): string[] => [
  ...new Set([...xml.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, 'g'))].map(([, text = '']) => text)),
];
