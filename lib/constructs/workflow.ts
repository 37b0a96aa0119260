import { Aws, Fn, Stack } from 'aws-cdk-lib';
import type { IRole } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { DefinitionBody, LogLevel, StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import type { WorkflowName } from '../../lambdas/domain/workflows.ts';
import { machineOf } from '../../lambdas/workflows/machines.ts';
import { acknowledge } from '../acknowledge.ts';
import { allow } from './grant.ts';
import { newLog, type FunctionDefaults } from './service-function.ts';

export interface WorkflowProps {
  readonly name: WorkflowName;
  /** What carries out each task, by the name of its state. */
  readonly tasks: Readonly<Record<string, LambdaFunction>>;
  readonly defaults: FunctionDefaults;
}

/**
 * Under this prefix Step Functions may write without a line for each log group in a resource policy of the
 * account, which has room for few. The id of the stack keeps a log that outlived one apart from the next's.
 */
const vended = (scope: Construct, name: string): string =>
  `/aws/vendedlogs/states/${Stack.of(scope).stackName}-${name}-${Fn.select(2, Fn.split('/', Aws.STACK_ID))}`;

/** One workflow, from the file that the local host runs, completed by the same loader. */
export class Workflow extends Construct {
  readonly name: WorkflowName;
  readonly machine: StateMachine;

  constructor(scope: Construct, id: string, { name, tasks, defaults }: WorkflowProps) {
    super(scope, id);
    this.name = name;
    this.machine = new StateMachine(this, 'Machine', {
      // As text, so that the template shows it, and without the spaces, because a template has a limit. CDK
      // grants nothing for it.
      definitionBody: DefinitionBody.fromString(JSON.stringify(machineOf(name))),
      // Published versions: an execution that is under way when a release comes goes on with the code that it
      // began with.
      definitionSubstitutions: Object.fromEntries(
        Object.entries(tasks).map(([task, fn]) => [task, fn.currentVersion.functionArn]),
      ),
      tracingEnabled: true,
      logs: {
        destination: newLog(this, 'Log', defaults, vended(this, name)),
        level: LogLevel.ALL,
        includeExecutionData: true,
      },
    });
    allow(this.machine.role, {
      actions: ['lambda:InvokeFunction'],
      on: Object.values(tasks).map((fn) => `${fn.functionArn}:*`),
      because:
        'All versions, not only the newest: executions that began under an earlier release still call ' +
        'theirs.',
    });
    acknowledge(
      this.machine.role,
      ['AwsSolutions-IAM5[Resource::*]'],
      'For tracing, and to deliver logs: these actions know no resources.',
    );
  }

  allowStart(role: IRole): void {
    allow(role, { actions: ['states:StartExecution'], on: [this.machine.stateMachineArn] });
  }
}
