import type { Rates, UnitRate } from '../../lambdas/contract/runs.ts';
import { defaultQuotas, type Quotas } from '../../lambdas/domain/settings.ts';

export const stageNames = ['dev', 'staging', 'prod'] as const;
export type StageName = (typeof stageNames)[number];

/** Requests a second, and how many may come at once. */
interface Throttle {
  readonly rate: number;
  readonly burst: number;
}

/**
 * Everything in which one deployment differs from another. What has a `?` has no default: a deployment's own
 * file says it, or it is not there.
 */
export interface StageConfig {
  readonly account?: string;
  readonly region?: string;
  /** Where alarms go. */
  readonly alarmTopicArn?: string;
  /** On every resource, the engine's included. */
  readonly tags: Readonly<Record<string, string>>;

  /** What trains the models of this stage: a function, or SageMaker with the subscribed algorithm. */
  readonly trainer: 'lambda' | 'sagemaker';
  /** Models in the project's own format are hosted, checked and trained in functions. */
  readonly lambda: LambdaConfig;

  /** The instances that models are hosted on: one inference unit is one of these. */
  readonly instanceType: string;
  /** How many pictures a minute one instance should judge, before another one is added. */
  readonly invocationsPerInstance: number;
  /**
   * The subscribed algorithm, in this region, that trains models, and whose training output may be imported.
   */
  readonly algorithmArn?: string;
  /** What it trains on: the instance, its storage, and for how long at the most. */
  readonly trainingInstanceType: string;
  readonly trainingVolumeGigabytes: number;
  readonly trainingSeconds: number;
  /** Buckets that callers may name. */
  readonly buckets: readonly string[];
  /** The keys that these buckets are encrypted with, where they are not AWS's own. */
  readonly bucketKeyArns: readonly string[];
  /** Container images that callers may name; `*` at the end stands for anything. */
  readonly images: readonly string[];
  /** Model packages that callers may name; likewise. */
  readonly modelPackages: readonly string[];
  /** Encrypts the instances' storage. Types with storage of their own refuse it. */
  readonly volumeKeyArn?: string;

  /**
   * Minutes after which a model is stopped, used or not used, where no hosting policy says otherwise; 0 is
   * never.
   */
  readonly hostingPolicy: { readonly maxRunMinutes: number; readonly idleStopMinutes: number };
  /**
   * What an hour of an inference unit costs, by engine and type of unit: what answers about cost are made
   * of.
   */
  readonly prices: Prices;
  readonly quotas: Quotas;
  readonly throttles: { readonly read: Throttle; readonly write: Throttle; readonly detect: Throttle };
  /** Whether operations that the original service did not have are served. */
  readonly extensions: boolean;

  readonly endpoint: 'regional' | 'private';
  /**
   * Where functions run: those of the stack, and those of inference units. Absent: in Lambda's own network.
   */
  readonly vpc?: VpcConfig;
  /** Interface endpoints of `execute-api` through which a private API is reached. */
  readonly vpcEndpointIds: readonly string[];
  /** Other accounts whose principals may call, if their own policies allow it. */
  readonly callerAccounts: readonly string[];
  readonly domain?: { readonly name: string; readonly certificateArn: string; readonly basePath?: string };
  /**
   * Whether the stack gives API Gateway the role with which it writes logs: one for the account and region.
   */
  readonly gatewayLogRole: boolean;

  /** Encrypts the table and the bucket; AWS's own keys, if not given. */
  readonly keyArn?: string;
  /** What table and bucket were encrypted with before: objects keep the key that they were written with. */
  readonly formerKeyArns: readonly string[];
  readonly permissionsBoundaryArn?: string;
  readonly rolePath?: string;

  /** Concurrent executions kept for a function, and its limit. Absent: it shares the account's. */
  readonly reservedConcurrency: {
    readonly read?: number;
    readonly write?: number;
    readonly detect?: number;
    readonly sweep?: number;
  };
  readonly logRetentionDays: number;
  readonly pointInTimeRecovery: boolean;
  /** Whether table and bucket outlive the stack, and refuse to be deleted. */
  readonly keepData: boolean;
  readonly terminationProtection: boolean;
  /** Whether the stage may be deployed without anybody to hear its alarms. */
  readonly needsAlarmTopic: boolean;
  /** A table that was restored from the stack's own, to be used instead of it. */
  readonly restoredTable?: string;
}

/** Ids of one VPC, in the stage's region. Nothing is looked up at synthesis. */
export interface VpcConfig {
  readonly subnetIds: readonly string[];
  readonly securityGroupIds: readonly string[];
}

interface Prices {
  /** As in ISO 4217. */
  readonly currency: string;
  /** By mode and megabytes, as `provisioned-1769`. What is on demand is not paid for by the hour. */
  readonly lambda: Readonly<Record<string, number>>;
  /** By instance type. */
  readonly sagemaker: Readonly<Record<string, number>>;
}

