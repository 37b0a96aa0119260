import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { environments, type FunctionKind } from '../../lambdas/contract/environments.ts';
import { events, type EventRow } from '../../lambdas/contract/events.ts';
import { operationNames, operations } from '../../lambdas/contract/operations.ts';
import { alarmTopicArn, flat, synthesise, unhashed, type Resource, type Synthesised } from './template.ts';

const stages = { dev: synthesise('dev'), staging: synthesise('staging'), prod: synthesise('prod') };
const { dev, prod } = stages;
const confined = synthesise('staging', {
  endpoint: 'private',
  vpcEndpointIds: ['vpce-0123456789abcdef0'],
  callerAccounts: ['444455556666'],
  rolePath: '/service/',
  restoredTable: 'restored-rows',
  permissionsBoundaryArn: 'arn:aws:iam::111122223333:policy/boundary',
  gatewayLogRole: false,
  reservedConcurrency: { detect: 20 },
  tags: { team: 'vision' },
});

type Properties = Readonly<Record<string, unknown>>;
const only = (stack: Synthesised, type: string): [string, Resource] => {
  const found = stack.ofType(type);
  expect(found).toHaveLength(1);
  return found[0] as [string, Resource];
};
const propertiesOf = (stack: Synthesised, type: string): Properties => only(stack, type)[1].Properties;

/** The path of a method's resource, put together from its parents. */
function pathOf(stack: Synthesised, id: string): string {
  const { ParentId, PathPart } = (stack.resources[id]?.Properties ?? {}) as {
    ParentId?: { Ref?: string };
    PathPart?: string;
  };
  return PathPart === undefined ? '' : `${pathOf(stack, ParentId?.Ref ?? '')}/${PathPart}`;
}

interface Method {
  readonly HttpMethod: string;
  readonly OperationName: string;
  readonly AuthorizationType: string;
  readonly ResourceId: { readonly Ref: string };
  readonly Integration: { readonly Uri: unknown };
}
const methodsOf = (stack: Synthesised): Method[] =>
  stack.ofType('AWS::ApiGateway::Method').map(([, { Properties }]) => Properties as unknown as Method);

