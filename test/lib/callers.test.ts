import { describe, expect, test } from '@jest/globals';
import { operationNames, operations, type OperationName } from '../../lambdas/contract/operations.ts';
import { flat, synthesise } from './template.ts';

const dev = synthesise('dev');
const domain = synthesise('staging', {
  domain: {
    name: 'l4v.example.com',
    certificateArn: 'arn:aws:acm:eu-west-1:111122223333:certificate/1',
    basePath: 'prod',
  },
});

interface Statement {
  readonly Effect: string;
  readonly Action: unknown;
  readonly Resource: unknown;
}
const policies = new Map(
  dev
    .ofType('AWS::IAM::ManagedPolicy')
    .map(([id, { Properties }]) => [
      id.replace(/^Callers|[0-9A-F]{8}$/g, ''),
      (Properties as unknown as { PolicyDocument: { Statement: Statement[] } }).PolicyDocument.Statement,
    ]),
);

/** As IAM reads a resource: `*` stands for any letters, slashes too. */
const fits = (pattern: string, arn: string): boolean =>
  new RegExp(`^${pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`).test(arn);

/** A call as the gateway names it, of a project, a version, a job or a model's ARN. */
function callOf(name: OperationName): string {
  const { method, path } = operations[name];
  const values: Readonly<Record<string, string>> = {
    projectName: 'lids',
    modelVersion: '3',
    datasetType: 'train',
    jobName: 'job',
    resourceArn: 'arn:aws:lookoutvision:eu-west-1:111122223333:model/lids/3',
  };
  const filled = path.replace(/\{(\w+)\}/g, (_, label: string) => values[label] ?? 'x');
  return `arn:aws:execute-api:eu-west-1:111122223333:<ApiRest>/<ApiRestDeploymentStagedev>/${method}${filled}`;
}

function mayCall(caller: string): OperationName[] {
  const statements = policies.get(caller) ?? [];
  const resources = statements.flatMap(({ Effect, Action, Resource }) => {
    expect([Effect, Action]).toEqual(['Allow', 'execute-api:Invoke']);
    return [Resource].flat().map(flat);
  });
  return operationNames.filter((name) => resources.some((resource) => fits(resource, callOf(name))));
}

describe('the ready policies', () => {
  const reading = operationNames.filter((name) => operations[name].profile === 'read');

  test.each([
    ['admin', [...operationNames]],
    [
      'operator',
      operationNames.filter((name) =>
        [
          ...reading,
          'StartModel',
          'StopModel',
          'StopAllModels',
          'StopProjectModels',
          'DetectAnomalies',
        ].includes(name),
      ),
    ],
    [
      'line',
      // IAM's wildcard for a version takes slashes too: who may describe a model may read what is told
      // below it.
      operationNames.filter((name) =>
        ['DetectAnomalies', 'DescribeModel', 'ListRuns', 'DescribeRun', 'GetModelHostingPolicy'].includes(
          name,
        ),
      ),
    ],
    ['readOnly', reading],
  ])('%s may call what it is for, and nothing else', (caller, wanted) => {
    expect(mayCall(caller)).toEqual(wanted);
  });

  test('are of a length that IAM takes', () => {
    // IAM counts what the references become: 6,144 letters at most, without white space.
    for (const statements of policies.values()) {
      const document = {
        Version: '2012-10-17',
        Statement: statements.map((each) => ({ ...each, Resource: [each.Resource].flat().map(flat) })),
      };
      expect(JSON.stringify(document).length).toBeLessThan(6144);
    }
  });

  test('there are these, and no others', () => {
    expect([...policies.keys()].sort()).toEqual(['admin', 'line', 'operator', 'readOnly']);
  });
});

test('parameters lead to the endpoint, the ids and the policies', () => {
  const told = (stack: typeof dev): Record<string, string> =>
    Object.fromEntries(
      stack.ofType('AWS::SSM::Parameter').map(([, { Properties }]) => {
        const { Name, Value } = Properties as unknown as { Name: string; Value: unknown };
        return [Name, flat(Value)];
      }),
    );
  expect(Object.keys(told(dev)).sort()).toEqual([
    '/crowsnest/dev/apiId',
    '/crowsnest/dev/artifactBucket',
    '/crowsnest/dev/endpoint',
    '/crowsnest/dev/policies/admin',
    '/crowsnest/dev/policies/line',
    '/crowsnest/dev/policies/operator',
    '/crowsnest/dev/policies/readOnly',
    '/crowsnest/dev/tableName',
  ]);
  expect(told(dev)['/crowsnest/dev/endpoint']).toBe(
    'https://<ApiRest>.execute-api.<AWS::Region>.<AWS::URLSuffix>/dev',
  );
  expect(told(domain)['/crowsnest/staging/endpoint']).toBe('https://l4v.example.com/prod');
});
