import { Aws, CfnOutput, Duration, Stack, Tags, type StackProps } from 'aws-cdk-lib';
import { Key } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import type { Environment } from '../lambdas/contract/environments.ts';
import { workflowNames } from '../lambdas/domain/workflows.ts';
import { awsLimits } from '../lambdas/domain/settings.ts';
import { hasSageMaker, ratesOf, type StageConfig, type StageName } from './config/stages.ts';
import { Alarms } from './constructs/alarms.ts';
import { Api } from './constructs/api.ts';
import { Callers } from './constructs/callers.ts';
import { Dashboard } from './constructs/dashboard.ts';
import { Drain } from './constructs/drain.ts';
import { attachFunctions } from './constructs/network.ts';
import { Objects } from './constructs/objects.ts';
import { confineRoles } from './constructs/roles.ts';
import { joinEngines, joinTrainers } from './constructs/rights.ts';
import { SageMaker } from './constructs/sagemaker.ts';
import { FunctionGroup, type FunctionDefaults } from './constructs/service-function.ts';
import { StateTable } from './constructs/state-table.ts';
import { Tasks } from './constructs/tasks.ts';
import { Units } from './constructs/units.ts';
import { Watch } from './constructs/watch.ts';
import { Workflow } from './constructs/workflow.ts';

export interface ControlPlaneProps extends StackProps {
  readonly stage: StageName;
  readonly config: StageConfig;
  /** Where the bundles are. */
  readonly bundles: string;
}

/** Seconds. `provision` is what a workflow gives a task; the others are what SageMaker may take. */
const times = {
  delivery: 60,
  start: 3600,
  import: 3600,
  train: 172_800,
  release: 3600,
  provision: 120,
  health: 60,
} as const;