describe('the API', () => {
  test('has a signed route for each operation of the contract, to the function of its profile, and no other', () => {
    const routes = methodsOf(dev).map(({ HttpMethod, OperationName, ResourceId, Integration }) => {
      const [, profile = ''] = /<(\w+)handler\.Arn>/.exec(flat(Integration.Uri)) ?? [];
      return `${OperationName}: ${HttpMethod} ${pathOf(dev, ResourceId.Ref)} -> ${profile.toLowerCase()}`;
    });
    const wanted = operationNames
      .map((name) => ({ name, ...operations[name] }))
      .map(
        ({ name, method, path, profile }) =>
          `${name}: ${method} ${path.replace('{resourceArn}', '{resourceArn+}')} -> ${profile}`,
      );
    expect(routes.sort()).toEqual(wanted.sort());
    expect(new Set(methodsOf(dev).map((method) => method.AuthorizationType))).toEqual(new Set(['AWS_IAM']));
  });

  test('takes pictures as bytes and nothing else', () =>
    expect(propertiesOf(dev, 'AWS::ApiGateway::RestApi')['BinaryMediaTypes']).toEqual([
      'image/jpeg',
      'image/png',
    ]));

  test("tells every refusal of its own in the service's shape; an unsigned or unknown call stays 403", () => {
    const replies = Object.fromEntries(
      dev.ofType('AWS::ApiGateway::GatewayResponse').map(([, { Properties }]) => {
        const { ResponseType, StatusCode, ResponseParameters, ResponseTemplates } = Properties as unknown as {
          ResponseType: string;
          StatusCode: string;
          ResponseParameters: Record<string, string>;
          ResponseTemplates: Record<string, string>;
        };
        const body = JSON.parse(
          ResponseTemplates['application/json']?.replace('$context.error.messageString', '"words"') ?? '',
        ) as { __type: string; Message: string };
        const type = ResponseParameters['gatewayresponse.header.x-amzn-ErrorType'];
        expect(`'${body.__type.split('#')[1] ?? ''}'`).toBe(type);
        expect(body.Message).not.toBe('');
        return [
          ResponseType,
          `${StatusCode} ${type?.slice(1, -1) ?? ''}${'gatewayresponse.header.Retry-After' in ResponseParameters ? ' retry' : ''}`,
        ];
      }),
    );
    const internal = '500 InternalServerException';
    expect(replies).toEqual({
      ACCESS_DENIED: '403 AccessDeniedException',
      EXPIRED_TOKEN: '403 AccessDeniedException',
      INVALID_API_KEY: '403 AccessDeniedException',
      INVALID_SIGNATURE: '403 AccessDeniedException',
      MISSING_AUTHENTICATION_TOKEN: '403 AccessDeniedException',
      UNAUTHORIZED: '403 AccessDeniedException',
      WAF_FILTERED: '403 AccessDeniedException',
      BAD_REQUEST_BODY: '400 ValidationException',
      BAD_REQUEST_PARAMETERS: '400 ValidationException',
      REQUEST_TOO_LARGE: '400 ValidationException',
      UNSUPPORTED_MEDIA_TYPE: '400 ValidationException',
      DEFAULT_4XX: '400 ValidationException',
      RESOURCE_NOT_FOUND: '404 ResourceNotFoundException',
      THROTTLED: '429 ThrottlingException retry',
      QUOTA_EXCEEDED: '429 ThrottlingException retry',
      API_CONFIGURATION_ERROR: internal,
      AUTHORIZER_CONFIGURATION_ERROR: internal,
      AUTHORIZER_FAILURE: internal,
      INTEGRATION_FAILURE: internal,
      INTEGRATION_TIMEOUT: internal,
      DEFAULT_5XX: internal,
    });
  });

  test('throttles each method by its group, and writes down who asked what, but no body', () => {
    const { MethodSettings, AccessLogSetting } = propertiesOf(dev, 'AWS::ApiGateway::Stage') as unknown as {
      MethodSettings: {
        HttpMethod: string;
        ResourcePath: string;
        ThrottlingRateLimit?: number;
        DataTraceEnabled?: boolean;
      }[];
      AccessLogSetting: { Format: string };
    };
    const limits = Object.fromEntries(
      MethodSettings.map(({ HttpMethod, ResourcePath, ThrottlingRateLimit }) => [
        `${HttpMethod} ${ResourcePath.slice(1).replaceAll('~1', '/')}`,
        ThrottlingRateLimit,
      ]),
    );
    expect(limits['POST /2020-11-20/projects/{projectName}/models/{modelVersion}/start']).toBe(10);
    expect(limits['POST /2020-11-20/projects/{projectName}/models/{modelVersion}/detect']).toBe(20);
    expect(limits['GET /2020-11-20/tags/{resourceArn+}']).toBe(50);
    expect(Object.keys(limits)).toHaveLength(operationNames.length + 1);
    expect(MethodSettings.filter(({ DataTraceEnabled }) => DataTraceEnabled === true)).toEqual([]);
    expect(AccessLogSetting.Format).toContain('$context.identity.userArn');
    expect(AccessLogSetting.Format).not.toMatch(/body|input|authorization/i);
  });

  test('private: its policy only denies, but for accounts that are named, so that IAM still decides', () => {
    const { EndpointConfiguration, Policy } = propertiesOf(
      confined,
      'AWS::ApiGateway::RestApi',
    ) as unknown as { EndpointConfiguration: object; Policy: { Statement: object[] } };
    expect(EndpointConfiguration).toEqual({ Types: ['PRIVATE'], VpcEndpointIds: ['vpce-0123456789abcdef0'] });
    expect(Policy.Statement).toEqual([
      {
        Effect: 'Deny',
        Action: 'execute-api:Invoke',
        Principal: { AWS: '*' },
        Resource: 'execute-api:/*',
        Condition: { StringNotEquals: { 'aws:SourceVpce': ['vpce-0123456789abcdef0'] } },
      },
      {
        Effect: 'Allow',
        Action: 'execute-api:Invoke',
        Principal: { AWS: expect.anything() },
        Resource: 'execute-api:/*',
      },
    ]);
    expect('Policy' in propertiesOf(dev, 'AWS::ApiGateway::RestApi')).toBe(false);
    expect(confined.ofType('AWS::ApiGateway::Account')).toEqual([]);
  });
});

