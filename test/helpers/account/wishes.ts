import type { Wish } from './policies.ts';
import { account, region } from './template.ts';

type Input = Readonly<Record<string, unknown>>;

/**
 * What a request to the table needs the right for. A transaction needs the rights of the writes it is made
 * of.
 */
export function tableWishes(operation: string, input: Input): Wish[] {
  const wish = (action: string, name: unknown, index?: unknown): Wish => ({
    action: `dynamodb:${action}`,
    resource: `arn:aws:dynamodb:${region}:${account}:table/${String(name)}${typeof index === 'string' ? `/index/${index}` : ''}`,
  });
  if (operation === 'BatchWriteItem')
    return Object.keys(input['RequestItems'] as object).map((name) => wish(operation, name));
  if (operation !== 'TransactWriteItems') return [wish(operation, input['TableName'], input['IndexName'])];
  return (input['TransactItems'] as Readonly<Record<string, { readonly TableName: string }>>[]).flatMap(
    (item) =>
      Object.entries(item).map(([kind, { TableName }]) =>
        wish(kind === 'ConditionCheck' ? 'ConditionCheckItem' : `${kind}Item`, TableName),
      ),
  );
}

/** By which member of a request a resource of SageMaker is named, and as what its ARN names it. */
const resources: readonly (readonly [member: string, type: string])[] = [
  ['EndpointName', 'endpoint'],
  ['EndpointConfigName', 'endpoint-config'],
  ['TrainingJobName', 'training-job'],
  ['TransformJobName', 'transform-job'],
  ['ModelPackageName', 'model-package'],
  ['ModelName', 'model'],
  ['AlgorithmName', 'algorithm'],
];

/** What a call of SageMaker needs the right for: its tags and the role that it passes too. */
export function sageMakerWishes(operation: string, input: Input): Wish[] {
  const arn = (type: string, name: string): string =>
    name.startsWith('arn:') ? name : `arn:aws:sagemaker:${region}:${account}:${type}/${name}`;
  const named = resources
    .filter(([member]) => typeof input[member] === 'string')
    .map(([member, type]) => arn(type, String(input[member])));
  // Of several names the first is what is made; an endpoint alone needs the right for its configuration too.
  const on = operation === 'CreateEndpoint' ? named : named.slice(0, 1);
  if (typeof input['ResourceArn'] === 'string') on.push(input['ResourceArn']);
  if (operation === 'ListModelPackages') on.push(arn('model-package', '*'));
  const role = input['RoleArn'] ?? input['ExecutionRoleArn'];
  return [
    ...(on.length === 0 ? ['*'] : on).map((resource) => ({ action: `sagemaker:${operation}`, resource })),
    ...(Array.isArray(input['Tags']) && input['Tags'].length > 0
      ? [{ action: 'sagemaker:AddTags', resource: on[0] ?? '*' }]
      : []),
    ...(typeof role === 'string'
      ? [
          {
            action: 'iam:PassRole',
            resource: role,
            context: { 'iam:PassedToService': 'sagemaker.amazonaws.com' },
          },
        ]
      : []),
  ];
}

/** Targets have ids of the service's own; conditions say whose they are. */
export const scalingWishes = (operation: string, input: Input): Wish[] => [
  {
    action: `application-autoscaling:${operation}`,
    resource: `arn:aws:application-autoscaling:${region}:${account}:scalable-target/0ec5`,
    context: {
      'application-autoscaling:service-namespace': String(input['ServiceNamespace']),
      'application-autoscaling:scalable-dimension': String(input['ScalableDimension']),
    },
  },
  ...(operation === 'DeregisterScalableTarget'
    ? []
    : [...(input['ServiceNamespace'] === 'lambda' ? unitProbes : variantProbes), ...alarmProbes]),
];

/** What the service tries out before it takes an order, on names that it makes up. */
const variantProbes: readonly Wish[] = [
  ...['DescribeEndpoint', 'UpdateEndpointWeightsAndCapacities'].map((action) => ({
    action: `sagemaker:${action}`,
    resource: `arn:aws:sagemaker:${region}:${account}:endpoint/8f1d0c6e`,
  })),
  {
    action: 'sagemaker:DescribeEndpointConfig',
    resource: `arn:aws:sagemaker:${region}:${account}:endpoint-config/8f1d0c6e`,
  },
];
/** Of units it asks for what the caller's request names. (Application Auto Scaling, "required permissions") */
const unitProbes: readonly Wish[] = [
  'GetProvisionedConcurrencyConfig',
  'PutProvisionedConcurrencyConfig',
  'DeleteProvisionedConcurrencyConfig',
].map((action) => ({
  action: `lambda:${action}`,
  resource: `arn:aws:lambda:${region}:${account}:function:8f1d0c6e:1`,
}));
const alarmProbes: readonly Wish[] = [
  ...['PutMetricAlarm', 'DescribeAlarms', 'DeleteAlarms'].map((action) => ({
    action: `cloudwatch:${action}`,
    resource: `arn:aws:cloudwatch:${region}:${account}:alarm:8f1d0c6e`,
  })),
];

/** What Lambda does under the role of a function that is attached to a VPC. */
export const interfaceWishes: readonly Wish[] = [
  'CreateNetworkInterface',
  'DescribeNetworkInterfaces',
  'DescribeSubnets',
  'DeleteNetworkInterface',
  'AssignPrivateIpAddresses',
  'UnassignPrivateIpAddresses',
].map((action) => ({ action: `ec2:${action}`, resource: '*' }));

/** What a call of Lambda needs the right for: the layer and the role that it passes too, and its tags. */
export function lambdaWishes(operation: string, name: string, input: Input): Wish[] {
  if (['ListFunctions', 'GetAccountSettings'].includes(operation))
    return [{ action: `lambda:${operation}`, resource: '*' }];
  const made = typeof input['FunctionName'] === 'string' ? input['FunctionName'] : name;
  const ours = made.startsWith('cn-');
  const resource = `arn:aws:lambda:${region}:${account}:function:${made}${
    ours && (operation === 'Invoke' || operation.includes('Provisioned')) ? ':1' : ''
  }`;
  const also: readonly (readonly [operation: string, more: string])[] = [
    ['CreateFunction', 'TagResource'],
    ['GetFunction', 'ListTags'],
  ];
  return [
    { action: operation === 'Invoke' ? 'lambda:InvokeFunction' : `lambda:${operation}`, resource },
    ...also
      .filter(([each]) => each === operation)
      .map(([, more]) => ({ action: `lambda:${more}`, resource })),
    ...(input['VpcConfig'] === undefined
      ? []
      : ['DescribeSecurityGroups', 'DescribeSubnets', 'DescribeVpcs'].map((each) => ({
          action: `ec2:${each}`,
          resource: '*',
        }))),
    ...(Array.isArray(input['Layers'])
      ? input['Layers'].map((layer) => ({ action: 'lambda:GetLayerVersion', resource: String(layer) }))
      : []),
    ...(typeof input['Role'] === 'string'
      ? [
          {
            action: 'iam:PassRole',
            resource: input['Role'],
            context: { 'iam:PassedToService': 'lambda.amazonaws.com' },
          },
        ]
      : []),
  ];
}
