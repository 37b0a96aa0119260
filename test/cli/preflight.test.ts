import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { openFakeAccount, type FakeAccount } from '../helpers/fake-account.ts';
import { crowsnest, type Ran } from '../helpers/run.ts';

const region = 'eu-west-1';
const key = `arn:aws:kms:${region}:111122223333:key/12345678-1234-1234-1234-123456789012`;
const topic = `arn:aws:sns:${region}:111122223333:alarms`;
const algorithm = `arn:aws:sagemaker:${region}:865070037744:algorithm/vision`;

let aws: FakeAccount;
let folder: string;
beforeEach(async () => {
  aws = await openFakeAccount(region);
  folder = await mkdtemp(join(tmpdir(), 'crowsnest-preflight-'));
});
afterEach(async () => {
  await aws.close();
  await rm(folder, { recursive: true, force: true });
});

interface Finding {
  readonly subject: string;
  readonly outcome: string;
  readonly saw: string;
  readonly remedy?: string;
}

async function run(config: object, ...flags: readonly string[]): Promise<Ran> {
  const file = join(folder, 'config.json');
  await writeFile(file, JSON.stringify({ dev: config }));
  return crowsnest(['preflight', '-c', 'stage=dev', '-c', `config=${file}`, ...flags], {
    AWS_ENDPOINT_URL: aws.url,
    AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'secret',
    AWS_REGION: region,
  });
}

async function look(
  config: object,
): Promise<{ readonly code: number; readonly findings: readonly Finding[] }> {
  const { code, out, errors } = await run(config, '--json');
  expect(errors).toBe('');
  return { code, findings: (JSON.parse(out) as { readonly findings: readonly Finding[] }).findings };
}

const outcomes = (findings: readonly Finding[]): Readonly<Record<string, string>> =>
  Object.fromEntries(findings.map(({ subject, outcome }) => [subject, outcome]));

test('an account that is ready is found ready, in words and by the exit code', async () => {
  aws.state.buckets.set('pictures', { region });
  const { code, out } = await run({ buckets: ['pictures'] });
  expect(out).toMatch(/^ok {7}bootstrap: version 30$/m);
  expect(out).toMatch(/dev in eu-west-1: nothing would fail that can be seen from here, 0 to look at\.\n$/);
  expect(code).toBe(0);
});

test('what would fail is found, all of it at once, each with what to do', async () => {
  aws.state.bootstrap = undefined;
  aws.state.stack = 'ROLLBACK_COMPLETE';
  aws.state.concurrency = 10;
  aws.state.buckets.set('elsewhere', { region: 'us-east-1' });
  aws.state.buckets.set('locked', { region, key });
  const { code, findings } = await look({
    buckets: ['missing', 'elsewhere', 'locked'],
    alarmTopicArn: topic,
    gatewayLogRole: false,
  });
  expect(code).toBe(1);
  expect(outcomes(findings)).toEqual({
    credentials: 'ok',
    bootstrap: 'failed',
    stack: 'failed',
    'Lambda concurrency': 'warning',
    'gateway log role': 'failed',
    'alarm topic': 'failed',
    'bucket missing': 'failed',
    'bucket elsewhere': 'failed',
    'bucket locked': 'failed',
  });
  expect(findings.every(({ outcome, remedy }) => outcome === 'ok' || remedy !== undefined)).toBe(true);
  expect(findings.find(({ subject }) => subject === 'bootstrap')?.remedy).toBe(
    'Run: npx cdk bootstrap -c stage=dev',
  );
  expect(findings.find(({ subject }) => subject === 'bucket elsewhere')?.saw).toContain('us-east-1');
});

test('what has been put right is found right', async () => {
  aws.state.stack = 'UPDATE_COMPLETE';
  aws.state.gatewayRole = 'arn:aws:iam::111122223333:role/logs';
  aws.state.topics.add(topic);
  aws.state.buckets.set('locked', { region, key });
  aws.state.keys.set(key, 'Enabled');
  const { code, findings } = await look({
    account: '111122223333',
    region,
    buckets: ['locked'],
    bucketKeyArns: [key],
    alarmTopicArn: topic,
    gatewayLogRole: false,
  });
  expect({ code, bad: findings.filter(({ outcome }) => outcome !== 'ok') }).toEqual({ code: 0, bad: [] });
});