describe('what each stage keeps', () => {
  test.each([
    [
      'dev',
      { recovery: false, protected: false, policy: 'Delete', days: 14, logs: 'Delete', termination: false },
    ],
    [
      'staging',
      { recovery: true, protected: false, policy: 'Delete', days: 30, logs: 'Delete', termination: false },
    ],
    [
      'prod',
      {
        recovery: true,
        protected: true,
        policy: 'RetainExceptOnCreate',
        days: 365,
        logs: 'RetainExceptOnCreate',
        termination: true,
      },
    ],
  ] as [
    'dev' | 'staging' | 'prod',
    {
      recovery: boolean;
      protected: boolean;
      policy: string;
      days: number;
      logs: string;
      termination: boolean;
    },
  ][])('%s', (name, wanted) => {
    const stack = stages[name];
    const [, table] = only(stack, 'AWS::DynamoDB::Table');
    const {
      BillingMode,
      TimeToLiveSpecification,
      PointInTimeRecoverySpecification,
      DeletionProtectionEnabled,
      GlobalSecondaryIndexes,
      SSESpecification,
    } = table.Properties as unknown as {
      BillingMode: string;
      TimeToLiveSpecification: object;
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: boolean };
      DeletionProtectionEnabled: boolean;
      GlobalSecondaryIndexes: { IndexName: string; Projection: object }[];
      SSESpecification: { SSEEnabled: boolean };
    };
    const logs = stack.ofType('AWS::Logs::LogGroup').map(([, log]) => log);
    expect({
      recovery: PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled,
      protected: DeletionProtectionEnabled,
      policy: table.DeletionPolicy,
      days: [...new Set(logs.map(({ Properties }) => (Properties as Properties)['RetentionInDays']))].join(),
      logs: [...new Set(logs.map(({ DeletionPolicy }) => DeletionPolicy))].join(),
      termination: stack.terminationProtection,
    }).toEqual({ ...wanted, days: String(wanted.days) });
    expect([BillingMode, TimeToLiveSpecification, SSESpecification]).toEqual([
      'PAY_PER_REQUEST',
      { AttributeName: 'expiresAt', Enabled: true },
      { SSEEnabled: true },
    ]);
    expect(GlobalSecondaryIndexes).toMatchObject([
      { IndexName: 'due', Projection: { ProjectionType: 'KEYS_ONLY' } },
    ]);
    const [, bucket] = only(stack, 'AWS::S3::Bucket');
    expect(bucket).toMatchObject({
      DeletionPolicy: 'RetainExceptOnCreate',
      UpdateReplacePolicy: 'Retain',
      Properties: {
        BucketEncryption: expect.anything(),
        PublicAccessBlockConfiguration: { BlockPublicAcls: true, RestrictPublicBuckets: true },
      },
    });
  });

  test("every role is under the boundary and the path, the CDK's own too", () => {
    const roles = confined.ofType('AWS::IAM::Role').map(([, { Properties }]) => Properties as Properties);
    expect(roles.length).toBeGreaterThan(15);
    expect(
      roles.filter(
        ({ Path, PermissionsBoundary }) =>
          Path !== '/service/' || PermissionsBoundary !== 'arn:aws:iam::111122223333:policy/boundary',
      ),
    ).toEqual([]);
  });

  test("a restored table is used instead of the stack's own, which stays", () => {
    expect(confined.ofType('AWS::DynamoDB::Table')).toHaveLength(1);
    const names = functionsOf(confined).map(({ Environment: { Variables } }) => Variables['TABLE_NAME']);
    expect(new Set(names.filter((name) => name !== undefined))).toEqual(new Set(['restored-rows']));
    const [, policy] = confined.ofType('AWS::IAM::Policy').find(([id]) => id.startsWith('ReadRole')) ?? [];
    expect(
      flat(
        (
          policy?.Properties as unknown as { PolicyDocument: { Statement: { Resource: unknown }[] } }
        ).PolicyDocument.Statement.map(({ Resource }) => Resource),
      ),
    ).toContain('table/restored-rows');
  });
});

interface Fn {
  readonly Handler: string;
  readonly Runtime: string;
  readonly Architectures?: string[];
  readonly Layers?: unknown[];
  readonly Timeout: number;
  readonly Environment: { readonly Variables: Readonly<Record<string, unknown>> };
  readonly ReservedConcurrentExecutions?: number;
  readonly TracingConfig?: object;
}
/** Ours; those of the CDK's framework have another description. */
const functionsOf = (stack: Synthesised): Fn[] =>
  stack
    .ofType('AWS::Lambda::Function')
    .filter(([id]) => !id.includes('framework'))
    .map(([, { Properties }]) => Properties as unknown as Fn);

