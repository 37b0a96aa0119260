import { Effect, PolicyStatement, type IRole } from 'aws-cdk-lib/aws-iam';
import { Function as LambdaFunction, type CfnFunction } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import type { VpcConfig } from '../config/stages.ts';
import { allow } from './grant.ts';

const because = 'These actions know no resource, or are asked for on interfaces that have no name yet.';

/** What Lambda does in the name of a function's role. (The managed policy AWSLambdaVPCAccessExecutionRole) */
const interfaces = [
  'ec2:CreateNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:DeleteNetworkInterface',
  'ec2:AssignPrivateIpAddresses',
  'ec2:UnassignPrivateIpAddresses',
] as const;

/**
 * Lets Lambda attach functions of a role to a VPC. Only Lambda: a request that a function's own code makes
 * bears the key `lambda:SourceFunctionArn`.
 * (Lambda, "Giving Lambda functions access to resources in an Amazon VPC")
 */
export function allowInterfaces(role: IRole): void {
  allow(role, { actions: interfaces, on: ['*'], because });
  role.addToPrincipalPolicy(
    new PolicyStatement({
      effect: Effect.DENY,
      actions: [...interfaces],
      resources: ['*'],
      conditions: { Null: { 'lambda:SourceFunctionArn': 'false' } },
    }),
  );
}

/** Who makes a function in a VPC must be able to look at its subnets and groups. (Lambda, the same page) */
export const allowAttach = (role: IRole): void =>
  allow(role, {
    actions: ['ec2:DescribeSecurityGroups', 'ec2:DescribeSubnets', 'ec2:DescribeVpcs'],
    on: ['*'],
    because,
  });

/** Attaches every function below `scope` to the VPC, those of the CDK's own helpers included. */
export function attachFunctions(scope: Construct, { subnetIds, securityGroupIds }: VpcConfig): void {
  const functions = scope.node.findAll().filter((node) => node instanceof LambdaFunction);
  for (const fn of functions)
    (fn.node.defaultChild as CfnFunction).vpcConfig = {
      subnetIds: [...subnetIds],
      securityGroupIds: [...securityGroupIds],
    };
  for (const role of new Set(functions.map((fn) => fn.role))) if (role !== undefined) allowInterfaces(role);
}
