import { check, invalid, ServiceError, text, type Input } from './service-error.ts';
import type { World } from './world.ts';

type Operation = (world: World, input: Input) => Readonly<Record<string, unknown>>;

const common = {
  ServiceNamespace: { required: true, pattern: /^sagemaker$/ },
  ResourceId: { required: true, pattern: /^endpoint\/[^/]+\/variant\/[^/]+$/ },
  ScalableDimension: { required: true, pattern: /^sagemaker:variant:DesiredInstanceCount$/ },
} as const;

const named = (input: Input): string =>
  `service namespace: ${text(input, 'ServiceNamespace')}, resource ID: ${text(input, 'ResourceId')}, scalable dimension: ${text(input, 'ScalableDimension')}`;

const RegisterScalableTarget: Operation = (world, input) => {
  check(input, common);
  const id = text(input, 'ResourceId');
  const [, name = '', , variant = ''] = id.split('/');
  const endpoint = world.endpoints.get(name);
  if (endpoint?.variant !== variant) throw invalid(`There is no endpoint variant ${id}.`);
  const known = world.targets.get(id);
  if (endpoint.status !== 'InService') throw invalid(`The endpoint ${name} is not InService.`);
  if (known !== undefined && input['Tags'] !== undefined) {
    throw invalid(
      'The scalable target that you tried to tag already exists. To update tags on an existing scalable target, use the TagResource API.',
    );
  }
  const min = input['MinCapacity'] ?? known?.min;
  const max = input['MaxCapacity'] ?? known?.max;
  if (typeof min !== 'number' || typeof max !== 'number' || max < min)
    throw invalid('Maximum capacity cannot be less than minimum capacity');
  world.targets.set(id, { min, max, policies: known?.policies ?? new Map<string, Input>() });
  return {
    ScalableTargetARN: `arn:aws:application-autoscaling:${world.region}:${world.account}:scalable-target/${id.length}`,
  };
};

const PutScalingPolicy: Operation = (world, input) => {
  check(input, common);
  const target = world.targets.get(text(input, 'ResourceId'));
  if (target === undefined)
    throw new ServiceError('ObjectNotFoundException', `No scalable target registered for ${named(input)}`);
  target.policies.set(text(input, 'PolicyName'), input);
  return { PolicyARN: `arn:aws:autoscaling:${world.region}:${world.account}:scalingPolicy:1`, Alarms: [] };
};

const DeregisterScalableTarget: Operation = (world, input) => {
  check(input, common);
  if (!world.targets.delete(text(input, 'ResourceId')))
    throw new ServiceError('ObjectNotFoundException', `No scalable target found for ${named(input)}`);
  return {};
};

export const scaling: Readonly<Record<string, Operation>> = {
  RegisterScalableTarget,
  PutScalingPolicy,
  DeregisterScalableTarget,
};