describe('engines', () => {
  test('where nothing of SageMaker is configured, the template does not know its name', () => {
    expect(JSON.stringify(dev.resources)).not.toMatch(/sagemaker/i);
  });

  test.each([
    { algorithmArn: 'arn:aws:sagemaker:eu-west-1:865070037744:algorithm/vision' },
    { modelPackages: ['arn:aws:sagemaker:eu-west-1:123456789012:model-package/vision-*'] },
    { images: ['123456789012.dkr.ecr.eu-west-1.amazonaws.com/inspection:*'] },
  ])('with %j there are both', (own) => {
    const { resources } = synthesise('dev', own);
    const roles = Object.keys(resources).map(unhashed);
    expect(roles).toEqual(
      expect.arrayContaining(['HostingExecutionRole', 'TrainingExecutionRole', 'UnitsRole']),
    );
  });

  test('dev starts units on demand, the others keep them ready', () => {
    const modeOf = (stack: Synthesised): unknown =>
      functionsOf(stack).find(({ Handler }) => Handler === 'index.Provision')?.Environment.Variables[
        'UNIT_MODE'
      ];
    expect(['dev', 'staging', 'prod'].map((name) => modeOf(stages[name as 'dev']))).toEqual([
      'onDemand',
      'provisioned',
      'provisioned',
    ]);
  });
});

describe('functions', () => {
  test("run on Node 24 on arm64, or with native libraries on x86_64, traced, sharing the account's concurrency unless told otherwise", () => {
    for (const fn of functionsOf(dev))
      expect(fn).toMatchObject({
        Runtime: 'nodejs24.x',
        Architectures: [fn.Layers === undefined ? 'arm64' : 'x86_64'],
        TracingConfig: { Mode: 'Active' },
      });
    expect(
      dev
        .ofType('AWS::Lambda::Function')
        .filter(([, { Properties }]) => 'Layers' in Properties)
        .map(([name]) => unhashed(name))
        .sort(),
    ).toEqual(['UnitsAdmissionhandler', 'UnitsTrainerhandler']);
    expect(
      functionsOf(dev).filter(
        ({ ReservedConcurrentExecutions }) => ReservedConcurrentExecutions !== undefined,
      ),
    ).toEqual([]);
    expect(
      functionsOf(confined)
        .map(({ ReservedConcurrentExecutions }) => ReservedConcurrentExecutions)
        .filter(Boolean),
    ).toEqual([20]);
  });

  test.each([
    ['Read', 'read'],
    ['Write', 'write'],
    ['Detect', 'detect'],
    ['TasksRowsClaim', 'rows'],
    ['TasksProvision', 'provision'],
    ['TasksDatasets', 'datasets'],
    ['TasksTraining', 'training'],
    ['TasksPackaging', 'packaging'],
    ['WatchSweep', 'sweep'],
    ['DrainFunctionlook', 'drain'],
    ['UnitsTrainer', 'trainer'],
    ['UnitsAdmission', 'admission'],
  ] as [string, FunctionKind][])('%s is told what its code asks for', (id, kind) => {
    const [, { Properties }] = dev.ofType('AWS::Lambda::Function').find(([each]) => each.startsWith(id)) ?? [
      '',
      { Properties: {} },
    ];
    const optional = [
      'VOLUME_KEY_ARN',
      'ALGORITHM_ARN',
      // of SageMaker, of which this stage has nothing
      'INSTANCE_TYPE',
      'EXECUTION_ROLE_ARN',
      'TRAINING_ROLE_ARN',
      'TRAINING_INSTANCE_TYPE',
    ];
    expect(
      Object.keys((Properties as unknown as Fn).Environment.Variables)
        .filter((name) => !name.startsWith('AWS_'))
        .sort(),
    ).toEqual((environments[kind] as readonly string[]).filter((name) => !optional.includes(name)).sort());
  });

  test('the workflows call published versions, which outlive the release; tasks end before a workflow gives them up', () => {
    const versions = dev.ofType('AWS::Lambda::Version');
    expect(versions).toHaveLength(20);
    for (const [, version] of versions)
      expect(version).toMatchObject({
        DeletionPolicy: 'RetainExceptOnCreate',
        UpdateReplacePolicy: 'Retain',
      });
    for (const [id, { Properties }] of dev
      .ofType('AWS::StepFunctions::StateMachine')
      .filter(([each]) => each.includes('Workflow'))) {
      const { DefinitionString, DefinitionSubstitutions } = Properties as unknown as {
        DefinitionString: string;
        DefinitionSubstitutions: Record<string, unknown>;
      };
      for (const target of Object.values(DefinitionSubstitutions))
        expect(flat(target)).toMatch(/^<Tasks\w+CurrentVersion>$/);
      const asked = [...DefinitionString.matchAll(/\$\{(\w+)\}/g)].map(([, name]) => name);
      const [name = ''] = id.split('Workflow');
      expect([
        { Hosting: 9, Importing: 1, Training: 6, Datasets: 3, Packaging: 1 }[name],
        Object.keys(DefinitionSubstitutions).sort(),
      ]).toEqual([asked.length, asked.sort()]);
    }
    for (const { Handler, Timeout } of functionsOf(dev).filter(({ Handler }) => /index\.[A-Z]/.test(Handler)))
      expect([Handler, Timeout < 120]).toEqual([Handler, true]);
  });
});