test('a disabled key and one that is gone are found', async () => {
  aws.state.keys.set(key, 'Disabled');
  const gone = key.replace('12345678-', '87654321-');
  const { findings } = await look({ keyArn: key, bucketKeyArns: [gone] });
  expect(outcomes(findings)).toMatchObject({
    'key 12345678-1234-1234-1234-123456789012': 'failed',
    'key 87654321-1234-1234-1234-123456789012': 'failed',
  });
});

test('another account than the configured one is found', async () => {
  const { code, findings } = await look({ account: '999999999999', region });
  expect({ code, ...outcomes(findings) }).toMatchObject({ code: 1, credentials: 'failed' });
});

test('SageMaker: subscription, instance types and quotas', async () => {
  const config = { algorithmArn: algorithm };
  const before = await look(config);
  expect(outcomes(before.findings)).toMatchObject({ subscription: 'failed', quota: 'failed' });
  aws.state.algorithms.set(algorithm, {
    AlgorithmName: 'vision',
    AlgorithmStatus: 'Completed',
    TrainingSpecification: { SupportedTrainingInstanceTypes: ['ml.g4dn.2xlarge'] },
    InferenceSpecification: {
      SupportedRealtimeInferenceInstanceTypes: ['ml.m5.large'],
      SupportedTransformInstanceTypes: ['ml.c5.2xlarge'],
    },
  });
  for (const use of ['ml.c5.2xlarge for endpoint usage', 'ml.g4dn.2xlarge for training job usage', 'others'])
    aws.state.quotas.set(use, 100);
  aws.state.quotas.set('ml.c5.2xlarge for transform job usage', 1000);
  const after = await look(config);
  expect(outcomes(after.findings)).toMatchObject({
    subscription: 'ok',
    'train on ml.g4dn.2xlarge': 'ok',
    'host on ml.c5.2xlarge': 'failed',
    'evaluate on ml.c5.2xlarge': 'ok',
    quota: 'ok',
  });
  expect(after.findings.filter(({ subject }) => subject === 'quota').map(({ outcome }) => outcome)).toEqual([
    'ok',
    'ok',
    'ok',
  ]);
});

test('a product of another region is found', async () => {
  const { findings } = await look({
    modelPackages: [algorithm.replace(region, 'us-east-1')].map((arn) =>
      arn.replace(':algorithm/', ':model-package/'),
    ),
  });
  expect(findings.find(({ subject }) => subject === 'product')).toMatchObject({ outcome: 'failed' });
});

test('without the configuration of SageMaker nothing is asked of it', async () => {
  await look({});
  expect(aws.asked.filter((each) => /^(sagemaker|servicequotas):/.test(each))).toEqual([]);
});

test('what may not be looked at is said to be unknown, with the right that it needs, and fails nothing', async () => {
  aws.state.buckets.set('pictures', { region });
  aws.state.denied.add('ssm:GetParameter').add('cloudformation:DescribeStacks');
  const { code, findings } = await look({ buckets: ['pictures'] });
  expect({ code, ...outcomes(findings) }).toMatchObject({ code: 0, bootstrap: 'unknown', stack: 'unknown' });
  expect(findings.find(({ subject }) => subject === 'bootstrap')?.remedy).toContain('ssm:GetParameter');
});

test('credentials that do not work end the look', async () => {
  aws.state.denied.add('sts:GetCallerIdentity');
  const { code, findings } = await look({});
  expect({ code, findings: findings.length, ...outcomes(findings) }).toEqual({
    code: 1,
    findings: 1,
    credentials: 'failed',
  });
});

test('it only reads', async () => {
  aws.state.buckets.set('pictures', { region, key });
  await look({ buckets: ['pictures'], bucketKeyArns: [key], alarmTopicArn: topic, gatewayLogRole: false });
  const reads = /^\w+:(Get|Describe|List|(GET|HEAD) )/;
  expect(aws.asked.length).toBeGreaterThan(6);
  expect(aws.asked.filter((each) => !reads.test(each))).toEqual([]);
});

test('a configuration that breaks a rule is told in one sentence', async () => {
  const { code, errors } = await run({ region: 'nowhere' });
  expect({ code, errors }).toEqual({
    code: 1,
    errors: 'dev.region must be a region such as eu-west-1; it is "nowhere".\n',
  });
});
