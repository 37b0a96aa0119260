import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Finding } from '../../cli/preflight/finding.ts';
import { networkChecks } from '../../cli/preflight/network-checks.ts';
import { configOf } from '../../lib/config/read-config.ts';
import { openFakeAccount, type FakeAccount } from '../helpers/fake-account.ts';

const region = 'eu-west-1';
const credentials = () => Promise.resolve({ accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' });
const subnets = ['subnet-0123456789abcdef0', 'subnet-0123456789abcdef1'] as const;
const group = 'sg-0123456789abcdef0';

let aws: FakeAccount;
const before = process.env['AWS_ENDPOINT_URL'];
beforeEach(async () => {
  aws = await openFakeAccount(region);
  process.env['AWS_ENDPOINT_URL'] = aws.url;
  for (const id of [...subnets, group]) aws.state.network.set(id, 'vpc-1');
  for (const each of ['dynamodb', 's3', 'lambda', 'states', 'cloudformation']) aws.state.endpoints.add(each);
});
afterEach(async () => {
  if (before === undefined) delete process.env['AWS_ENDPOINT_URL'];
  else process.env['AWS_ENDPOINT_URL'] = before;
  await aws.close();
});

const look = (more: object = {}): Promise<Finding[]> =>
  networkChecks({
    stage: 'dev',
    config: configOf('dev', { vpc: { subnetIds: subnets, securityGroupIds: [group] }, ...more }),
    caller: { region, credentials },
  });
const outcomes = (findings: readonly Finding[]): string[] =>
  findings.map(({ subject, outcome }) => `${subject}: ${outcome}`);

test('a network that is ready is found ready, and a stage without one asks nothing', async () => {
  expect(outcomes(await look())).toEqual(['subnets: ok', 'security groups: ok', 'VPC vpc-1: ok']);
  aws.asked.length = 0;
  expect(await look({ vpc: undefined })).toEqual([]);
  expect(aws.asked).toEqual([]);
});

test('a subnet and a group that are not there are found', async () => {
  aws.state.network.delete(subnets[1]);
  expect(outcomes(await look())).toEqual(['subnets: failed', 'security groups: ok', 'VPC vpc-1: ok']);
  aws.state.network.delete(group);
  const findings = await look();
  expect(outcomes(findings)).toEqual(['subnets: failed', 'security groups: failed']);
  expect(findings[0]?.remedy).toBe('Correct dev.vpc.');
});

test('subnets and groups of two VPCs are found', async () => {
  aws.state.network.set(group, 'vpc-2');
  expect((await look()).at(-1)).toMatchObject({
    subject: 'VPC',
    outcome: 'failed',
    saw: 'subnets and security groups are of vpc-1 and vpc-2',
  });
});

test('services without an endpoint are named: those that the stage calls, and no others', async () => {
  aws.state.endpoints.delete('states');
  const sawOf = async (more: object): Promise<string | undefined> => (await look(more)).at(-1)?.saw;
  expect(await sawOf({})).toBe('it has no endpoint for states');
  expect(await sawOf({ lambda: { units: 'provisioned' } })).toBe(
    'it has no endpoint for states, application-autoscaling',
  );
  expect(await sawOf({ images: ['444455556666.dkr.ecr.eu-west-1.amazonaws.com/inspection:*'] })).toBe(
    'it has no endpoint for states, application-autoscaling, sagemaker.api, sagemaker.runtime',
  );
});

test('what may not be looked at is unknown, with its right', async () => {
  aws.state.denied.add('ec2:DescribeVpcEndpoints');
  const [, , endpoints] = await look();
  expect(endpoints).toMatchObject({ outcome: 'unknown' });
  expect(endpoints?.remedy).toContain('ec2:DescribeVpcEndpoints');
});
