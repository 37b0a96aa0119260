import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { expect, test } from '@jest/globals';
import { schema } from '../../lib/config/schema.ts';
import type { StageConfig } from '../../lib/config/stages.ts';
import { home, synthesise, type Synthesised } from './template.ts';

/** CloudFormation's own description of its resources, as the CDK's command line brings it for `cdk diff`. */
interface Described {
  readonly cloudFormationType: string;
  readonly properties: Readonly<Record<string, { readonly causesReplacement?: 'yes' | 'no' | 'maybe' }>>;
}
const database = JSON.parse(
  gunzipSync(
    readFileSync(fileURLToPath(new URL('../../node_modules/aws-cdk/db.json.gz', import.meta.url))),
  ).toString(),
) as { schema: { resource: { entities: Record<string, Described> } } };
const described = new Map(
  Object.values(database.schema.resource.entities).map((each) => [each.cloudFormationType, each]),
);

const kms = (digit: string): string =>
  `arn:aws:kms:eu-west-1:111122223333:key/${digit.repeat(8)}-89ab-cdef-0123-456789abcdef`;
const topic = 'arn:aws:sns:eu-west-1:111122223333:other';
const domain = {
  name: 'vision.example.com',
  certificateArn: 'arn:aws:acm:eu-west-1:111122223333:certificate/1',
};

/** Another value for everything that can be configured. */
const changes: Readonly<Record<keyof StageConfig, unknown>> = {
  account: undefined, // another account or region is another stack
  region: undefined,
  alarmTopicArn: topic,
  tags: { team: 'vision' },
  trainer: 'sagemaker',
  lambda: { unitMemory: 3008, architecture: 'arm64', trainerMemory: 4096 },
  instanceType: 'ml.c5.large',
  invocationsPerInstance: 10,
  algorithmArn: 'arn:aws:sagemaker:eu-west-1:865070037744:algorithm/vision',
  trainingInstanceType: 'ml.g5.xlarge',
  trainingVolumeGigabytes: 50,
  trainingSeconds: 3600,
  buckets: ['cameras'],
  bucketKeyArns: [kms('1')],
  images: ['444455556666.dkr.ecr.eu-west-1.amazonaws.com/inspection:*'],
  modelPackages: ['arn:aws:sagemaker:eu-west-1:865070037744:model-package/vision-*'],
  volumeKeyArn: kms('2'),
  hostingPolicy: { maxRunMinutes: 10, idleStopMinutes: 10 },
  prices: { currency: 'EUR', lambda: { 'provisioned-3008': 0.05 } },
  quotas: { projects: 7 },
  throttles: { read: { rate: 7, burst: 7 } },
  extensions: false,
  endpoint: 'private',
  vpc: { subnetIds: ['subnet-0123456789abcdef0'], securityGroupIds: ['sg-0123456789abcdef0'] },
  vpcEndpointIds: ['vpce-0123456789abcdef0'],
  callerAccounts: ['444455556666'],
  domain,
  gatewayLogRole: false,
  keyArn: kms('3'),
  formerKeyArns: [kms('4')],
  permissionsBoundaryArn: 'arn:aws:iam::111122223333:policy/boundary',
  rolePath: '/service/',
  reservedConcurrency: { read: 5, write: 5, detect: 5 },
  logRetentionDays: 5,
  pointInTimeRecovery: true,
  keepData: true,
  terminationProtection: true,
  needsAlarmTopic: true,
  restoredTable: 'restored-rows',
};
/** What goes only by itself, or with fewer others; all the rest is changed at once. */
const alone = ['endpoint', 'rolePath', 'gatewayLogRole'] as const;
const changed = (names: readonly string[]): object =>
  Object.fromEntries(
    Object.entries(changes).filter(([name, value]) => value !== undefined && names.includes(name)),
  );

const madeToBeReplaced = ['AWS::Lambda::Version', 'AWS::Lambda::LayerVersion', 'AWS::ApiGateway::Deployment'];

/**
 * What CloudFormation would make anew, or delete, and is no version or deployment: those are made to be
 * replaced, and versions of functions and layers are kept.
 */
