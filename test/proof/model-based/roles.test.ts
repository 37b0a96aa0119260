import { expect, test } from '@jest/globals';
import { startDatabase } from '../../../lambdas/local/database.ts';
import { documentClient } from '../../../lambdas/local/table-client.ts';
import { Policies, type Wish } from '../../helpers/account/policies.ts';
import { account, region, Resolver } from '../../helpers/account/template.ts';
import { lambdaWishes, scalingWishes } from '../../helpers/account/wishes.ts';
import { synthesise } from '../../lib/template.ts';
import { lambdaLives, live } from './crash-points.ts';
import { LambdaOutside, type AwsCall } from './lambda-outside.ts';

// What the stack's own test makes of whole functions, for every way that the lives of the crash points go: each call
// of the engine, the importer and the trainer is held against the policies of a stage that has no SageMaker.

const stack = synthesise('dev', {
  account,
  region,
  buckets: ['models', 'manifests', 'results', 'photos'],
  lambda: { units: 'provisioned' },
});
const resolver = new Resolver(stack);
const named = (type: string, beginning: string): string =>
  resolver.text({ Ref: stack.ofType(type).find(([id]) => id.startsWith(beginning))?.[0] ?? beginning });

/** What the history calls by a short name, by its name in the template. */
const own: Readonly<Record<string, string>> = {
  artifacts: named('AWS::S3::Bucket', 'ObjectsArtifacts'),
  admission: named('AWS::Lambda::Function', 'UnitsAdmission'),
  trainer: named('AWS::Lambda::Function', 'UnitsTrainerhandler'),
  'arn:aws:iam::123456789012:role/units': `arn:aws:iam::${account}:role/${named('AWS::IAM::Role', 'UnitsRole')}`,
  'arn:aws:lambda:eu-west-1:123456789012:layer:libraries:1': named(
    'AWS::Lambda::LayerVersion',
    'UnitsLibraries',
  ),
};
const inStack = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(inStack);
  if (typeof value !== 'string') return value;
  // The history's stage is another one.
  return own[value] ?? value.replace(/\bcn-test-/, 'cn-dev-');
};

function wishesOf({ service, operation, input: raw }: AwsCall): readonly Wish[] {
  const input = Object.fromEntries(Object.entries(raw).map(([key, value]) => [key, inStack(value)]));
  switch (service) {
    case 's3':
      return [
        {
          action: `s3:${operation}`,
          resource: `arn:aws:s3:::${String(input['bucket'])}${input['key'] === '' ? '' : `/${String(input['key'])}`}`,
        },
      ];
    case 'scaling':
      return scalingWishes(operation, input);
    case 'lambda': {
      const arn = typeof input['Resource'] === 'string' ? input['Resource'] : '';
      return lambdaWishes(operation, arn.split(':function:').at(-1) ?? '', input);
    }
  }
}

/** Which role carries out what. The roles of the machines may call no others (test/lib/permissions.test.ts). */
const roles: readonly (readonly [what: RegExp, role: string])[] = [
  [/^DetectAnomalies$/, 'DetectRole'],
  [/^(Describe|List)/, 'ReadRole'],
  [/^[A-Z]/, 'WriteRole'],
  [/^hosting (Provision|ObserveHosting|MarkHosted)$/, 'TasksProvisionRole'],
  [/^hosting (Release|ObserveRelease)$/, 'TasksReleaseRole'],
  [/^(hosting Erase|importing)/, 'TasksImportingRole'],
  [/^(hosting|training MarkTrainingFailed)/, 'TasksRowsRole'],
  [/^training ./, 'TasksTrainingRole'],
  [/^datasets/, 'TasksDatasetsRole'],
  [/^packaging/, 'TasksPackagingRole'],
  [/^sweep$/, 'WatchSweepRole'],
  [/^training$/, 'UnitsTrainerRole'],
];

test('every call of AWS is allowed by the policies of whoever makes it, and by nobody who is not to', async () => {
  const database = await startDatabase(undefined, { register: () => undefined, unregister: () => undefined });
  const client = documentClient(database);
  const policies = new Policies(stack, resolver);
  const made = new Set<string>();
  try {
    for (const life of lambdaLives)
      for (const point of [undefined, { at: 9, way: 'before' }, { at: 14, way: 'after' }] as const)
        await live(client, life, point, (world) => {
          const { outside } = world;
          if (!(outside instanceof LambdaOutside)) throw new Error('this life is not one of Lambda');
          outside.called = (actor, call) => {
            const what = world.carriesOut(actor);
            const [, role = what] = roles.find(([pattern]) => pattern.test(what)) ?? [];
            made.add(`${role} ${call.operation}`);
            policies.allow(role, wishesOf(call));
          };
        });
  } finally {
    client.destroy();
    await database.close();
  }
  expect([...new Set(policies.refused)]).toEqual([]);
  for (const call of [
    'TasksProvisionRole CreateFunction',
    'TasksProvisionRole PutFunctionConcurrency',
    'TasksProvisionRole PutProvisionedConcurrencyConfig',
    'TasksProvisionRole TagResource',
    'TasksProvisionRole PutScalingPolicy',
    'TasksReleaseRole DeleteFunction',
    'TasksReleaseRole DeregisterScalableTarget',
    'TasksImportingRole Invoke',
    'TasksTrainingRole Invoke',
    'UnitsTrainerRole PutObject',
  ])
    expect(made).toContain(call);
  // The check is one: what another role may, this one may not.
  expect(
    policies.allow(
      'TasksReleaseRole',
      wishesOf({
        service: 'lambda',
        operation: 'CreateFunction',
        input: { FunctionName: 'cn-dev-x' },
      }),
    ),
  ).toBe(false);
}, 300_000);
