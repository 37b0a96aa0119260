import { check, invalid, resourceName, ServiceError, text, type Input } from './service-error.ts';
import type { Endpoint, Named, World } from './world.ts';

type Operation = (world: World, input: Input) => Readonly<Record<string, unknown>>;

const inFlux = ['Creating', 'Updating', 'RollingBack', 'SystemUpdating', 'Deleting'];

interface TagInput {
  readonly Key: string;
  readonly Value: string;
}

export function tagsIn({ Tags = [] }: { readonly Tags?: readonly TagInput[] }): Map<string, string> {
  if (Tags.length > 50)
    throw invalid(
      "1 validation error detected: Value at 'tags' failed to satisfy constraint: Member must have length less than or equal to 50",
    );
  for (const { Key, Value } of Tags) {
    check(
      { Key, Value },
      {
        Key: { required: true, max: 128, pattern: /^(?!aws:)[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u },
        Value: { required: true, max: 256, pattern: /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u },
      },
    );
  }
  return new Map(Tags.map(({ Key, Value }) => [Key, Value]));
}

function named(world: World, kind: string, name: string, input: Input): Named {
  return { name, arn: world.arn(kind, name), created: world.clock.now(), tags: tagsIn(input), input };
}

function need(map: ReadonlyMap<string, Named>, name: string, message: string): Named {
  const found = map.get(name);
  if (found === undefined) throw invalid(message);
  return found;
}

const modelOf = (world: World, name: string): Named =>
  need(world.models, name, `Could not find model "${world.arn('model', name)}".`);
const configOf = (world: World, name: string): Named =>
  need(world.configs, name, `Could not find endpoint configuration "${world.arn('endpoint-config', name)}".`);

interface Variant {
  readonly VariantName: string;
  readonly ModelName: string;
  readonly InstanceType: string;
  readonly InitialInstanceCount: number;
}

const variantsOf = (config: Input): readonly Variant[] =>
  (config['ProductionVariants'] ?? []) as readonly Variant[];

const CreateModel: Operation = (world, input) => {
  check(input, {
    ModelName: resourceName,
    ExecutionRoleArn: {
      required: true,
      pattern: /^arn:aws[a-z-]*:iam::\d{12}:role\/?[a-zA-Z_0-9+=,.@\-_/]+$/,
    },
  });
  const name = text(input, 'ModelName');
  const { ModelPackageName: packageName, Image } = (input['PrimaryContainer'] ?? {}) as {
    readonly ModelPackageName?: string;
    readonly Image?: string;
  };
  if ((packageName === undefined) === (Image === undefined))
    throw invalid('You must specify either an image or a model package for the container.');
  if (packageName !== undefined) usable(world, packageName, input['EnableNetworkIsolation'] === true);
  if (world.models.has(name))
    throw invalid(`Cannot create already existing model "${world.arn('model', name)}".`);
  world.models.set(name, named(world, 'model', name, input));
  return { ModelArn: world.arn('model', name) };
};

function usable(world: World, packageName: string, isolated: boolean): void {
  const found = [...world.packages.values()].find(
    ({ name, arn }) => name === packageName || arn === packageName,
  );
  if (found === undefined) throw invalid(`ModelPackage ${packageName} does not exist`);
  if (world.unsubscribed.has(found.arn))
    throw invalid('Caller is not subscribed to the marketplace offering.');
  if (found.marketplace && !isolated)
    throw invalid('EnableNetworkIsolation must be true for models using SageMaker Marketplace products.');
  if (found.status !== 'Completed') throw invalid(`Model package ${found.arn} is not in Completed status.`);
}

const CreateEndpointConfig: Operation = (world, input) => {
  check(input, { EndpointConfigName: resourceName });
  const name = text(input, 'EndpointConfigName');
  if (input['EnableNetworkIsolation'] !== undefined)
    throw invalid(
      'EnableNetworkIsolation is not supported when a model name is specified in a production variant.',
    );
  if (variantsOf(input).length === 0) check({}, { ProductionVariants: { required: true } });
  for (const variant of variantsOf(input)) {
    check(
      { ...variant },
      {
        VariantName: resourceName,
        ModelName: resourceName,
        InstanceType: { required: true, pattern: /^ml\.[a-z0-9-]+\.[a-z0-9]+$/ },
      },
    );
    if (!(variant.InitialInstanceCount >= 1)) check({}, { InitialInstanceCount: { required: true } });
    modelOf(world, variant.ModelName);
  }
  if (world.configs.has(name))
    throw invalid(
      `Cannot create already existing endpoint configuration "${world.arn('endpoint-config', name)}".`,
    );
  world.configs.set(name, named(world, 'endpoint-config', name, input));
  return { EndpointConfigArn: world.arn('endpoint-config', name) };
};

const CreateEndpoint: Operation = (world, input) => {
  check(input, { EndpointName: resourceName, EndpointConfigName: resourceName });
  const name = text(input, 'EndpointName');
  if (world.endpoints.has(name))
    throw invalid(`Cannot create already existing endpoint "${world.arn('endpoint', name)}".`);
  const [variant] = variantsOf(configOf(world, text(input, 'EndpointConfigName')).input);
  if (variant === undefined) throw invalid('The configuration has no variant.');
  withinQuota(world, variant);
  const { creating, outcome } = world.life;
  const at = world.clock.now() + creating;
  world.endpoints.set(name, {
    ...named(world, 'endpoint', name, input),
    config: text(input, 'EndpointConfigName'),
    status: 'Creating',
    variant: variant.VariantName,
    instanceType: variant.InstanceType,
    instances: variant.InitialInstanceCount,
    coming:
      outcome === 'stuck'
        ? []
        : [
            outcome === 'InService'
              ? { at, status: outcome }
              : { at, status: 'Failed', reason: outcome.failed },
          ],
  });
  return { EndpointArn: world.arn('endpoint', name) };
};

function withinQuota(world: World, { InstanceType: type, InitialInstanceCount: more }: Variant): void {
  const limit = world.quotas.get(type);
  const used = [...world.endpoints.values()]
    .filter(({ instanceType }) => instanceType === type)
    .reduce((sum, { instances }) => sum + instances, 0);
  if (limit === undefined || used + more <= limit) return;
  throw new ServiceError(
    'ResourceLimitExceeded',
    `The account-level service limit '${type} for endpoint usage' is ${limit} Instances, with current utilization of ${used} Instances ` +
      `and a request delta of ${more} Instances. Please use AWS Service Quotas to request an increase for this quota.`,
  );
}

const DescribeEndpoint: Operation = (world, input) => {
  check(input, { EndpointName: resourceName });
  const endpoint = world.endpoint(text(input, 'EndpointName'));
  return {
    EndpointName: endpoint.name,
    EndpointArn: endpoint.arn,
    EndpointConfigName: endpoint.config,
    EndpointStatus: endpoint.status,
    ...(endpoint.reason !== undefined && { FailureReason: endpoint.reason }),
    ...(showsVariants(endpoint, world) && { ProductionVariants: [variantSummary(endpoint)] }),
    CreationTime: endpoint.created / 1000,
    LastModifiedTime: world.clock.now() / 1000,
  };
};

/** Not in the first minute, and not when there is nothing any more. */
const showsVariants = ({ status, created }: Endpoint, world: World): boolean =>
  !['Failed', 'Deleting'].includes(status) &&
  !(status === 'Creating' && world.clock.now() < created + 60_000);

const variantSummary = ({ status, variant, instances, created }: Endpoint) => ({
  VariantName: variant,
  ...(status === 'Creating'
    ? {
        VariantStatus: [
          { Status: 'Creating', StatusMessage: 'Downloading the model data.', StartTime: created / 1000 },
        ],
      }
    : { CurrentInstanceCount: instances, DesiredInstanceCount: instances }),
});

const DeleteEndpoint: Operation = (world, input) => {
  const endpoint = world.endpoint(text(input, 'EndpointName'));
  if (inFlux.includes(endpoint.status))
    throw invalid(`Cannot update in-progress endpoint "${endpoint.arn}".`);
  for (const id of world.targets.keys())
    if (id.startsWith(`endpoint/${endpoint.name}/`)) world.targets.delete(id);
  endpoint.status = 'Deleting';
  endpoint.coming = [{ at: world.clock.now() + world.life.deleting, status: 'gone' }];
  return {};
};

const DescribeEndpointConfig: Operation = (world, input) => {
  const { name, arn, created, input: given } = configOf(world, text(input, 'EndpointConfigName'));
  return {
    EndpointConfigName: name,
    EndpointConfigArn: arn,
    ProductionVariants: variantsOf(given),
    CreationTime: created / 1000,
  };
};

const DeleteEndpointConfig: Operation = (world, input) => {
  const { name } = configOf(world, text(input, 'EndpointConfigName'));
  for (const endpoint of world.endpoints.values()) {
    if (endpoint.config !== name) continue;
    world.violations.push(`the configuration of ${endpoint.name} was deleted in ${endpoint.status}`);
    if (endpoint.status !== 'Creating') continue;
    const reason = `Could not find endpoint configuration "${world.arn('endpoint-config', name)}".`;
    endpoint.coming = [{ at: world.clock.now() + 3_600_000, status: 'Failed', reason }];
  }
  world.configs.delete(name);
  return {};
};

const DescribeModel: Operation = (world, input) => {
  const { name, arn, created, input: given } = modelOf(world, text(input, 'ModelName'));
  const { PrimaryContainer, EnableNetworkIsolation } = given;
  return {
    ModelName: name,
    ModelArn: arn,
    PrimaryContainer,
    EnableNetworkIsolation,
    CreationTime: created / 1000,
  };
};

const DeleteModel: Operation = (world, input) => {
  const { name } = modelOf(world, text(input, 'ModelName'));
  const endpoint = world.endpoints.get(name);
  if (endpoint !== undefined) world.violations.push(`the model of ${name} was deleted in ${endpoint.status}`);
  for (const job of world.transforms.values()) {
    if (job.input['ModelName'] === name && job.status === 'InProgress')
      world.violations.push(`the model of ${job.name} was deleted while it ran`);
  }
  world.models.delete(name);
  return {};
};

const ListTags: Operation = (world, input) => {
  const arn = text(input, 'ResourceArn');
  const all = [
    world.endpoints,
    world.configs,
    world.models,
    world.packages,
    world.trainings,
    world.transforms,
  ].flatMap((map) => [...map.values()]);
  const found = all.find((each) => each.arn === arn);
  if (found === undefined) throw invalid(`Could not find resource "${arn}".`);
  return { Tags: [...found.tags].map(([Key, Value]) => ({ Key, Value })) };
};

export const control: Readonly<Record<string, Operation>> = {
  CreateModel,
  CreateEndpointConfig,
  CreateEndpoint,
  DescribeModel,
  DescribeEndpointConfig,
  DescribeEndpoint,
  DeleteModel,
  DeleteEndpointConfig,
  DeleteEndpoint,
  ListTags,
};