function replaced(before: Synthesised, after: Synthesised): string[] {
  return Object.entries(before.resources).flatMap(([id, { Type, Properties }]) => {
    if (madeToBeReplaced.includes(Type)) return [];
    const now = after.resources[id];
    if (now === undefined) return [`${Type} is deleted`];
    const { properties = {} } = described.get(Type) ?? {};
    const names = new Set([...Object.keys(Properties), ...Object.keys(now.Properties)]);
    return [...names]
      .filter((name) => JSON.stringify(Properties[name]) !== JSON.stringify(now.Properties[name]))
      .filter((name) => (properties[name]?.causesReplacement ?? 'no') !== 'no')
      .map((name) => `${Type}.${name}`);
  });
}

const dev = synthesise('dev', home);

test('every setting is looked at', () =>
  expect(Object.keys(changes).sort()).toEqual(Object.keys(schema).sort()));

test('the description knows what is replaced', () => {
  expect(described.get('AWS::IAM::Role')?.properties['Path']?.causesReplacement).toBe('yes');
  expect(described.get('AWS::Lambda::Function')?.properties['Timeout']?.causesReplacement ?? 'no').toBe('no');
});

/** Settings whose change replaces something, what, and why nothing that runs is hurt. */
const known: Readonly<Record<string, readonly string[]>> = {
  // The drain refuses the update while anything runs, and versions are published anew: see below.
  rolePath: ['AWS::IAM::Role.Path'],
  // One role and setting of the account, through which API Gateway writes its logs.
  gatewayLogRole: ['AWS::IAM::Role is deleted', 'AWS::ApiGateway::Account is deleted'],
};

test.each([
  ...alone.map((name) => [name, name === 'endpoint' ? [name, 'vpcEndpointIds'] : [name]]),
  ['anything else', Object.keys(changes).filter((name) => !(alone as readonly string[]).includes(name))],
] as [string, string[]][])('another %s replaces nothing that runs', (name, names) => {
  const after = synthesise('dev', { ...home, ...changed(names) });
  expect(JSON.stringify(after.resources)).not.toBe(JSON.stringify(dev.resources));
  expect([...new Set(replaced(dev, after))].sort()).toEqual([...(known[name] ?? [])].sort());
});

test('with another rolePath every version is published anew, because the one before is bound to its role', () => {
  const versions = (stack: Synthesised): string[] =>
    stack.ofType('AWS::Lambda::Version').map(([id]) => id.slice(-32));
  const [one, two] = ['/one/', '/two/'].map((rolePath) => versions(synthesise('dev', { rolePath })));
  expect(one).toHaveLength(20);
  expect(one?.filter((id) => two?.includes(id) || versions(dev).includes(id))).toEqual([]);
  const [, drain] = synthesise('dev', { rolePath: '/one/' }).ofType('Custom::CrowsnestDrain')[0] ?? [];
  expect(drain?.Properties).toMatchObject({ RolePath: '/one/' });
  expect(dev.ofType('Custom::CrowsnestDrain')[0]?.[1].Properties).toMatchObject({ RolePath: '/' });
});

test('the drain is told which engines the stage has, so that it can refuse to lose one that is in use', () => {
  const told = (stack: Synthesised): unknown =>
    stack.ofType('Custom::CrowsnestDrain')[0]?.[1].Properties['Engines'];
  expect(told(synthesise('dev', { images: [], modelPackages: [] }))).toEqual(['lambda']);
  const images = ['123456789012.dkr.ecr.us-east-1.amazonaws.com/inspection:*'];
  expect(told(synthesise('dev', { images }))).toEqual(['lambda', 'sagemaker']);
});

test('a VPC, and another one, is taken on by new versions; those that are under way are kept as they are', () => {
  const inVpc = (digit: string): Synthesised =>
    synthesise('dev', {
      ...home,
      vpc: { subnetIds: [`subnet-${digit.repeat(8)}`], securityGroupIds: [`sg-${digit.repeat(8)}`] },
    });
  const stacks = [dev, inVpc('1'), inVpc('2')] as const;
  const versions = stacks.map((stack) => stack.ofType('AWS::Lambda::Version'));
  expect(new Set(versions.flat().map(([id]) => id)).size).toBe(3 * 20);
  for (const [, version] of versions.flat()) expect(version.DeletionPolicy).toBe('RetainExceptOnCreate');
  for (const [before, after] of [
    [0, 1],
    [1, 2],
    [2, 0],
  ] as const)
    expect(replaced(stacks[before], stacks[after])).toEqual([]);
});