test('nothing that can be configured is against the rules', () =>
  expect([...dev.findings, ...prod.findings, ...confined.findings]).toEqual([]));

describe('the drain', () => {
  const [id, drain] = only(dev, 'Custom::CrowsnestDrain');

  test('has an id that never changes: a rename would be a deletion', () => expect(id).toBe('DrainB7582D65'));

  test('goes before everything that a stop needs', () => {
    const before = new Set([drain.DependsOn ?? []].flat().map(unhashed));
    for (const needed of [
      'Table',
      'ObjectsArtifacts',
      'UnitsRole',
      'UnitsRoleDefaultPolicy',
      'UnitsLibraries',
      'UnitsTrainerhandler',
      'UnitsTrainerRoleDefaultPolicy',
      'HostingWorkflowMachine',
      'HostingWorkflowMachineRoleDefaultPolicy',
      'TasksRelease',
      'TasksReleaseObserveRelease',
      'TasksReleaseRoleDefaultPolicy',
      'TasksRowsClaim',
      'TasksRowsMarkStopped',
      'TasksRowsRoleDefaultPolicy',
      'TasksReleaseCurrentVersion',
      'TasksTrainingCleanUp',
      'TrainingWorkflowMachine',
      'WatchMinute',
      'WatchSweephandler',
      'WatchSweepRoleDefaultPolicy',
      'DrainFunctionlook',
      'DrainFunctionRoleDefaultPolicy',
    ])
      expect([...before]).toContain(needed);
    expect([...before].filter((each) => each.startsWith('WatchMinuteAllowEventRule'))).toHaveLength(1);
  });
});

describe('alarms', () => {
  const runbook = readFileSync('docs/runbook.md', 'utf8');
  const headings = [...runbook.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^a-z0-9 -]/g, '')
      .replaceAll(' ', '-'),
  );
  const alarms = prod
    .ofType('AWS::CloudWatch::Alarm')
    .map(
      ([, { Properties }]) => Properties as unknown as { AlarmDescription: string; AlarmActions: string[] },
    );

  test('those on metrics of our own stand on what an event or a host writes, and none on the words of a line', () => {
    const written = new Set<string>(
      Object.values<EventRow>(events).flatMap(({ metrics }) => Object.keys(metrics ?? {})),
    );
    const own = prod
      .ofType('AWS::CloudWatch::Alarm')
      .map(([, { Properties }]) => Properties as unknown as { Namespace: string; MetricName: string })
      .filter(({ Namespace }) => Namespace === 'Crowsnest/prod')
      .map(({ MetricName }) => MetricName);
    expect(own).toEqual(
      expect.arrayContaining([
        'Takeovers',
        'HostingFailures',
        'HostingDrift',
        'TrainingFailures',
        'UnknownResources',
        'DrainFailures',
      ]),
    );
    expect(own.filter((name) => !written.has(name))).toEqual([]);
    expect(prod.ofType('AWS::Logs::MetricFilter')).toEqual([]);
  });

  test('each goes to the topic, and its description leads to a heading of the runbook', () => {
    expect(alarms.length).toBeGreaterThan(10);
    for (const { AlarmDescription, AlarmActions } of alarms) {
      expect(AlarmActions).toEqual([alarmTopicArn]);
      expect(headings).toContain(/docs\/runbook\.md#([a-z0-9-]+)$/.exec(AlarmDescription)?.[1]);
    }
    for (const heading of ['after-a-restore', 'stuck-model', 'quota-refused', 'drain-failed'])
      expect(headings).toContain(heading);
  });
});

/** What a reviewer wants to see change: what there is, under which name, and how much of it. */
const summary = (stack: Synthesised): Record<string, string[]> => {
  const types: Record<string, string[]> = {};
  for (const [id, { Type }] of Object.entries(stack.resources))
    (types[Type.replace('AWS::', '')] ??= []).push(unhashed(id));
  return Object.fromEntries(
    Object.entries(types)
      .sort()
      .map(([type, ids]) => [type, ids.sort()]),
  );
};

test.each(['dev', 'staging', 'prod'] as const)('what there is in %s', (name) =>
  expect(summary(stages[name])).toMatchSnapshot(),
);