/** The whole system of one stage, on one screen. */
export class ControlPlaneStack extends Stack {
  constructor(scope: Construct, id: string, { stage, config, bundles, ...props }: ControlPlaneProps) {
    super(scope, id, {
      ...props,
      terminationProtection: config.terminationProtection,
      description: `Crowsnest, stage ${stage}`,
    });
    const defaults: FunctionDefaults = {
      bundles,
      logRetention: config.logRetentionDays,
      keepLogs: config.keepData,
      versionBasis: config.rolePath ?? '',
    };
    const keys = {
      current: config.keyArn === undefined ? undefined : Key.fromKeyArn(this, 'Key', config.keyArn),
      former: config.formerKeyArns.map((arn) => Key.fromKeyArn(this, `Former${arn}`, arn)),
    };

    const table = new StateTable(this, 'Table', {
      keys,
      keep: config.keepData,
      pointInTimeRecovery: config.pointInTimeRecovery,
      restored: config.restoredTable,
    });
    const objects = new Objects(this, 'Objects', {
      keys,
      buckets: config.buckets,
      bucketKeyArns: config.bucketKeyArns,
    });
    const units = new Units(this, 'Units', {
      stage,
      defaults,
      objects,
      config: config.lambda,
      inVpc: config.vpc !== undefined,
    });
    const sagemaker = hasSageMaker(config) ? new SageMaker(this, { stage, objects, config }) : undefined;
    const hosting = joinEngines(units, ...(sagemaker === undefined ? [] : [sagemaker.hosting]));
    const training = joinTrainers(units, ...(sagemaker === undefined ? [] : [sagemaker.training]));

    const settings: Environment<'read'> = {
      STAGE: stage,
      ACCOUNT: Aws.ACCOUNT_ID,
      PARTITION: Aws.PARTITION,
      TABLE_NAME: table.tableName,
      QUOTAS: config.quotas,
      LIMITS: awsLimits,
      TIMES: times,
      EXTENSIONS: config.extensions,
      HOSTING_POLICY: {
        MaxRunMinutes: config.hostingPolicy.maxRunMinutes,
        IdleStopMinutes: config.hostingPolicy.idleStopMinutes,
      },
      RATES: ratesOf(config),
      BUCKETS: config.buckets,
    };
    const engines = { ENGINES: ['lambda', ...(sagemaker === undefined ? [] : ['sagemaker'])] };
    const instances = { INSTANCE_TYPE: sagemaker === undefined ? undefined : config.instanceType };
    const versions = {
      ...engines,
      ...instances,
      ENGINE_TAGS: config.tags,
      ALGORITHM_ARN: config.algorithmArn,
      ARTIFACT_BUCKET: objects.artifacts.bucketName,
    };
    const engine: Environment<'provision'> = {
      ...settings,
      ...engines,
      ...instances,
      UNIT_MODE: config.lambda.units,
      UNIT_ROLE_ARN: units.role.roleArn,
      UNIT_LAYER_ARN: units.layer.layerVersionArn,
      UNIT_LOG_GROUP: units.log.logGroupName,
      UNIT_MEMORY: config.lambda.unitMemory,
      UNIT_TIMEOUT: config.lambda.unitSeconds,
      UNIT_ARCHITECTURE: config.lambda.architecture,
      UNIT_UTILIZATION: config.lambda.utilization,
      UNIT_SUBNET_IDS: config.vpc?.subnetIds ?? [],
      UNIT_SECURITY_GROUP_IDS: config.vpc?.securityGroupIds ?? [],
      EXECUTION_ROLE_ARN: sagemaker?.hosting.executionRole.roleArn,
      VOLUME_KEY_ARN: config.volumeKeyArn,
      INVOCATIONS_PER_INSTANCE: config.invocationsPerInstance,
      ENGINE_TAGS: config.tags,
    };
    const importing: Environment<'importing'> = {
      ...settings,
      ...versions,
      ADMISSION_FUNCTION: units.admission.functionName,
      ALLOWED_IMAGES: config.images,
      ALLOWED_PACKAGES: config.modelPackages,
    };
    const trainer: Environment<'training'> = {
      ...settings,
      ...versions,
      TRAINER: config.trainer,
      TRAINER_FUNCTION: units.trainer.functionName,
      TRAINING_ROLE_ARN: sagemaker?.training.executionRole.roleArn,
      TRAINING_INSTANCE_TYPE: sagemaker === undefined ? undefined : config.trainingInstanceType,
      TRAINING_VOLUME_GIGABYTES: config.trainingVolumeGigabytes,
      TRAINING_SECONDS: config.trainingSeconds,
    };
    const tasks = new Tasks(this, 'Tasks', {
      defaults,
      table,
      objects,
      hosting,
      training,
      environment: {
        rows: settings,
        provision: engine,
        release: engine,
        importing,
        datasets: settings,
        training: trainer,
        packaging: settings,
      },
    });
    const all = workflowNames.map(
      (name) =>
        new Workflow(this, `${name.charAt(0).toUpperCase()}${name.slice(1)}Workflow`, {
          name,
          tasks: tasks.of[name],
          defaults,
        }),
    );
    const runner = {
      MACHINES: Object.fromEntries(all.map(({ name, machine }) => [name, machine.stateMachineArn])),
    };

    const read = new FunctionGroup<'read'>(this, 'Read', {
      defaults,
      kind: 'read',
      bundle: 'api-read',
      environment: settings,
      description: 'Crowsnest API: what only reads',
    });
    table.allow(read.role, 'read');
    // A URL that is signed can do what its signer can.
    if (config.extensions) objects.allowRead(read.role);
    const write = new FunctionGroup<'write'>(this, 'Write', {
      defaults,
      kind: 'write',
      bundle: 'api-write',
      environment: { ...settings, ...runner },
      description: 'Crowsnest API: what changes something',
    });
    table.allow(write.role, 'read', 'change', 'put', 'delete', 'bulk');
    for (const each of all) each.allowStart(write.role);
    if (config.extensions) objects.allowUploads(write.role);
    const detect = new FunctionGroup<'detect'>(this, 'Detect', {
      defaults,
      kind: 'detect',
      bundle: 'detect',
      environment: { ...settings, ...engines, UNIT_TIMEOUT: config.lambda.unitSeconds },
      description: 'Crowsnest API: DetectAnomalies',
    });
    table.allow(detect.role, 'read', 'note');
    hosting.allowDetect(detect.role);

    const { reservedConcurrency } = config;
    const api = new Api(this, 'Api', {
      ...config,
      stage,
      defaults,
      functions: {
        read: read.add('handler', {
          timeout: Duration.seconds(15),
          memory: 512,
          reservedConcurrency: reservedConcurrency.read,
        }),
        write: write.add('handler', {
          timeout: Duration.seconds(28),
          memory: 1024,
          reservedConcurrency: reservedConcurrency.write,
        }),
        detect: detect.add('handler', {
          timeout: Duration.seconds(28),
          memory: 1769,
          reservedConcurrency: reservedConcurrency.detect,
        }),
      },
    });
    const watch = new Watch(this, 'Watch', {
      defaults,
      table,
      hosting,
      training,
      workflows: all,
      sweepConcurrency: reservedConcurrency.sweep,
      environment: {
        sweep: { ...engine, ...importing, ...trainer, ...runner },
        audit: { ...settings, ...engines },
      },
    });
    new Drain(this, 'Drain', {
      defaults,
      table,
      workflows: all,
      environment: { ...settings, ...runner },
      rolePath: config.rolePath ?? '/',
      engines: engines.ENGINES,
      needs: [table, objects, units, ...(sagemaker?.all ?? []), tasks, ...all, watch],
    });

    const alarms = new Alarms(this, 'Alarms', {
      stage,
      topicArn: config.alarmTopicArn,
      restApi: api.restApi,
      workflows: all,
      sweep: watch.sweep,
      audit: watch.audit,
    });
    new Dashboard(this, 'Dashboard', { stage, alarms: alarms.all });

    if (config.vpc !== undefined) attachFunctions(this, config.vpc);
    confineRoles(this, config);
    // Not every region's CloudFormation takes tags of a dashboard, and one that does not refuses the whole
    // stack.
    const untagged = { excludeResourceTypes: ['AWS::CloudWatch::Dashboard'] };
    for (const [name, value] of Object.entries({ ...config.tags, 'crowsnest:stage': stage }))
      Tags.of(this).add(name, value, untagged);
    const endpoint =
      config.domain === undefined
        ? `https://${api.restApi.restApiId}.execute-api.${Aws.REGION}.${Aws.URL_SUFFIX}/${stage}`
        : ['https:/', config.domain.name, config.domain.basePath].filter(Boolean).join('/');
    new Callers(this, 'Callers', {
      stage,
      restApi: api.restApi,
      told: {
        endpoint,
        apiId: api.restApi.restApiId,
        tableName: table.tableName,
        artifactBucket: objects.artifacts.bucketName,
      },
    });
    new CfnOutput(this, 'Endpoint', { description: 'Point the clients here', value: endpoint });
    new CfnOutput(this, 'ApiId', {
      description: 'For the policies of callers',
      value: api.restApi.restApiId,
    });
    new CfnOutput(this, 'TableName', { value: table.tableName });
    new CfnOutput(this, 'ArtifactBucket', { value: objects.artifacts.bucketName });
    // For the policies of callers' own keys, which CreateModel may name, and of buckets in other accounts.
    const trainingRole =
      config.trainer === 'sagemaker' && sagemaker !== undefined
        ? sagemaker.training.executionRole
        : units.trainerRole;
    new CfnOutput(this, 'TrainingRole', { value: trainingRole.roleArn });
    if (sagemaker !== undefined)
      new CfnOutput(this, 'HostingRole', { value: sagemaker.hosting.executionRole.roleArn });
  }
}
