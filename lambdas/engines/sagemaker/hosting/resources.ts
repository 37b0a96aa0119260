import {
  DescribeEndpointCommand,
  DescribeEndpointConfigCommand,
  DescribeModelCommand,
  ListTagsCommand,
  type DescribeEndpointOutput,
} from '@aws-sdk/client-sagemaker';
import { isMissing, type Kind } from './refusals.ts';
import { nameOf, tagKeys, variantName } from './names.ts';
import type { SageMakerAccount, SageMakerEngineOptions } from './options.ts';

/** Asks, and takes "could not find" for an answer. */
async function known<T>(kind: Kind, name: string, ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (isMissing(error, kind, name)) return undefined;
    throw error;
  }
}

export const findEndpoint = (
  { sagemaker }: SageMakerAccount,
  name: string,
): Promise<DescribeEndpointOutput | undefined> =>
  known('endpoint', name, () => sagemaker.send(new DescribeEndpointCommand({ EndpointName: name })));

/** @returns the ARN, or undefined if there is no such resource */
export async function findArn(
  options: SageMakerAccount,
  kind: Kind,
  name: string,
): Promise<string | undefined> {
  const { sagemaker } = options;
  switch (kind) {
    case 'endpoint':
      return (await findEndpoint(options, name))?.EndpointArn;
    case 'endpoint configuration':
      return (
        await known(kind, name, () =>
          sagemaker.send(new DescribeEndpointConfigCommand({ EndpointConfigName: name })),
        )
      )?.EndpointConfigArn;
    case 'model':
      return (await known(kind, name, () => sagemaker.send(new DescribeModelCommand({ ModelName: name }))))
        ?.ModelArn;
  }
}

export async function tagsAt(
  { sagemaker }: Pick<SageMakerAccount, 'sagemaker'>,
  arn: string,
): Promise<ReadonlyMap<string, string>> {
  const tags = new Map<string, string>();
  let NextToken: string | undefined;
  do {
    const page = await sagemaker.send(
      new ListTagsCommand({ ResourceArn: arn, ...(NextToken !== undefined && { NextToken }) }),
    );
    for (const { Key, Value } of page.Tags ?? []) if (Key !== undefined) tags.set(Key, Value ?? '');
    NextToken = page.NextToken;
  } while (NextToken !== undefined);
  return tags;
}

/**
 * Whether the tags say that this is the work of this stage for this deployment. A name alone proves nothing.
 */
export const areOurs = (
  { stage }: SageMakerAccount,
  tags: ReadonlyMap<string, string>,
  deploymentId: string,
): boolean => tags.get(tagKeys.stage) === stage && tags.get(tagKeys.deployment) === deploymentId;

/**
 * Whether an endpoint under our name is ours. Its configuration and its variant bear our names, which costs
 * no further call; where they do not (somebody else's, or ours after somebody gave it another configuration)
 * or do not show yet, the tags decide.
 */
export async function isOurEndpoint(
  options: SageMakerEngineOptions,
  endpoint: DescribeEndpointOutput,
  deploymentId: string,
): Promise<boolean> {
  const {
    EndpointStatus: status,
    EndpointConfigName: config,
    ProductionVariants: variants,
    EndpointArn: arn,
  } = endpoint;
  if (config === nameOf(options, deploymentId)) {
    if (variants?.[0]?.VariantName === variantName) return true;
    // it will show its variant, or fail, and be asked about then
    if (variants === undefined && status === 'Creating') return true;
  }
  return arn !== undefined && areOurs(options, await tagsAt(options, arn), deploymentId);
}
