import { Aws, CustomResource, Duration } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Provider } from 'aws-cdk-lib/custom-resources';
import { Construct, type IConstruct } from 'constructs';
import { acknowledge } from '../acknowledge.ts';
import type { StateTable } from './state-table.ts';
import { FunctionGroup, newLog, type FunctionGroupProps } from './service-function.ts';
import type { Workflow } from './workflow.ts';

export interface DrainProps extends Omit<FunctionGroupProps<'drain'>, 'kind' | 'bundle' | 'description'> {
  readonly table: StateTable;
  readonly workflows: readonly Workflow[];
  /** What a stop needs to come to its end. It is deleted only after everything has been drained. */
  readonly needs: readonly IConstruct[];
}

/**
 * Stops every model before anything that is needed for it goes: CloudFormation deletes what depends on others first. What it does, and when it
 * does nothing, is in the function. Its logical id must never change, for a rename is a deletion.
 */
export class Drain extends Construct {
  constructor(scope: Construct, id: string, { table, workflows, needs, ...props }: DrainProps) {
    super(scope, id);
    const group = new FunctionGroup(this, 'Function', { ...props, kind: 'drain', bundle: 'drain', description: 'Crowsnest: stops every model before the stack is deleted' });
    table.allow(group.role, 'read', 'change', 'put');
    for (const workflow of workflows) workflow.allowStart(group.role);
    group.role.addToPrincipalPolicy(new PolicyStatement({ actions: ['cloudformation:DescribeStacks'], resources: [Aws.STACK_ID] }));

    const provider = new Provider(this, 'Provider', {
      onEventHandler: group.add('begin', { timeout: Duration.seconds(60), memory: 512 }),
      isCompleteHandler: group.add('look', { timeout: Duration.minutes(5), memory: 512 }),
      queryInterval: Duration.seconds(30),
      totalTimeout: Duration.minutes(59), // the function gives up after 55, and says what is left
      logGroup: newLog(this, 'ProviderLog', props.defaults),
      disableWaiterStateMachineLogging: true,
    });
    const resource = new CustomResource(this, 'Resource', { serviceToken: provider.serviceToken, resourceType: 'Custom::CrowsnestDrain' });
    resource.node.addDependency(...needs, group);
    explain(provider);
  }
}

function explain(provider: Provider): void {
  const reason = 'Made by the CDK\'s framework for custom resources, which calls the two functions above in any of their versions.';
  acknowledge(provider, [
    'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole]',
    'AwsSolutions-L1', 'AwsSolutions-SF1', 'AwsSolutions-SF2',
  ], reason);
}