export interface LambdaConfig {
  /**
   * `provisioned`: MinInferenceUnits are kept ready, and paid for while the model is hosted. `onDemand`: a
   * unit starts with the picture that needs it, and is paid for while it judges.
   */
  readonly units: 'onDemand' | 'provisioned';
  /** Megabytes of one inference unit; 1,769 are one processor. */
  readonly unitMemory: number;
  /** Seconds that a unit has for one picture. */
  readonly unitSeconds: number;
  /** Percent of the units that should be at work before another one is added, up to MaxInferenceUnits. */
  readonly utilization: number;
  /** onnxruntime is reported to abort at load on Lambda's arm64 (microsoft/onnxruntime#10038, #15650). */
  readonly architecture: 'x86_64' | 'arm64';
  /** Megabytes and seconds of a training. New accounts may not have functions with more than 3,008 MB. */
  readonly trainerMemory: number;
  readonly trainerSeconds: number;
}

/**
 * Whether anything of SageMaker is configured: an algorithm, packages or images. Without, the stack has no
 * role, right or function for it.
 */
export const hasSageMaker = ({
  algorithmArn,
  images,
  modelPackages,
}: Pick<StageConfig, 'algorithmArn' | 'images' | 'modelPackages'>): boolean =>
  algorithmArn !== undefined || images.length > 0 || modelPackages.length > 0;

/** What the units of a stage cost, as its functions are told. */
export function ratesOf(config: StageConfig): Rates {
  const { prices, instanceType } = config;
  const rate = (engine: 'lambda' | 'sagemaker', unit: string): UnitRate => {
    const perHour = prices[engine][unit];
    return { engine, unit, ...(perHour !== undefined && { perHour }) };
  };
  return {
    currency: prices.currency,
    onnx: rate('lambda', `${config.lambda.units}-${config.lambda.unitMemory}`),
    ...(hasSageMaker(config) && { sagemaker: rate('sagemaker', instanceType) }),
  };
}

const lambda = {
  units: 'provisioned',
  unitMemory: 1769,
  unitSeconds: 10,
  utilization: 70,
  architecture: 'x86_64',
  trainerMemory: 3008,
  trainerSeconds: 900,
} as const satisfies LambdaConfig;

const shared = {
  tags: {},
  trainer: 'lambda',
  lambda,
  instanceType: 'ml.c5.2xlarge', // what AWS names for the Marketplace algorithm
  invocationsPerInstance: 180,
  trainingInstanceType: 'ml.g4dn.2xlarge',
  trainingVolumeGigabytes: 20,
  trainingSeconds: 7200, // likewise
  buckets: [],
  bucketKeyArns: [],
  formerKeyArns: [],
  images: [],
  modelPackages: [],
  hostingPolicy: { maxRunMinutes: 0, idleStopMinutes: 0 },
  // The list prices of us-east-1, in November 2026.
  prices: {
    currency: 'USD',
    lambda: { 'provisioned-1769': 0.026 },
    sagemaker: { 'ml.c5.2xlarge': 0.408 },
  },
  quotas: defaultQuotas,
  throttles: {
    read: { rate: 50, burst: 100 },
    write: { rate: 10, burst: 20 },
    detect: { rate: 200, burst: 400 },
  },
  extensions: true,
  endpoint: 'regional',
  vpcEndpointIds: [],
  callerAccounts: [],
  gatewayLogRole: true,
} as const satisfies Partial<StageConfig>;

/** The stages, side by side. */
export const stageDefaults: Readonly<Record<StageName, StageConfig>> = {
  dev: {
    ...shared,
    // Nothing is reserved, because new accounts have ten executions and none to spare; with fewer calls a
    // slow endpoint cannot take all of them.
    throttles: { ...shared.throttles, detect: { rate: 20, burst: 40 } },
    reservedConcurrency: {},
    lambda: { ...lambda, units: 'onDemand' },
    // A model that somebody tries things with is forgotten sooner or later.
    hostingPolicy: { maxRunMinutes: 480, idleStopMinutes: 60 },
    logRetentionDays: 14,
    pointInTimeRecovery: false,
    keepData: false,
    terminationProtection: false,
    needsAlarmTopic: false,
  },
  staging: {
    ...shared,
    throttles: { ...shared.throttles, detect: { rate: 20, burst: 40 } },
    reservedConcurrency: {},
    logRetentionDays: 30,
    pointInTimeRecovery: true,
    keepData: false,
    terminationProtection: false,
    needsAlarmTopic: false,
  },
  prod: {
    ...shared,
    // A slow endpoint holds each call for up to 25 seconds: it must leave room for all others, and for the
    // sweep.
    reservedConcurrency: { detect: 200, sweep: 2 },
    logRetentionDays: 365,
    pointInTimeRecovery: true,
    keepData: true,
    terminationProtection: true,
    needsAlarmTopic: true,
  },
};
