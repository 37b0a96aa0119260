import { tagsIn } from './control.ts';
import { check, invalid, ServiceError, text, type Input } from './service-error.ts';
import type { Package, World } from './world.ts';

type Operation = (world: World, input: Input) => Readonly<Record<string, unknown>>;

const find = (world: World, nameOrArn: string): Package => {
  const found = [...world.packages.values()].find(({ name, arn }) => name === nameOrArn || arn === nameOrArn);
  if (found === undefined) throw invalid(`ModelPackage ${nameOrArn} does not exist`);
  return found;
};

interface Sources {
  readonly SourceAlgorithms?: readonly { readonly AlgorithmName: string; readonly ModelDataUrl: string }[];
}

const CreateModelPackage: Operation = (world, input) => {
  check(input, {
    ModelPackageName: { max: 63, pattern: /^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$/ },
    ClientToken: { max: 36, pattern: /^[a-zA-Z0-9-]+$/ },
  });
  const name = text(input, 'ModelPackageName');
  const { SourceAlgorithms: [source] = [] } = (input['SourceAlgorithmSpecification'] ?? {}) as Sources;
  if (source === undefined)
    throw invalid('Either InferenceSpecification or SourceAlgorithmSpecification must be specified.');
  check(
    { ...source },
    {
      AlgorithmName: { required: true, max: 170 },
      ModelDataUrl: { max: 1024, pattern: /^(https|s3):\/\/([^/]+)\/?(.*)$/ },
    },
  );
  if (world.files !== undefined && !world.files.has(source.ModelDataUrl.replace('s3://', '')))
    throw invalid(`Could not find model data at ${source.ModelDataUrl}.`);
  if (world.unsubscribed.has(source.AlgorithmName))
    throw new ServiceError('AccessDeniedException', 'Caller is not subscribed to the marketplace offering.');
  const existing = world.packages.get(name);
  if (existing !== undefined) {
    if (existing.input['ClientToken'] === input['ClientToken'] && input['ClientToken'] !== undefined)
      return { ModelPackageArn: existing.arn };
    throw invalid(`ModelPackage already exists: ${existing.arn}`);
  }
  const made: Package = {
    name,
    arn: world.arn('model-package', name),
    created: world.clock.now(),
    tags: tagsIn(input),
    input,
    status: 'InProgress',
    readyAt: world.clock.now() + world.packaging.takes,
    seeded: false,
    marketplace: true,
  };
  world.packages.set(name, made);
  return { ModelPackageArn: made.arn };
};

const DescribeModelPackage: Operation = (world, input) => {
  const { name, arn, created, status, reason, input: given } = find(world, text(input, 'ModelPackageName'));
  return {
    ModelPackageName: name,
    ModelPackageArn: arn,
    CreationTime: created / 1000,
    ModelPackageStatus: status,
    ModelPackageStatusDetails: {
      ValidationStatuses:
        reason === undefined ? [] : [{ Name: 'validation', Status: 'Failed', FailureReason: reason }],
    },
    ...given,
  };
};

const DeleteModelPackage: Operation = (world, input) => {
  const { name, status, arn } = find(world, text(input, 'ModelPackageName'));
  if (status === 'InProgress' || status === 'Pending')
    throw invalid(`Cannot delete ModelPackage ${arn} in ${status} status.`);
  world.packages.delete(name);
  return {};
};

export const packages: Readonly<Record<string, Operation>> = {
  CreateModelPackage,
  DescribeModelPackage,
  DeleteModelPackage,
};
