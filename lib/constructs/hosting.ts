import { ArnFormat, Aws, Stack } from 'aws-cdk-lib';
import { Role, ServicePrincipal, type IRole } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { allow, type Grant } from './grant.ts';
import type { Objects } from './objects.ts';

export interface HostingProps {
  readonly stage: string;
  readonly objects: Objects;
  /** Images and model packages that callers may name. */
  readonly images: readonly string[];
  readonly modelPackages: readonly string[];
  readonly algorithmArn: string | undefined;
  readonly volumeKeyArn: string | undefined;
}

/** Engine resources are made, and named, while the stack runs; and some actions know no resources. */
const because =
  "Names are made while the stack runs: the wildcard stands behind the stage's own prefix, a list of the " +
  "operator's, or an action that knows no resources.";

/** What a run is made of: the types as ARNs write them, and as actions do. */
const nouns = { endpoint: 'Endpoint', 'endpoint-config': 'EndpointConfig', model: 'Model' } as const;
const types = ['endpoint', 'endpoint-config', 'model'] as const;

/** What models are hosted with: the role that endpoints run under, and who may do what to the engine. */
export class Hosting extends Construct {
  readonly executionRole: Role;
  readonly #props: HostingProps;

  constructor(scope: Construct, id: string, props: HostingProps) {
    super(scope, id);
    this.#props = props;
    this.executionRole = this.#makeExecutionRole();
  }

