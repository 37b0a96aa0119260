import {
  DeleteEndpointCommand,
  DeleteEndpointConfigCommand,
  DeleteModelCommand,
} from '@aws-sdk/client-sagemaker';
import type { DeploymentRef } from '../../engine.ts';
import { nameOf, tagKeys } from './names.ts';
import type { SageMakerEngineOptions } from './options.ts';
import { isInProgress, isMissing } from './refusals.ts';
import { areOurs, findArn, findEndpoint, tagsAt } from './resources.ts';
import { unfollow } from './scaling.ts';
import { busyStates } from './status.ts';

/**
 * Goes as far as the service lets it: an endpoint in flux or on its way out is left for the next call, and
 * its configuration and model go only when it is gone, because without them an endpoint that is being made
 * hangs for an hour, and one in service cannot be understood. So it takes several calls until everything is
 * gone. What our tags are not on is not ours, and stays.
 */
export async function remove(options: SageMakerEngineOptions, deployment: DeploymentRef): Promise<void> {
  if (await endpointStays(options, deployment)) return;
  await removeNamed(options, 'endpoint configuration', deployment, (name) =>
    options.sagemaker.send(new DeleteEndpointConfigCommand({ EndpointConfigName: name })),
  );
  await removeNamed(options, 'model', deployment, (name) =>
    options.sagemaker.send(new DeleteModelCommand({ ModelName: name })),
  );
}

/** @returns whether an endpoint of ours is still there, after it was told to go */
async function endpointStays(options: SageMakerEngineOptions, { id }: DeploymentRef): Promise<boolean> {
  const name = nameOf(options, id);
  const endpoint = await findEndpoint(options, name);
  if (endpoint?.EndpointArn === undefined) return false;
  const tags = await tagsAt(options, endpoint.EndpointArn);
  if (!areOurs(options, tags, id)) return false;
  if (endpoint.EndpointStatus === 'Deleting') return true;
  // First, so that nothing changes the endpoint any more: a change under way makes it refuse to go.
  if (tags.has(tagKeys.scaled)) await unfollow(options, name);
  try {
    await options.sagemaker.send(new DeleteEndpointCommand({ EndpointName: name }));
  } catch (error) {
    if (isMissing(error, 'endpoint', name)) return false;
    // Refused while in flux: no error, for the next look says so too, and the next call tries again.
    if (
      !isInProgress(error) &&
      !(
        busyStates.includes(endpoint.EndpointStatus) &&
        error instanceof Error &&
        error.name === 'ValidationException'
      )
    )
      throw error;
  }
  return true;
}

async function removeNamed(
  options: SageMakerEngineOptions,
  kind: 'endpoint configuration' | 'model',
  { id }: DeploymentRef,
  order: (name: string) => Promise<unknown>,
): Promise<void> {
  const name = nameOf(options, id);
  const arn = await findArn(options, kind, name);
  if (arn === undefined) return;
  const tags = await tagsAt(options, arn);
  if (!areOurs(options, tags, id)) return;
  // Once more: a start that was overtaken may have registered the endpoint after it was told to go.
  if (kind === 'endpoint configuration' && tags.has(tagKeys.scaled)) await unfollow(options, name);
  try {
    await order(name);
  } catch (error) {
    if (!isMissing(error, kind, name)) throw error;
  }
}
