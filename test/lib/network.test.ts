import { expect, test } from '@jest/globals';
import { Policies } from '../helpers/account/policies.ts';
import { account, region, Resolver } from '../helpers/account/template.ts';
import { interfaceWishes, lambdaWishes } from '../helpers/account/wishes.ts';
import { synthesise, unhashed, type Synthesised } from './template.ts';

const vpc = {
  subnetIds: ['subnet-0123456789abcdef0', 'subnet-0123456789abcdef1'],
  securityGroupIds: ['sg-0123456789abcdef0'],
};
const inside = synthesise('dev', { account, region, vpc });
const outside = synthesise('dev', { account, region });

interface FunctionProperties {
  readonly VpcConfig?: unknown;
  readonly Role: { readonly 'Fn::GetAtt': readonly [string, string] };
  readonly Environment?: { readonly Variables: Readonly<Record<string, string>> };
}
const functionsOf = (stack: Synthesised): FunctionProperties[] =>
  stack
    .ofType('AWS::Lambda::Function')
    .map(([, { Properties }]) => Properties as unknown as FunctionProperties);
const rolesOf = (stack: Synthesised): string[] => [
  ...new Set(functionsOf(stack).map(({ Role }) => unhashed(Role['Fn::GetAtt'][0]))),
];
const policiesOf = (stack: Synthesised): Policies => new Policies(stack, new Resolver(stack));

test('every function of a stage with a VPC is attached to it, the helpers of the drain too', () => {
  const functions = functionsOf(inside);
  expect(functions.length).toBeGreaterThan(25);
  for (const { VpcConfig } of functions)
    expect(VpcConfig).toEqual({ SubnetIds: vpc.subnetIds, SecurityGroupIds: vpc.securityGroupIds });
  expect(inside.findings).toEqual([]);
});

test('whoever makes units is told where they run, and may look at it', () => {
  const told = functionsOf(inside).flatMap(
    ({ Environment }) => Environment?.Variables['UNIT_SUBNET_IDS'] ?? [],
  );
  expect([...new Set(told)]).toEqual([JSON.stringify(vpc.subnetIds)]);
  const wishes = lambdaWishes('CreateFunction', '', { FunctionName: 'cn-dev-x', VpcConfig: {} });
  const policies = policiesOf(inside);
  expect(policies.allow('TasksProvisionRole', wishes)).toBe(true);
  expect(policiesOf(outside).allow('TasksProvisionRole', wishes)).toBe(false);
  expect(policies.allow('TasksReleaseRole', wishes)).toBe(false);
});

test('Lambda may attach what runs under a role to the VPC; the code that runs under it may not', () => {
  const policies = policiesOf(inside);
  const byCode = interfaceWishes.map((wish) => ({
    ...wish,
    context: { 'lambda:SourceFunctionArn': 'arn:aws:lambda:eu-west-1:123456789012:function:cn-dev-x' },
  }));
  for (const role of [...rolesOf(inside), 'UnitsRole']) {
    expect([role, policies.allow(role, interfaceWishes)]).toEqual([role, true]);
    for (const wish of byCode) expect([role, policies.allow(role, [wish])]).toEqual([role, false]);
  }
});

test('without a VPC there is nothing of it', () => {
  for (const { VpcConfig } of functionsOf(outside)) expect(VpcConfig).toBeUndefined();
  expect(JSON.stringify(outside.resources)).not.toMatch(/"ec2:/);
});
