import { Aws, CustomResource, Duration, Stack } from 'aws-cdk-lib';
import type { CfnFunction, Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Provider } from 'aws-cdk-lib/custom-resources';
import { Construct, type IConstruct } from 'constructs';
import { acknowledge } from '../acknowledge.ts';
import { allow } from './grant.ts';
import type { StateTable } from './state-table.ts';
import { FunctionGroup, newLog, type FunctionGroupProps } from './service-function.ts';
import type { Workflow } from './workflow.ts';

export interface DrainProps extends Omit<FunctionGroupProps<'drain'>, 'kind' | 'bundle' | 'description'> {
  readonly table: StateTable;
  readonly workflows: readonly Workflow[];
  /** Where the roles are: roles that move are made anew, and what runs under the old ones loses them. */
  readonly rolePath: string;
  /**
   * What a deployment drops of these is asked about: endpoints that nobody can stop any more are paid for.
   */
  readonly engines: readonly string[];
  /** What a stop needs to come to its end. It is deleted only after everything has been drained. */
  readonly needs: readonly IConstruct[];
}

/**
 * Stops every model before anything that is needed for it goes: CloudFormation deletes what depends on others
 * first. It is updated last, and refuses an update that would take the roles or the engine of what runs. What
 * it does, and when it does nothing, is in the function. Its logical id must never change, for a rename is a
 * deletion.
 */
export class Drain extends Construct {
  constructor(
    scope: Construct,
    id: string,
    { table, workflows, needs, rolePath, engines, ...props }: DrainProps,
  ) {
    super(scope, id);
    const group = new FunctionGroup(this, 'Function', {
      ...props,
      kind: 'drain',
      bundle: 'drain',
      description: 'Crowsnest: stops every model before the stack is deleted',
    });
    table.allow(group.role, 'read', 'change', 'put');
    for (const workflow of workflows) workflow.allowStart(group.role);
    allow(group.role, { actions: ['cloudformation:DescribeStacks'], on: [Aws.STACK_ID] });

    const handlers = [
      group.add('begin', { timeout: Duration.seconds(60), memory: 512 }),
      group.add('look', { timeout: Duration.minutes(5), memory: 512 }),
    ] as const;
    const provider = new Provider(this, 'Provider', {
      onEventHandler: handlers[0],
      isCompleteHandler: handlers[1],
      queryInterval: Duration.seconds(30),
      totalTimeout: Duration.minutes(59), // the function gives up after 55, and says what is left
      logGroup: newLog(this, 'ProviderLog', props.defaults),
      disableWaiterStateMachineLogging: true,
    });
    const resource = new CustomResource(this, 'Resource', {
      serviceToken: provider.serviceToken,
      resourceType: 'Custom::CrowsnestDrain',
      properties: { RolePath: rolePath, Engines: engines },
    });
    resource.node.addDependency(...needs, group);
    explain(provider, handlers);
  }
}

/** The framework's own functions call ours, and each other, in any version. */
function explain(provider: Provider, handlers: readonly LambdaFunction[]): void {
  const reason =
    "Made by the CDK's framework for custom resources: its functions call the two above, and its waiter " +
    'calls them.';
  const stack = Stack.of(provider);
  const framework = ['framework-isComplete', 'framework-onTimeout'].map((id) => provider.node.findChild(id));
  const called = [...handlers, ...framework].map((fn) =>
    stack.getLogicalId(fn.node.defaultChild as CfnFunction),
  );
  acknowledge(
    provider,
    [
      'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole]',
      'AwsSolutions-L1',
      'AwsSolutions-SF1',
      'AwsSolutions-SF2',
      ...called.map((id) => `AwsSolutions-IAM5[Resource::<${id}.Arn>:*]`),
    ],
    reason,
  );
}
