import {
  paginateListEndpointConfigs,
  paginateListEndpoints,
  paginateListModelPackages,
  paginateListModels,
  type SageMakerClient,
} from '@aws-sdk/client-sagemaker';
import type { EngineInventory, EngineResource } from '../../inventory.ts';
import { tagKeys } from './names.ts';
import { tagsAt } from './resources.ts';
import type { SageMakerAccount } from './options.ts';

type Options = Pick<SageMakerAccount, 'sagemaker' | 'stage'>;
interface Found {
  readonly kind: EngineResource['kind'];
  readonly name: string | undefined;
  readonly arn: string | undefined;
}

/**
 * What bears this stage's tag in the account and region. The beginning of the name only saves asking
 * everything for its tags.
 */
export const createSageMakerInventory = (options: Options): EngineInventory => ({
  list: () => list(options),
});

async function* list({ sagemaker, stage }: Options): AsyncGenerator<EngineResource> {
  const beginning = `cn-${stage}-`;
  for await (const { kind, name, arn } of candidates(sagemaker, beginning)) {
    if (name?.startsWith(beginning) !== true || arn === undefined) continue;
    const tags = await tagsOrNone({ sagemaker }, arn);
    if (tags?.get(tagKeys.stage) !== stage) continue;
    const project = tags.get(tagKeys.project);
    const version = tags.get(tagKeys.version);
    const deploymentId = tags.get(tagKeys.deployment);
    yield {
      kind,
      name,
      ...(project !== undefined && { project }),
      ...(version !== undefined && { version }),
      ...(deploymentId !== undefined && { deploymentId }),
    };
  }
}

async function* candidates(client: SageMakerClient, NameContains: string): AsyncGenerator<Found> {
  const page = { client, pageSize: 100 };
  for await (const { Endpoints = [] } of paginateListEndpoints(page, { NameContains })) {
    for (const { EndpointName: name, EndpointArn: arn } of Endpoints) yield { kind: 'endpoint', name, arn };
  }
  for await (const { EndpointConfigs = [] } of paginateListEndpointConfigs(page, { NameContains })) {
    for (const { EndpointConfigName: name, EndpointConfigArn: arn } of EndpointConfigs)
      yield { kind: 'endpoint configuration', name, arn };
  }
  for await (const { Models = [] } of paginateListModels(page, { NameContains })) {
    for (const { ModelName: name, ModelArn: arn } of Models) yield { kind: 'model', name, arn };
  }
  for await (const { ModelPackageSummaryList = [] } of paginateListModelPackages(page, { NameContains })) {
    for (const { ModelPackageName: name, ModelPackageArn: arn } of ModelPackageSummaryList)
      yield { kind: 'model package', name, arn };
  }
}

/** @returns undefined for what has gone since it was listed */
async function tagsOrNone(
  options: Pick<Options, 'sagemaker'>,
  arn: string,
): Promise<ReadonlyMap<string, string> | undefined> {
  try {
    return await tagsAt(options, arn);
  } catch (error) {
    if (error instanceof Error && ['ValidationException', 'ResourceNotFound'].includes(error.name))
      return undefined;
    throw error;
  }
}
