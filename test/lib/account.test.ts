import { expect, test } from '@jest/globals';
import { operationNames } from '../../lambdas/contract/operations.ts';
import { BadConfig } from '../../lib/config/read-config.ts';
import { waitOf } from '../../lambdas/workflows/context.ts';
import { flat, synthesise, type Resource } from './template.ts';

// What a real account would say, and no synthesis does. Each of these was read in AWS's documentation.

const dev = synthesise('dev');
const prod = synthesise('prod');
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- a cast, said once
const properties = <T>([, { Properties }]: [string, Resource]): T => Properties as unknown as T;

test('a deployment that never came to its end leaves nothing that is in the way of the next', () => {
  const policies = Object.values(prod.resources).map(({ DeletionPolicy }) => DeletionPolicy);
  // Retain alone keeps what a rolled-back deployment made: versions of the same code, logs of the same name.
  expect(policies.filter((policy) => policy === 'RetainExceptOnCreate').length).toBeGreaterThan(20);
  const kept = Object.entries(prod.resources).filter(([, { DeletionPolicy }]) => DeletionPolicy === 'Retain');
  // Of the whole account and region, and the CDK's own: its role writes the logs of other APIs too.
  expect([...new Set(kept.map(([, { Type }]) => Type))].sort()).toEqual([
    'AWS::ApiGateway::Account',
    'AWS::IAM::Role',
  ]);
});

test('prod reserves executions for detections and for the sweep; a new account has none to spare', () => {
  const reserved = (stack: typeof dev): [string, number][] =>
    stack
      .ofType('AWS::Lambda::Function')
      .map(([id, { Properties }]): [string, number] => [
        id.replace(/[0-9A-F]{8}$/, ''),
        (Properties as { ReservedConcurrentExecutions?: number }).ReservedConcurrentExecutions ?? 0,
      ])
      .filter(([, count]) => count > 0);
  expect(reserved(dev)).toEqual([]);
  expect(reserved(prod)).toEqual([
    ['Detecthandler', 200],
    ['WatchSweephandler', 2],
  ]);
  const alarms = prod
    .ofType('AWS::CloudWatch::Alarm')
    .map(properties<{ Namespace: string; MetricName: string }>);
  expect(alarms).toContainEqual(
    expect.objectContaining({ Namespace: 'AWS/Lambda', MetricName: 'Throttles' }),
  );
});

test('the gateway is told no header that it sends itself', () => {
  const headers = dev
    .ofType('AWS::ApiGateway::GatewayResponse')
    .map(properties<{ ResponseParameters: Record<string, string> }>)
    .flatMap(({ ResponseParameters }) => Object.keys(ResponseParameters));
  expect([...new Set(headers)].sort()).toEqual([
    'gatewayresponse.header.Retry-After',
    'gatewayresponse.header.x-amzn-ErrorType',
  ]);
});

test('every method logs its errors and counts, and a request is logged with its path', () => {
  const [stage] = dev.ofType('AWS::ApiGateway::Stage').map(
    properties<{
      MethodSettings: { LoggingLevel: string; MetricsEnabled: boolean; DataTraceEnabled: boolean }[];
      AccessLogSetting: { Format: string };
    }>,
  );
  expect(stage?.MethodSettings).toHaveLength(operationNames.length + 1);
  for (const { LoggingLevel, MetricsEnabled, DataTraceEnabled } of stage?.MethodSettings.slice(1) ?? [])
    expect([LoggingLevel, MetricsEnabled, DataTraceEnabled]).toEqual(['ERROR', true, false]);
  expect(stage?.AccessLogSetting.Format).toContain('"path":"$context.path"');
});

test('the one endpoint among the outputs is the one that answers', () => {
  const domain = {
    name: 'vision.example.com',
    certificateArn: 'arn:aws:acm:eu-west-1:111122223333:certificate/1',
  };
  for (const own of [{}, { domain }]) {
    const endpoints = Object.entries(synthesise('dev', own).outputs).filter(([, { Value }]) =>
      flat(Value).startsWith('https://'),
    );
    expect(endpoints.map(([id]) => id)).toEqual(['Endpoint']);
  }
});

test("logs of executions are where Step Functions may write without the account's resource policy", () => {
  const names = dev
    .ofType('AWS::StepFunctions::StateMachine')
    .map(
      properties<{
        LoggingConfiguration?: {
          Destinations: { CloudWatchLogsLogGroup: { LogGroupArn: { 'Fn::GetAtt': [string, string] } } }[];
        };
      }>,
    )
    .flatMap(({ LoggingConfiguration }) => LoggingConfiguration?.Destinations ?? [])
    .map(({ CloudWatchLogsLogGroup }) => CloudWatchLogsLogGroup.LogGroupArn['Fn::GetAtt'][0])
    .map((id) => flat(dev.resources[id]?.Properties['LogGroupName']));
  expect(names.length).toBeGreaterThanOrEqual(5);
  for (const name of names) expect(name).toMatch(/^\/aws\/vendedlogs\/states\/Crowsnest-dev-[a-z]+-/);
});

test('parts of broken-off uploads do not stay in the bucket', () =>
  expect(
    dev.ofType('AWS::S3::Bucket').map(properties<{ LifecycleConfiguration: { Rules: object[] } }>)[0]
      ?.LifecycleConfiguration.Rules,
  ).toEqual([{ AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 }, Status: 'Enabled' }]));

test('lists that a function cannot be told are refused in one sentence, before anything is deployed', () => {
  const buckets = Array.from(
    { length: 60 },
    (_, index) => `${'b'.repeat(58)}-${String(index).padStart(3, '0')}`,
  );
  const refused = (): unknown => synthesise('dev', { buckets });
  expect(refused).toThrow(BadConfig);
  expect(refused).toThrow(
    /^buckets, images, modelPackages, quotas and tags together take \d+ bytes of the 4096 .* most of it in BUCKETS: name fewer/,
  );
});

test('the longest operation that a workflow allows stays within the events of a history', () => {
  // a wait, a task and a choice, entered and left, and what is scheduled, started and answered in between
  const eventsOfLook = 10;
  let seconds = 0;
  let round = 0;
  for (; seconds < 48 * 3600; round += 1) seconds += waitOf(round);
  expect(round * eventsOfLook).toBeLessThan(25_000);
});
