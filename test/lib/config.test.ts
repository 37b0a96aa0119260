import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { configOf, readConfig, readStages } from '../../lib/config/read-config.ts';

const topic = { alarmTopicArn: 'arn:aws:sns:eu-west-1:111122223333:alarms' };

test('a laptop needs no file for dev and staging', () => {
  expect(configOf('dev', {})).toMatchObject({
    keepData: false,
    terminationProtection: false,
    pointInTimeRecovery: false,
    logRetentionDays: 14,
  });
  expect(configOf('staging', {})).toMatchObject({
    keepData: false,
    terminationProtection: false,
    pointInTimeRecovery: true,
    logRetentionDays: 30,
  });
});

test('prod keeps what it has, and wants somebody to hear its alarms', () => {
  expect(() => configOf('prod', {})).toThrow(
    'prod.alarmTopicArn is missing: say which SNS topic is to hear the alarms of this stage.',
  );
  expect(configOf('prod', topic)).toMatchObject({
    keepData: true,
    terminationProtection: true,
    pointInTimeRecovery: true,
    logRetentionDays: 365,
  });
});

test('own values are laid over the defaults, member by member', () => {
  const config = configOf('dev', {
    quotas: { runningModels: 7 },
    throttles: { detect: { rate: 1000, burst: 2000 } },
    buckets: ['cameras'],
  });
  expect(config.quotas).toEqual({
    projects: 100,
    modelsPerProject: 100,
    runningModels: 7,
    unitsPerModel: 5,
    concurrentTrainings: 2,
    concurrentPackagingJobs: 3,
  });
  expect(config.throttles).toMatchObject({
    read: { rate: 50, burst: 100 },
    detect: { rate: 1000, burst: 2000 },
  });
  expect(config.buckets).toEqual(['cameras']);
});

test('a synthesis has the stages that are named, or else those of the file, or else dev', () => {
  const written = (stages: object): string => {
    const path = join(mkdtempSync(join(tmpdir(), 'crowsnest-config-')), 'crowsnest.config.json');
    writeFileSync(path, JSON.stringify(stages));
    return path;
  };
  const both = written({ prod: topic, dev: {} });
  const names = (stages: unknown, file: string): string[] =>
    readStages(stages, file).map(({ stage }) => stage);
  expect(names(undefined, both)).toEqual(['dev', 'prod']);
  expect(names(undefined, written({}))).toEqual(['dev']);
  expect(names('prod', both)).toEqual(['prod']);
  expect(names('prod,dev', both)).toEqual(['prod', 'dev']);
  expect(() => readStages('dev,dev', both)).toThrow('The stage dev is named twice.');
  expect(() => readStages('dev,moon', both)).toThrow('Say which stage: -c stage=dev|staging|prod.');
  expect(() => readStages('', both)).toThrow('Say which stage: -c stage=dev|staging|prod.');
  const mixed = written({ dev: {}, prod: { ...topic, lambda: { architecture: 'arm64' } } });
  expect(() => readStages(undefined, mixed)).toThrow(/^prod\.lambda\.architecture must be that of dev: /);
  expect(names('prod', mixed)).toEqual(['prod']);
});

test.each([
  [{ instancetype: 'ml.c5.large' }, /^dev knows account, .*; not "instancetype"\.$/],
  [
    { instanceType: 'c5.large' },
    'dev.instanceType must be an instance type such as ml.c5.2xlarge; it is "c5.large".',
  ],
  [
    { quotas: { models: 3 } },
    'dev.quotas knows projects, modelsPerProject, runningModels, unitsPerModel, concurrentTrainings, concurrentPackagingJobs; not "models".',
  ],
  [
    { quotas: { runningModels: 1.5 } },
    'dev.quotas.runningModels must be a whole number from 0 to 10000; it is 1.5.',
  ],
  [{ throttles: { read: { rate: 5 } } }, 'dev.throttles.read.burst is missing.'],
  [{ buckets: ['cameras', 'Bad_Name'] }, 'dev.buckets[1] must be the name of a bucket; it is "Bad_Name".'],
  [{ tags: { team: 5 } }, 'dev.tags.team must be a text; it is 5.'],
  [{ extensions: 'yes' }, 'dev.extensions must be one of true, false; it is "yes".'],
  [{ instanceType: null }, 'dev.instanceType must be an instance type such as ml.c5.2xlarge; it is null.'],
  [
    { lambda: { units: 'spot', unitSeconds: 30 } },
    'dev.lambda.units must be one of onDemand, provisioned; it is "spot".\n' +
      'dev.lambda.unitSeconds must be a whole number from 3 to 12; it is 30.',
  ],
  [{ domain: { name: 'l4v.example.com' } }, 'dev.domain.certificateArn is missing.'],
  [{ buckets: 'cameras' }, 'dev.buckets must be a list of names of buckets; it is "cameras".'],
  [
    { tags: { 'crowsnest:stage': 'mine' } },
    'dev.tags must be an object of texts whose names do not begin with aws: or crowsnest:; it is {"crowsnest:stage":"mine"}.',
  ],
  [{ logRetentionDays: 10 }, /^dev\.logRetentionDays must be one of 1, 3, 5, 7, 14, /],
  [
    { endpoint: 'private' },
    'dev.vpcEndpointIds is missing: a private endpoint can be reached only through interface endpoints that are listed there.',
  ],
  [
    { region: 'eu-west-1' },
    'dev.account is missing: account and region go together, or neither is given and the CLI says where to deploy.',
  ],
  [{ __proto__: null, constructor: 'x' }, /not "constructor"\.$/],
  [[], 'dev must be an object; it is [].'],
])('%j is refused', (own, message) => expect(() => configOf('dev', own)).toThrow(message));

function file(content: string): string {
  const path = join(mkdtempSync(join(tmpdir(), 'crowsnest-config-')), 'stages.json');
  writeFileSync(path, content);
  return path;
}

test('a file has a member for each stage, and no other', () => {
  expect(readConfig('prod', file(JSON.stringify({ prod: topic }))).config.alarmTopicArn).toBe(
    topic.alarmTopicArn,
  );
  expect(readConfig('dev', file(JSON.stringify({ prod: topic }))).config.alarmTopicArn).toBeUndefined();
  expect(() => readConfig('dev', file('{"production":{}}'))).toThrow(
    /knows the stages dev, staging, prod, not "production"\.$/,
  );
  expect(() => readConfig('dev', file('{'))).toThrow(/cannot be read as JSON/);
  expect(() => readConfig('dev', '/nowhere/stages.json')).toThrow(/cannot be read as JSON/);
  expect(() => readConfig(undefined)).toThrow('Say which stage: -c stage=dev|staging|prod.');
});
