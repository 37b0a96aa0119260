import { z } from 'zod';
import type { StageConfig } from './stages.ts';

// Each schema's message ends the sentence "<member> must be …", which read-config.ts makes of it.

const text = (pattern: RegExp, is: string) => z.string({ error: is }).regex(pattern, { error: is });
const texts = (pattern: RegExp, one: string, many: string) =>
  z.array(text(pattern, one), { error: `a list of ${many}` });

/** At least one id of EC2, and no more than a function takes. (Lambda API, VpcConfig) */
const ids = (kind: string, most: number) =>
  texts(
    new RegExp(`^${kind}-[0-9a-f]{8,17}$`),
    `an id such as ${kind}-0123456789abcdef0`,
    `1 to ${most} ids such as ${kind}-0123456789abcdef0`,
  )
    .min(1, { error: `a list of 1 to ${most} ids` })
    .max(most, { error: `a list of 1 to ${most} ids` });

function count(min: number, max: number) {
  const error = `a whole number from ${min} to ${max}`;
  return z.number({ error }).int({ error }).min(min, { error }).max(max, { error });
}

const oneOf = <const V extends string>(...values: readonly V[]) =>
  z.enum(values, { error: `one of ${values.join(', ')}` });

function pricesOf(unit: RegExp, is: string) {
  const error = `an object of prices an hour by ${is}`;
  const limits = 'a price from 0 to 10000';
  const price = z.number({ error: limits }).min(0, { error: limits }).max(10_000, { error: limits });
  return z.record(text(unit, error), price, { error });
}

const yesOrNo = z.boolean({ error: 'one of true, false' });
const arn = (service: string, example: string) =>
  text(new RegExp(`^arn:aws[a-z-]*:${service}:`), `an ARN such as ${example}`);

/** An object with these members and no others; which of them it must have, `required` says. */
const membersOf = <S extends z.ZodRawShape>(shape: S) =>
  z.strictObject(shape, {
    error: ({ code, keys }) =>
      code === 'unrecognized_keys'
        ? `knows ${Object.keys(shape).join(', ')}; not "${keys[0] ?? ''}"`
        : 'an object',
  });

const key = /^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key\/(mrk-[0-9a-f]{32}|[0-9a-f-]{36})$/;
const keyArn = text(key, 'the ARN of a key');
const keyArns = texts(key, 'the ARN of a key', 'ARNs of keys');
const instanceType = text(/^ml\.[a-z0-9-]+\.[a-z0-9-]+$/, 'an instance type such as ml.c5.2xlarge');

const throttle = membersOf({ rate: count(1, 10_000), burst: count(1, 5_000) });

/** The retentions that CloudWatch knows, in days. */
const retentions = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

const account = text(/^[0-9]{12}$/, 'an account id of 12 digits');
const tagName = /^(?!aws:|crowsnest:)/i;

/** What a value of the configuration may leave out: the stage's defaults are laid under it. */
type Partly<T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? { readonly [K in keyof T]?: Partly<T[K]> | undefined }
    : T;

