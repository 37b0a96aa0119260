import { join } from 'node:path';
import { ArnFormat, Aws, CfnDeletionPolicy, Duration, Stack, type CfnResource } from 'aws-cdk-lib';
import { Role, ServicePrincipal, type IRole } from 'aws-cdk-lib/aws-iam';
import {
  Architecture,
  Code,
  LayerVersion,
  Runtime,
  type Function as LambdaFunction,
} from 'aws-cdk-lib/aws-lambda';
import type { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { nativeLayer } from '../bundles.ts';
import type { LambdaConfig } from '../config/stages.ts';
import { allow, type Grant } from './grant.ts';
import { allowAttach, allowInterfaces } from './network.ts';
import type { Objects } from './objects.ts';
import type { EngineRights, TrainerRights } from './rights.ts';
import { FunctionGroup, newLog, type FunctionDefaults } from './service-function.ts';

export interface UnitsProps {
  readonly stage: string;
  readonly defaults: FunctionDefaults;
  readonly objects: Objects;
  readonly config: LambdaConfig;
  /** Whether units are attached to a VPC. */
  readonly inVpc: boolean;
}

const because =
  "Names are made while the stack runs: the wildcard stands behind the stage's own prefix, or an action " +
  'that knows no resources.';

/** The places in the bucket of artifacts where candidates wait to be checked. */
const candidates = 'checks/*';
/** Those where trainings are ordered, and followed. */
const control = 'trainings/*';

/**
 * Models in the project's own format: the functions that check and train them, what the functions that host
 * them are made of, and who may do what to any of these.
 */
export class Units extends Construct implements EngineRights, TrainerRights {
  readonly layer: LayerVersion;
  /**
   * What inference units run under: they may write their log, and nothing else. In a VPC Lambda may
   * attach them.
   */
  readonly role: Role;
  readonly log: LogGroup;
  readonly admission: LambdaFunction;
  readonly trainer: LambdaFunction;
  readonly trainerRole: Role;
  readonly #props: UnitsProps;

  constructor(scope: Construct, id: string, props: UnitsProps) {
    super(scope, id);
    this.#props = props;
    const { defaults, objects, config, stage } = props;
    const architecture = config.architecture === 'arm64' ? Architecture.ARM_64 : Architecture.X86_64;
    this.layer = new LayerVersion(this, 'Libraries', {
      description: 'Crowsnest: onnxruntime, sharp and the backbone of training',
      code: Code.fromAsset(join(defaults.bundles, nativeLayer)),
      compatibleRuntimes: [Runtime.NODEJS_24_X],
      compatibleArchitectures: [architecture],
    });
    // Versions of tasks that an execution still calls make units with the layer of their release, so a layer
    // that is replaced stays. With the stack the last one goes.
    const { cfnOptions } = this.layer.node.defaultChild as CfnResource;
    cfnOptions.updateReplacePolicy = CfnDeletionPolicy.RETAIN;
    cfnOptions.deletionPolicy = CfnDeletionPolicy.DELETE;
    const native = { layer: this.layer, architecture };
    this.log = newLog(this, 'Log', defaults);
    this.role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      description: 'Crowsnest: what inference units run under',
    });
    this.log.grantWrite(this.role);
    if (props.inVpc) allowInterfaces(this.role);

    const admission = new FunctionGroup(this, 'Admission', {
      defaults,
      kind: 'admission',
      bundle: 'admission',
      environment: { UNIT_THREADS: Math.max(1, Math.round(config.unitMemory / 1769)) },
      description: 'Crowsnest: checks models that were trained elsewhere',
    });
    objects.allowArtifactsAt(admission.role, candidates, 'Get');
    this.admission = admission.add('handler', {
      timeout: Duration.seconds(60),
      memory: config.unitMemory,
      native,
    });

    const trainer = new FunctionGroup(this, 'Trainer', {
      defaults,
      kind: 'trainer',
      bundle: 'trainer',
      environment: { STAGE: stage, ARTIFACT_BUCKET: objects.artifacts.bucketName },
      description: 'Crowsnest: trains models',
    });
    objects.allowRead(trainer.role);
    objects.allowArtifacts(trainer.role, 'Get', 'Put');
    objects.allowArtifactsAt(trainer.role, control, 'Delete');
    this.trainerRole = trainer.role;
    this.trainer = trainer.add('handler', {
      timeout: Duration.seconds(config.trainerSeconds),
      memory: config.trainerMemory,
      native,
    });
    // Whoever ordered a training sees that it has died, and orders it again.
    this.trainer.configureAsyncInvoke({ retryAttempts: 0, maxEventAge: Duration.minutes(2) });
  }

  /** Only this may pass the role of units. */
  allowProvision(to: IRole): void {
    this.#allow(to, ['lambda:CreateFunction'], [this.#functions()]);
    // Version 1, whose first call loads the model.
    this.#allow(to, ['lambda:InvokeFunction'], [`${this.#functions()}:1`]);
    this.#allow(to, ['lambda:GetLayerVersion'], [this.layer.layerVersionArn]);
    this.#allow(to, ['iam:PassRole'], [this.role.roleArn], {
      StringEquals: { 'iam:PassedToService': 'lambda.amazonaws.com' },
    });
    if (this.#props.inVpc) allowAttach(to);
    this.#props.objects.allowArtifacts(to, 'Get');
    this.#allowObserve(to);
    this.allowScale(to);
  }

  allowScale(to: IRole): void {
    this.#allow(to, ['lambda:TagResource', 'lambda:PutFunctionConcurrency'], [this.#functions()]);
    this.#allow(to, ['lambda:GetAccountSettings'], ['*']);
    this.#allow(
      to,
      ['application-autoscaling:RegisterScalableTarget', 'application-autoscaling:PutScalingPolicy'],
      [this.#targets()],
      ofLambda,
    );
    // Application Auto Scaling tries out whether its caller could do what it is going to do, and answers
    // ValidationException if not. On which names it tries is not documented: "AWS Lambda and Application Auto
    // Scaling" has these on all functions.
    this.#allow(
      to,
      [
        'lambda:PutProvisionedConcurrencyConfig',
        'lambda:GetProvisionedConcurrencyConfig',
        'lambda:DeleteProvisionedConcurrencyConfig',
      ],
      [this.#functions('*')],
    );
    this.#allow(
      to,
      ['cloudwatch:PutMetricAlarm', 'cloudwatch:DescribeAlarms', 'cloudwatch:DeleteAlarms'],
      [this.#alarms()],
    );
    // Once in an account's life: the role under which Application Auto Scaling provisions.
    this.#allow(
      to,
      ['iam:CreateServiceLinkedRole'],
      [
        `arn:${Aws.PARTITION}:iam::${Aws.ACCOUNT_ID}:role/aws-service-role/` +
          'lambda.application-autoscaling.amazonaws.com/' +
          'AWSServiceRoleForApplicationAutoScaling_LambdaConcurrency',
      ],
      { StringEquals: { 'iam:AWSServiceName': 'lambda.application-autoscaling.amazonaws.com' } },
    );
  }

  allowRelease(to: IRole): void {
    this.#allowObserve(to);
    this.#allow(to, ['lambda:DeleteFunction'], [this.#functions()]);
    this.#allow(to, ['application-autoscaling:DeregisterScalableTarget'], [this.#targets()], ofLambda);
    this.#allow(to, ['cloudwatch:DescribeAlarms', 'cloudwatch:DeleteAlarms'], [this.#alarms()]);
  }

  allowDetect(to: IRole): void {
    this.#allow(to, ['lambda:InvokeFunction'], [`${this.#functions()}:1`]);
  }

  allowAudit(to: IRole): void {
    this.#allow(to, ['lambda:ListFunctions'], ['*']);
    this.#allow(to, ['lambda:ListTags'], [this.#functions()]);
  }

  allowImport(to: IRole): void {
    const { objects } = this.#props;
    this.#allow(to, ['lambda:InvokeFunction'], [this.admission.functionArn]);
    objects.allowRead(to);
    objects.allowArtifacts(to, 'Put');
    this.allowDiscard(to);
  }

  allowDiscard(to: IRole): void {
    this.#props.objects.allowArtifacts(to, 'Get', 'Delete');
  }

  allowTrain(to: IRole): void {
    this.#allow(to, ['lambda:InvokeFunction'], [this.trainer.functionArn]);
    this.allowSettle(to);
  }

  /** A training is told to end by an object. */
  allowEnd(to: IRole): void {
    this.#props.objects.allowArtifacts(to, 'Get', 'Put', 'Delete');
  }

  allowSettle(to: IRole): void {
    const { objects } = this.#props;
    this.allowEnd(to);
    objects.allowRead(to);
    objects.allowWrite(to);
  }

  #allowObserve(to: IRole): void {
    this.#allow(
      to,
      ['lambda:GetFunction', 'lambda:ListTags', 'lambda:GetProvisionedConcurrencyConfig'],
      [this.#functions()],
    );
  }

  #allow(role: IRole, actions: readonly string[], on: readonly string[], when?: Grant['when']): void {
    allow(role, { actions, on, because, ...(when !== undefined && { when }) });
  }

  #functions(resourceName = `cn-${this.#props.stage}-*`): string {
    return Stack.of(this).formatArn({
      service: 'lambda',
      resource: 'function',
      resourceName,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
  }

  /** Their ids are the service's own; the condition says whose targets they are. */
  #targets(): string {
    return Stack.of(this).formatArn({
      service: 'application-autoscaling',
      resource: 'scalable-target',
      resourceName: '*',
    });
  }

  /** Tried out like the functions. */
  #alarms(): string {
    return Stack.of(this).formatArn({
      service: 'cloudwatch',
      resource: 'alarm',
      resourceName: '*',
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
  }
}

const ofLambda = {
  StringEquals: {
    'application-autoscaling:service-namespace': 'lambda',
    'application-autoscaling:scalable-dimension': 'lambda:function:ProvisionedConcurrency',
  },
};
