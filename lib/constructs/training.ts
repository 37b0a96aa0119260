import { ArnFormat, Aws, Stack } from 'aws-cdk-lib';
import { Role, ServicePrincipal, type IRole } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { allow, type Grant } from './grant.ts';
import type { Hosting } from './hosting.ts';
import type { Objects } from './objects.ts';

export interface TrainingProps {
  readonly stage: string;
  readonly objects: Objects;
  readonly hosting: Hosting;
  readonly algorithmArn: string | undefined;
}

const because =
  "Names are made while the stack runs: the wildcard stands behind the stage's own prefix, or an action " +
  'that knows no resources.';

const jobs = { 'training-job': 'TrainingJob', 'transform-job': 'TransformJob' } as const;

/** What models are trained with: the role that training and evaluation run under, and who may order them. */
export class Training extends Construct {
  readonly executionRole: Role;
  readonly #props: TrainingProps;

  constructor(scope: Construct, id: string, props: TrainingProps) {
    super(scope, id);
    this.#props = props;
    this.executionRole = this.#makeExecutionRole();
  }

  /**
   * Orders a training, the package that is made of it and its evaluation. Only this may pass the execution
   * role.
   */
  allowTrain(to: IRole): void {
    const { algorithmArn, hosting } = this.#props;
    for (const [type, noun] of Object.entries(jobs))
      this.#allow(to, [`sagemaker:Create${noun}`, 'sagemaker:AddTags'], [this.#ours(type)]);
    this.#allow(to, ['sagemaker:CreateModel', 'sagemaker:AddTags'], [this.#ours('model')]);
    this.#allow(to, ['iam:PassRole'], [this.executionRole.roleArn], {
      StringEquals: { 'iam:PassedToService': 'sagemaker.amazonaws.com' },
    });
    if (algorithmArn !== undefined) this.#allow(to, ['sagemaker:DescribeAlgorithm'], [algorithmArn]);
    hosting.allowPackages(to);
    this.allowSettle(to);
  }

  /** Ends what trains and judges a version, and takes away what it was judged by. */
  allowEnd(to: IRole): void {
    for (const [type, noun] of Object.entries(jobs))
      this.#allow(
        to,
        [`sagemaker:Describe${noun}`, `sagemaker:Stop${noun}`, 'sagemaker:ListTags'],
        [this.#ours(type)],
      );
    this.#allow(
      to,
      ['sagemaker:DescribeModel', 'sagemaker:DeleteModel', 'sagemaker:ListTags'],
      [this.#ours('model')],
    );
  }

  /** Sees how a training goes, ends it, and keeps what came of it. */
  allowSettle(to: IRole): void {
    const { objects } = this.#props;
    this.allowEnd(to);
    this.#allow(to, ['sagemaker:DescribeModelPackage', 'sagemaker:ListTags'], [this.#ours('model-package')]);
    objects.allowArtifacts(to, 'Get', 'Put', 'Delete');
    objects.allowRead(to);
    objects.allowWrite(to);
  }

  /** What a training reads, what it writes, and its logs. It runs without a network. */
  #makeExecutionRole(): Role {
    const { objects, stage } = this.#props;
    const role = new Role(this, 'ExecutionRole', {
      description: 'Crowsnest: what models are trained and evaluated under',
      assumedBy: new ServicePrincipal('sagemaker.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
      }),
    });
    objects.allowRead(role);
    objects.allowArtifacts(role, 'Get', 'Put');
    const groups = ['TrainingJobs', 'TransformJobs'].map((each) =>
      Stack.of(this).formatArn({
        service: 'logs',
        resource: 'log-group',
        resourceName: `/aws/sagemaker/${each}`,
        arnFormat: ArnFormat.COLON_RESOURCE_NAME,
      }),
    );
    this.#allow(
      role,
      ['logs:CreateLogGroup', 'logs:DescribeLogStreams'],
      groups.map((group) => `${group}:*`),
    );
    this.#allow(
      role,
      ['logs:CreateLogStream', 'logs:PutLogEvents'],
      groups.map((group) => `${group}:log-stream:cn-${stage}-*`),
    );
    return role;
  }

  #allow(role: IRole, actions: readonly string[], on: readonly string[], when?: Grant['when']): void {
    allow(role, { actions, on, because, ...(when !== undefined && { when }) });
  }

  #ours(type: string): string {
    return Stack.of(this).formatArn({
      service: 'sagemaker',
      resource: type,
      resourceName: `cn-${this.#props.stage}-*`,
    });
  }
}