/** What each member must look like where it is there. */
export const schema = {
  account,
  region: text(/^[a-z]{2}(-[a-z]+)+-[0-9]$/, 'a region such as eu-west-1'),
  alarmTopicArn: arn('sns', 'arn:aws:sns:eu-west-1:123456789012:alarms'),
  tags: z.record(text(tagName, 'a name'), z.string({ error: 'a text' }), {
    error: 'an object of texts whose names do not begin with aws: or crowsnest:',
  }),
  instanceType,
  invocationsPerInstance: count(1, 100_000),
  trainer: oneOf('lambda', 'sagemaker'),
  lambda: membersOf({
    units: oneOf('onDemand', 'provisioned'),
    unitMemory: count(512, 10_240),
    // Two units may be lost over one picture, and the gateway waits for 29 seconds.
    unitSeconds: count(3, 12),
    utilization: count(10, 90),
    architecture: oneOf('x86_64', 'arm64'),
    trainerMemory: count(1769, 10_240),
    trainerSeconds: count(120, 900),
  }).partial(),
  algorithmArn: arn('sagemaker', 'arn:aws:sagemaker:eu-west-1:123456789012:algorithm/name'),
  trainingInstanceType: instanceType,
  trainingVolumeGigabytes: count(1, 16_384),
  // a day, as the original; a workflow gives a training and its evaluation two
  trainingSeconds: count(600, 86_400),
  buckets: texts(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'the name of a bucket', 'names of buckets'),
  bucketKeyArns: keyArns,
  images: texts(
    /^[0-9]{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(\.cn)?\/[a-z0-9._/-]+([:@][A-Za-z0-9._:-]+|:\*)?\*?$/,
    'an image such as 123456789012.dkr.ecr.eu-west-1.amazonaws.com/inspection:*',
    'images such as 123456789012.dkr.ecr.eu-west-1.amazonaws.com/inspection:*',
  ),
  modelPackages: texts(
    /^arn:aws[a-z-]*:sagemaker:[a-z0-9-]+:[0-9]{12}:model-package\/.+$/,
    'the ARN of a model package, which may end with *',
    'ARNs of model packages, which may end with *',
  ),
  volumeKeyArn: keyArn,
  hostingPolicy: membersOf({
    maxRunMinutes: count(0, 525_600),
    idleStopMinutes: count(0, 525_600),
  }).partial(),
  prices: membersOf({
    currency: text(/^[A-Z]{3}$/, 'a currency such as USD'),
    lambda: pricesOf(/^(provisioned|onDemand)-[0-9]+$/, 'units such as provisioned-1769'),
    sagemaker: pricesOf(/^ml\.[a-z0-9-]+\.[a-z0-9-]+$/, 'instance types such as ml.c5.2xlarge'),
  }).partial(),
  quotas: membersOf({
    projects: count(0, 1_000_000),
    modelsPerProject: count(0, 1_000_000),
    runningModels: count(0, 10_000),
    unitsPerModel: count(1, 1_000),
    concurrentTrainings: count(0, 1_000),
    concurrentPackagingJobs: count(0, 1_000),
  }).partial(),
  throttles: membersOf({ read: throttle, write: throttle, detect: throttle }).partial(),
  extensions: yesOrNo,
  endpoint: oneOf('regional', 'private'),
  vpc: membersOf({
    subnetIds: ids('subnet', 16),
    securityGroupIds: ids('sg', 5),
  }),
  vpcEndpointIds: texts(
    /^vpce-[0-9a-f]+$/,
    'an id such as vpce-0123456789abcdef0',
    'ids such as vpce-0123456789abcdef0',
  ),
  callerAccounts: z.array(account, { error: 'a list of account ids of 12 digits' }),
  domain: membersOf({
    name: text(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/, 'a host name'),
    certificateArn: arn('acm', 'arn:aws:acm:eu-west-1:123456789012:certificate/id'),
    basePath: text(/^[A-Za-z0-9._~-]+$/, 'one part of a path').optional(),
  }),
  gatewayLogRole: yesOrNo,
  keyArn,
  formerKeyArns: keyArns,
  permissionsBoundaryArn: arn('iam', 'arn:aws:iam::123456789012:policy/boundary'),
  rolePath: text(/^\/([\x21-\x7e]+\/)?$/, 'a path such as /service/crowsnest/'),
  reservedConcurrency: membersOf({
    read: count(1, 10_000),
    write: count(1, 10_000),
    detect: count(1, 10_000),
    sweep: count(1, 100),
  }).partial(),
  logRetentionDays: z.literal(retentions, { error: `one of ${retentions.join(', ')}` }),
  pointInTimeRecovery: yesOrNo,
  keepData: yesOrNo,
  terminationProtection: yesOrNo,
  needsAlarmTopic: yesOrNo,
  restoredTable: text(/^[a-zA-Z0-9_.-]{3,255}$/, 'the name of a table'),
} as const satisfies { readonly [K in keyof StageConfig]-?: z.ZodType<Partly<NonNullable<StageConfig[K]>>> };

/** What a file may say of a stage. */
export const ownValues = membersOf(schema).partial();

/**
 * What holds between members, once the stage's defaults are laid under what the file says. A message goes on
 * after the member's name.
 */
export const wholeConfig = z.custom<StageConfig>().superRefine((config, context) => {
  const say = (member: keyof StageConfig, message: string): void =>
    context.addIssue({ code: 'custom', path: [member], message });
  if (config.needsAlarmTopic && config.alarmTopicArn === undefined)
    say('alarmTopicArn', 'is missing: say which SNS topic is to hear the alarms of this stage');
  if (config.endpoint === 'private' && config.vpcEndpointIds.length === 0)
    say(
      'vpcEndpointIds',
      'is missing: a private endpoint can be reached only through interface endpoints that are listed there',
    );
  if (config.endpoint === 'private' && config.domain !== undefined)
    say('domain', 'cannot go with a private endpoint: leave one of them out');
  if (config.trainer === 'sagemaker' && config.algorithmArn === undefined)
    say('algorithmArn', 'is missing: with trainer "sagemaker", say which subscribed algorithm trains');
  if ((config.account === undefined) !== (config.region === undefined))
    say(
      config.account === undefined ? 'account' : 'region',
      'is missing: account and region go together, or neither is given and the CLI says where to deploy',
    );
});