  /**
   * Makes the resources of a run, sees whether they serve, and lets them follow demand. Only this may pass
   * the execution role.
   */
  allowProvision(to: IRole): void {
    this.#each(to, 'Create');
    // An endpoint is made from a configuration, and the right must be there for both.
    this.#allow(to, ['sagemaker:CreateEndpoint'], this.#ours('endpoint-config'));
    this.#allow(to, ['sagemaker:AddTags'], this.#ours(...types));
    this.#allow(to, ['iam:PassRole'], [this.executionRole.roleArn], {
      StringEquals: { 'iam:PassedToService': 'sagemaker.amazonaws.com' },
    });
    this.#allow(to, ['aws-marketplace:ViewSubscriptions'], ['*']);
    this.allowObserve(to);
    this.allowScale(to);
    const { volumeKeyArn } = this.#props;
    if (volumeKeyArn === undefined) return;
    this.#allow(to, ['kms:DescribeKey'], [volumeKeyArn]);
    this.#allow(to, ['kms:CreateGrant'], [volumeKeyArn], { Bool: { 'kms:GrantIsForAWSResource': 'true' } });
  }

  allowObserve(to: IRole): void {
    this.#each(to, 'Describe');
    this.#allow(to, ['sagemaker:ListTags'], this.#ours(...types));
  }

  allowScale(to: IRole): void {
    this.#allow(
      to,
      ['application-autoscaling:RegisterScalableTarget', 'application-autoscaling:PutScalingPolicy'],
      [this.#targets()],
      ofSageMaker,
    );
    // Application Auto Scaling tries out whether its caller could do what it is going to do, on names that it
    // makes up, and answers ValidationException if not. So these stand on all names, as "Prerequisites for
    // auto scaling" of the SageMaker developer guide has them.
    for (const [type, action] of Object.entries(probes))
      this.#allow(to, action, [this.#sageMaker(type, '*')]);
    this.#allow(
      to,
      ['cloudwatch:PutMetricAlarm', 'cloudwatch:DescribeAlarms', 'cloudwatch:DeleteAlarms'],
      [this.#alarms()],
    );
    // Once in an account's life: the role under which Application Auto Scaling changes endpoints.
    this.#allow(
      to,
      ['iam:CreateServiceLinkedRole'],
      [
        `arn:${Aws.PARTITION}:iam::${Aws.ACCOUNT_ID}:role/aws-service-role/` +
          'sagemaker.application-autoscaling.amazonaws.com/' +
          'AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint',
      ],
      { StringEquals: { 'iam:AWSServiceName': 'sagemaker.application-autoscaling.amazonaws.com' } },
    );
  }

  /** Takes the resources of a run away. */
  allowRelease(to: IRole): void {
    this.allowObserve(to);
    this.#each(to, 'Delete');
    this.#allow(to, ['application-autoscaling:DeregisterScalableTarget'], [this.#targets()], ofSageMaker);
    this.#allow(to, ['cloudwatch:DescribeAlarms', 'cloudwatch:DeleteAlarms'], [this.#alarms()]);
  }

  allowDetect(to: IRole): void {
    this.#allow(to, ['sagemaker:InvokeEndpoint'], this.#ours('endpoint'));
  }

  /** Lists what there is, of anybody's, and reads the tags of what looks like ours. */
  allowAudit(to: IRole): void {
    this.#allow(
      to,
      ['sagemaker:ListEndpoints', 'sagemaker:ListEndpointConfigs', 'sagemaker:ListModels'],
      ['*'],
    );
    this.#allow(to, ['sagemaker:ListModelPackages'], [this.#sageMaker('model-package', '*')]);
    this.#allow(to, ['sagemaker:ListTags'], this.#ours(...types, 'model-package'));
  }

  /** Makes packages of what a training put out. */
  allowPackages(to: IRole): void {
    this.#allow(
      to,
      [
        'sagemaker:CreateModelPackage',
        'sagemaker:DescribeModelPackage',
        'sagemaker:AddTags',
        'sagemaker:ListTags',
      ],
      this.#ours('model-package'),
    );
    this.#allow(to, ['aws-marketplace:ViewSubscriptions'], ['*']);
  }

  /** Looks at what callers name, copies it, and makes packages of it. */
  allowImport(to: IRole): void {
    const { modelPackages, algorithmArn, objects } = this.#props;
    this.allowPackages(to);
    if (modelPackages.length > 0) this.#allow(to, ['sagemaker:DescribeModelPackage'], modelPackages);
    if (algorithmArn !== undefined) this.#allow(to, ['sagemaker:DescribeAlgorithm'], [algorithmArn]);
    objects.allowRead(to);
    objects.allowArtifacts(to, 'Put');
    this.allowDiscard(to);
  }

  /** Removes what is kept for a version. */
  allowDiscard(to: IRole): void {
    this.#allow(
      to,
      ['sagemaker:DescribeModelPackage', 'sagemaker:DeleteModelPackage', 'sagemaker:ListTags'],
      this.#ours('model-package'),
    );
    this.#props.objects.allowArtifacts(to, 'Get', 'Delete');
  }

  /**
   * What an endpoint needs to come up: our copies, the images that are listed, and its own log. Models run
   * without a network.
   */
  #makeExecutionRole(): Role {
    const { images, objects, stage } = this.#props;
    const role = new Role(this, 'ExecutionRole', {
      description: 'Crowsnest: what hosted models run under',
      assumedBy: new ServicePrincipal('sagemaker.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
      }),
    });
    objects.allowArtifacts(role, 'Get');
    const group = Stack.of(this).formatArn({
      service: 'logs',
      resource: 'log-group',
      resourceName: `/aws/sagemaker/Endpoints/cn-${stage}-*`,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
    this.#allow(role, ['logs:CreateLogGroup', 'logs:DescribeLogStreams'], [group]);
    this.#allow(role, ['logs:CreateLogStream', 'logs:PutLogEvents'], [`${group}:log-stream:*`]);
    if (images.length > 0) {
      this.#allow(role, ['ecr:GetAuthorizationToken'], ['*']);
      this.#allow(
        role,
        ['ecr:BatchCheckLayerAvailability', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'],
        [...new Set(images.map(repositoryOf))],
      );
    }
    return role;
  }

  #each(role: IRole, verb: 'Create' | 'Describe' | 'Delete'): void {
    for (const type of types) this.#allow(role, [`sagemaker:${verb}${nouns[type]}`], this.#ours(type));
  }

  #allow(role: IRole, actions: readonly string[], on: readonly string[], when?: Grant['when']): void {
    allow(role, { actions, on, because, ...(when !== undefined && { when }) });
  }

  /** Names carry the stage, and are in lower case, as SageMaker writes them in ARNs. */
  #ours(...of: readonly string[]): string[] {
    return of.map((type) => this.#sageMaker(type, `cn-${this.#props.stage}-*`));
  }

  #sageMaker(type: string, name: string): string {
    return Stack.of(this).formatArn({ service: 'sagemaker', resource: type, resourceName: name });
  }

  /** Their ids are the service's own; the condition says whose targets they are. */
  #targets(): string {
    return Stack.of(this).formatArn({
      service: 'application-autoscaling',
      resource: 'scalable-target',
      resourceName: '*',
    });
  }

  #alarms(): string {
    return Stack.of(this).formatArn({
      service: 'cloudwatch',
      resource: 'alarm',
      resourceName: '*',
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
  }
}

const probes = {
  endpoint: ['sagemaker:DescribeEndpoint', 'sagemaker:UpdateEndpointWeightsAndCapacities'],
  'endpoint-config': ['sagemaker:DescribeEndpointConfig'],
} as const;

const ofSageMaker = {
  StringEquals: {
    'application-autoscaling:service-namespace': 'sagemaker',
    'application-autoscaling:scalable-dimension': 'sagemaker:variant:DesiredInstanceCount',
  },
};

/** `123456789012.dkr.ecr.eu-west-1.amazonaws.com/inspection:*` is of the repository `inspection` there. */
function repositoryOf(image: string): string {
  const [, account = '', region = '', path = ''] =
    /^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.[^/]+\/([^:@]+)/.exec(image) ?? [];
  return `arn:${Aws.PARTITION}:ecr:${region}:${account}:repository/${path}`;
}
