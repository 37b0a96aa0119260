import { isObject } from '../../lambdas/contract/json.ts';
import type { StageConfig } from './stages.ts';

/**
 * What a value in the configuration must look like. A rule says whether the value keeps it; `is` says it in
 * words.
 */
export type Rule =
  | { readonly is: string; readonly test: (value: unknown) => boolean }
  | { readonly members: Readonly<Record<string, Rule>>; readonly required?: readonly string[] };

const text = (pattern: RegExp, is: string): Rule => ({
  is,
  test: (value) => typeof value === 'string' && pattern.test(value),
});
const texts = (pattern: RegExp, is: string): Rule => ({
  is: `a list of ${is}`,
  test: (value) =>
    Array.isArray(value) && value.every((each) => typeof each === 'string' && pattern.test(each)),
});
const count = (min: number, max: number): Rule => ({
  is: `a whole number from ${min} to ${max}`,
  test: (value) => Number.isInteger(value) && Number(value) >= min && Number(value) <= max,
});
const oneOf = (...values: readonly unknown[]): Rule => ({
  is: `one of ${values.join(', ')}`,
  test: (value) => values.includes(value),
});
const pricesOf = (unit: RegExp, is: string): Rule => ({
  is: `an object of prices an hour by ${is}`,
  test: (value) =>
    isObject(value) &&
    Object.entries(value).every(
      ([name, price]) => unit.test(name) && typeof price === 'number' && price >= 0 && price <= 10_000,
    ),
});
const yesOrNo = oneOf(true, false);
const arn = (service: string, example: string): Rule =>
  text(new RegExp(`^arn:aws[a-z-]*:${service}:`), `an ARN such as ${example}`);

const key = /^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key\/(mrk-[0-9a-f]{32}|[0-9a-f-]{36})$/;
const keyArn = text(key, 'the ARN of a key');
const instanceType = text(/^ml\.[a-z0-9-]+\.[a-z0-9-]+$/, 'an instance type such as ml.c5.2xlarge');

const throttle: Rule = {
  members: { rate: count(1, 10_000), burst: count(1, 5_000) },
  required: ['rate', 'burst'],
};

/** The retentions that CloudWatch knows, in days. */
const retentions = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

const account = /^[0-9]{12}$/;
const bucket = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

export const schema: Readonly<Record<keyof StageConfig, Rule>> = {
  account: text(account, 'an account id of 12 digits'),
  region: text(/^[a-z]{2}(-[a-z]+)+-[0-9]$/, 'a region such as eu-west-1'),
  alarmTopicArn: arn('sns', 'arn:aws:sns:eu-west-1:123456789012:alarms'),
  tags: {
    is: 'an object of texts whose names do not begin with aws: or crowsnest:',
    test: (value) =>
      typeof value === 'object' &&
      value !== null &&
      !Array.isArray(value) &&
      Object.entries(value).every(
        ([key, each]) => typeof each === 'string' && !/^(aws|crowsnest):/i.test(key),
      ),
  },
  instanceType,
  invocationsPerInstance: count(1, 100_000),
  trainer: oneOf('lambda', 'sagemaker'),
  lambda: {
    members: {
      units: oneOf('onDemand', 'provisioned'),
      unitMemory: count(512, 10_240),
      // Two units may be lost over one picture, and the gateway waits for 29 seconds.
      unitSeconds: count(3, 12),
      utilization: count(10, 90),
      architecture: oneOf('x86_64', 'arm64'),
      trainerMemory: count(1769, 10_240),
      trainerSeconds: count(120, 900),
    },
  },
  algorithmArn: arn('sagemaker', 'arn:aws:sagemaker:eu-west-1:123456789012:algorithm/name'),
  trainingInstanceType: instanceType,
  trainingVolumeGigabytes: count(1, 16_384),
  // a day, as the original; a workflow gives a training and its evaluation two
  trainingSeconds: count(600, 86_400),
  buckets: texts(bucket, 'names of buckets'),
  bucketKeyArns: texts(key, 'ARNs of keys'),
  images: texts(
    /^[0-9]{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(\.cn)?\/[a-z0-9._/-]+([:@][A-Za-z0-9._:-]+|:\*)?\*?$/,
    'images such as 123456789012.dkr.ecr.eu-west-1.amazonaws.com/inspection:*',
  ),
  modelPackages: texts(
    /^arn:aws[a-z-]*:sagemaker:[a-z0-9-]+:[0-9]{12}:model-package\/.+$/,
    'ARNs of model packages, which may end with *',
  ),
  volumeKeyArn: keyArn,
  hostingPolicy: { members: { maxRunMinutes: count(0, 525_600), idleStopMinutes: count(0, 525_600) } },
  prices: {
    members: {
      currency: text(/^[A-Z]{3}$/, 'a currency such as USD'),
      lambda: pricesOf(/^(provisioned|onDemand)-[0-9]+$/, 'units such as provisioned-1769'),
      sagemaker: pricesOf(/^ml\.[a-z0-9-]+\.[a-z0-9-]+$/, 'instance types such as ml.c5.2xlarge'),
    },
  },
  quotas: {
    members: {
      projects: count(0, 1_000_000),
      modelsPerProject: count(0, 1_000_000),
      runningModels: count(0, 10_000),
      unitsPerModel: count(1, 1_000),
      concurrentTrainings: count(0, 1_000),
      concurrentPackagingJobs: count(0, 1_000),
    },
  },
  throttles: { members: { read: throttle, write: throttle, detect: throttle } },
  extensions: yesOrNo,
  endpoint: oneOf('regional', 'private'),
  vpcEndpointIds: texts(/^vpce-[0-9a-f]+$/, 'ids such as vpce-0123456789abcdef0'),
  callerAccounts: texts(account, 'account ids of 12 digits'),
  domain: {
    members: {
      name: text(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/, 'a host name'),
      certificateArn: arn('acm', 'arn:aws:acm:eu-west-1:123456789012:certificate/id'),
      basePath: text(/^[A-Za-z0-9._~-]+$/, 'one part of a path'),
    },
    required: ['name', 'certificateArn'],
  },
  gatewayLogRole: yesOrNo,
  keyArn,
  formerKeyArns: texts(key, 'ARNs of keys'),
  permissionsBoundaryArn: arn('iam', 'arn:aws:iam::123456789012:policy/boundary'),
  rolePath: text(/^\/([\x21-\x7e]+\/)?$/, 'a path such as /service/crowsnest/'),
  reservedConcurrency: {
    members: {
      read: count(1, 10_000),
      write: count(1, 10_000),
      detect: count(1, 10_000),
      sweep: count(1, 100),
    },
  },
  logRetentionDays: {
    is: `one of ${retentions.join(', ')}`,
    test: (value) => retentions.includes(value as number),
  },
  pointInTimeRecovery: yesOrNo,
  keepData: yesOrNo,
  terminationProtection: yesOrNo,
  needsAlarmTopic: yesOrNo,
  restoredTable: text(/^[a-zA-Z0-9_.-]{3,255}$/, 'the name of a table'),
};
