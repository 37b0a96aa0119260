import { resolve } from 'node:path';
import { expect, test } from '@jest/globals';
import { localEnvironment } from '../../lambdas/local/environment.ts';

const key = { accessKeyId: 'AK', secretAccessKey: 'hush' };
const keys = (...list: unknown[]): { CROWSNEST_KEYS: string } => ({ CROWSNEST_KEYS: JSON.stringify(list) });

test('told nothing, or nothing but empty texts, it is a laptop that nobody else can reach', () => {
  const told = localEnvironment({});
  expect(told).toMatchObject({
    host: '127.0.0.1',
    port: 8080,
    dataDir: resolve('data'),
    keys: [],
    region: 'us-east-1',
    extensions: true,
    limits: { picture: 8_388_608 },
    quotas: {
      projects: 100,
      modelsPerProject: 100,
      runningModels: 2,
      unitsPerModel: 5,
      concurrentTrainings: 2,
      concurrentPackagingJobs: 3,
    },
  });
  expect(told).not.toHaveProperty('dynamodbEndpoint');
  const names = [
    'HOST',
    'PORT',
    'DATA_DIR',
    'CROWSNEST_KEYS',
    'DYNAMODB_ENDPOINT',
    'LIMITS',
    'QUOTAS',
    'AWS_REGION',
    'EXTENSIONS',
    'PRICES',
    'HOSTING_POLICY',
  ];
  expect(localEnvironment(Object.fromEntries(names.map((name) => [name, ''])))).toEqual(told);
});

test('what it is told it takes', () => {
  expect(
    localEnvironment({
      HOST: '0.0.0.0',
      PORT: '0',
      DATA_DIR: '/tmp/d',
      ...keys(
        { ...key, name: 'line', actions: ['Describe*'], projects: ['p'], buckets: ['b-*'] },
        { ...key, accessKeyId: 'AK2' },
      ),
      DYNAMODB_ENDPOINT: 'http://127.0.0.1:8000',
      LIMITS: 'aws',
      QUOTAS: '{"runningModels":7}',
      AWS_REGION: 'eu-central-1',
      EXTENSIONS: 'off',
      HOSTING_POLICY: '{"MaxRunMinutes":480}',
      PRICES: '{"process":0.02,"currency":"EUR"}',
    }),
  ).toEqual({
    host: '0.0.0.0',
    port: 0,
    dataDir: '/tmp/d',
    dynamodbEndpoint: 'http://127.0.0.1:8000',
    region: 'eu-central-1',
    extensions: false,
    hostingPolicy: { MaxRunMinutes: 480 },
    rates: { currency: 'EUR', onnx: { engine: 'process', unit: 'process', perHour: 0.02 } },
    keys: [
      { ...key, name: 'line', actions: ['Describe*'], projects: ['p'], buckets: ['b-*'] },
      {
        ...key,
        accessKeyId: 'AK2',
        name: 'AK2',
        actions: ['*'],
        projects: ['*'],
        buckets: ['crowsnest-samples'],
      },
    ],
    limits: {
      picture: 4_400_000,
      body: 6_000_000,
      changes: 4_400_000,
      images: { train: 16_000, test: 4000 },
    },
    quotas: {
      projects: 100,
      modelsPerProject: 100,
      runningModels: 7,
      unitsPerModel: 5,
      concurrentTrainings: 2,
      concurrentPackagingJobs: 3,
    },
  });
});

