import type { RestApi } from 'aws-cdk-lib/aws-apigateway';
import { ManagedPolicy, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';
import { operationNames, operations, type OperationName } from '../../lambdas/contract/operations.ts';
import { explain } from './grant.ts';

const reads: readonly OperationName[] = operationNames.filter((name) => operations[name].profile === 'read');

/** Who calls the API, and what they need for it. The rows of the contract say what reads. */
const callers = {
  /** Everything. */
  admin: operationNames,
  /** Looks at everything, starts and stops models, and judges pictures. */
  operator: [...reads, 'StartModel', 'StopModel', 'StopAllModels', 'StopProjectModels', 'DetectAnomalies'],
  /** A production line: judges pictures, and asks whether the model serves. */
  line: ['DetectAnomalies', 'DescribeModel'],
  readOnly: reads,
} as const satisfies Readonly<Record<string, readonly OperationName[]>>;

type Caller = keyof typeof callers;

export interface CallersProps {
  readonly stage: string;
  readonly restApi: RestApi;
  /** What is told to whoever deploys an app or a pipeline, by name. */
  readonly told: Readonly<Record<string, string>>;
}

/**
 * What apps and pipelines of the account need of a stage, under names that they know beforehand: ready
 * policies for those who call, and parameters with the endpoint and the ids. IAM's names are an account's,
 * not a region's, so the policies' own names are CloudFormation's, and parameters lead to them.
 */
export class Callers extends Construct {
  constructor(scope: Construct, id: string, { stage, restApi, told }: CallersProps) {
    super(scope, id);
    const policies = (Object.keys(callers) as Caller[]).map((caller) => {
      const grant = {
        actions: ['execute-api:Invoke'],
        on: [...new Set(callers[caller].map((name) => arnOf(restApi, name)))],
        because:
          'A policy for every project of the stage. Whoever may call for some only gets a policy of ' +
          'their own.',
      };
      const policy = new ManagedPolicy(this, caller, {
        description: `Crowsnest, stage ${stage}: calls of ${caller}`,
        statements: [new PolicyStatement({ actions: grant.actions, resources: grant.on })],
      });
      explain(policy, grant);
      return [`policies/${caller}`, policy.managedPolicyArn] as const;
    });
    for (const [name, stringValue] of [...Object.entries(told), ...policies])
      new StringParameter(this, `Parameter${name}`, {
        parameterName: `/crowsnest/${stage}/${name}`,
        stringValue,
        description: `Crowsnest, stage ${stage}`,
      });
  }
}

/** An ARN in a path may come as one label or as several; a wildcard takes both. */
const pathOf = (name: OperationName): string => operations[name].path.replace(/\{\w+\}/g, '*');

const arnOf = (restApi: RestApi, name: OperationName): string =>
  restApi.arnForExecuteApi(operations[name].method, pathOf(name), restApi.deploymentStage.stageName);