test.each([
  [
    { HOST: '0.0.0.0' },
    'HOST is 0.0.0.0, which others can reach. Set CROWSNEST_KEYS, so that they must sign, or leave HOST unset.',
  ],
  [{ HOST: '::' }, /^HOST is ::, which others can reach/],
  [{ PORT: 'http' }, 'PORT must be a whole number from 0 to 65535; it is "http".'],
  [{ PORT: '65536' }, /^PORT must be/],
  [{ PORT: ' ' }, /^PORT must be/],
  [{ PORT: '0x50' }, /^PORT must be/],
  [{ LIMITS: 'none' }, 'LIMITS must be one of local, aws; it is "none".'],
  [{ LIMITS: 'constructor' }, /^LIMITS must be one of/],
  [{ EXTENSIONS: 'yes' }, 'EXTENSIONS must be one of on, off; it is "yes".'],
  [
    { DYNAMODB_ENDPOINT: 'localhost:8000' },
    'DYNAMODB_ENDPOINT must be a URL, http://127.0.0.1:8000 for example; it is "localhost:8000".',
  ],
  [{ AWS_REGION: 'Frankfurt am Main' }, /^AWS_REGION must be the name of a region/],
  [{ QUOTAS: 'three' }, 'QUOTAS must be JSON.'],
  [{ QUOTAS: 'null' }, 'QUOTAS must be a JSON object, {"runningModels": 3} for example.'],
  [{ QUOTAS: '[3]' }, /^QUOTAS must be a JSON object/],
  [
    { QUOTAS: '{"models":3}' },
    'QUOTAS knows projects, modelsPerProject, runningModels, unitsPerModel, concurrentTrainings, concurrentPackagingJobs; not "models".',
  ],
  [
    { QUOTAS: '{"runningModels":0}' },
    'QUOTAS.runningModels must be a whole number from 1 to 1000000; it is 0.',
  ],
  [
    { QUOTAS: '{"runningModels":"3"}' },
    'QUOTAS.runningModels must be a whole number from 1 to 1000000; it is "3".',
  ],
  [{ CROWSNEST_KEYS: '{hush}' }, 'CROWSNEST_KEYS must be JSON.'],
  [
    { CROWSNEST_KEYS: '[]' },
    'CROWSNEST_KEYS must be a JSON list of at least one key. Leave it unset if nobody is to sign.',
  ],
  [{ CROWSNEST_KEYS: JSON.stringify(key) }, /^CROWSNEST_KEYS must be a JSON list/],
  [keys(null), 'CROWSNEST_KEYS[0] must be an object.'],
  [keys({}), 'CROWSNEST_KEYS[0].accessKeyId must be a text.'],
  [keys(key, { ...key, secretAccessKey: 5 }), 'CROWSNEST_KEYS[1].secretAccessKey must be a text.'],
  [keys(key, key), 'CROWSNEST_KEYS has the accessKeyId AK twice.'],
  [
    keys({ ...key, accessKeyId: 'A/K' }),
    'CROWSNEST_KEYS[0].accessKeyId must be without spaces, commas and slashes: a signature could not name it.',
  ],
  [keys({ ...key, actions: 'StartModel' }), 'CROWSNEST_KEYS[0].actions must be a list of texts.'],
  [
    keys({ ...key, project: ['p'] }),
    /^CROWSNEST_KEYS\[0\] has project, which is not known; a key has accessKeyId, secretAccessKey, name, actions, projects, buckets\.$/,
  ],
  [
    keys({ ...key, actions: ['Describe*', 'StratModel'] }),
    'CROWSNEST_KEYS[0].actions has "StratModel", which is no operation\'s name, and fits none.',
  ],
])('%j is refused in one sentence, without the secret', (variables, message) => {
  const parse = (): unknown => localEnvironment(variables);
  expect(parse).toThrow(message);
  expect(parse).not.toThrow(/hush/);
});

test.each([
  'cheap',
  '[]',
  '{}',
  '{"process":-1}',
  '{"process":1,"currency":"euro"}',
  '{"process":1,"gpu":2}',
])('PRICES of %s is refused, and the message says what is right', (PRICES) => {
  expect(() => localEnvironment({ PRICES })).toThrow(/^PRICES(\.\w+)? must be /);
});

test.each(['8h', '[]', '{"MaxRunMinutes":1.5}', '{"MaxRunHours":8}'])(
  'HOSTING_POLICY of %s is refused, and the message says what is right',
  (HOSTING_POLICY) => {
    expect(() => localEnvironment({ HOSTING_POLICY })).toThrow(/^HOSTING_POLICY(\.\w+)? must be /);
  },
);
