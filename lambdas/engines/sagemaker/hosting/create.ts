import {
  CreateEndpointCommand,
  CreateEndpointConfigCommand,
  CreateModelCommand,
  type ContainerDefinition,
} from '@aws-sdk/client-sagemaker';
import { EngineFailed, type DeploymentSpec } from '../../engine.ts';
import { modelDataKey, versionNameIn } from './artifact.ts';
import { nameOf, tagKeys, tagsOf, variantName } from './names.ts';
import type { SageMakerEngineOptions } from './options.ts';
import { isMissing, isTaken, refusalOf, type Kind } from './refusals.ts';
import { userMessageOf } from './user-messages.ts';
import { areOurs, findArn, tagsAt } from './resources.ts';
import { isScaled } from '../../follow-demand.ts';
import { checkScalable } from './scaling.ts';
import { locationUrl } from '../../../domain/locations.ts';

/**
 * How often, and after how many milliseconds each time, a call waits for what the call before it has made to
 * be seen everywhere.
 */
const retryDelays = [1000, 2000, 4000] as const;

/**
 * Orders model, configuration and endpoint: three calls, and three again whenever it is repeated, each of
 * which finds its work done. The order is what lets a crash in between be repaired by repeating, and lets a
 * removal take things down from the other end.
 * @throws EngineFailed
 */
export async function create(options: SageMakerEngineOptions, spec: DeploymentSpec): Promise<void> {
  const { sagemaker, instanceType } = options;
  checkScalable(options, spec.units);
  const name = nameOf(options, spec.id);
  const Tags = tagsOf(options, spec.model, {
    [tagKeys.deployment]: spec.id,
    ...(isScaled(spec.units) && { [tagKeys.scaled]: 'true' }),
  });
  await ordered(options, 'model', spec.id, undefined, () =>
    sagemaker.send(
      new CreateModelCommand({
        ModelName: name,
        PrimaryContainer: containerOf(spec),
        ExecutionRoleArn: options.executionRoleArn,
        // Marketplace products demand it, and nothing that judges a picture has business in a network.
        EnableNetworkIsolation: true,
        Tags,
      }),
    ),
  );
  await ordered(options, 'endpoint configuration', spec.id, 'model', () =>
    sagemaker.send(
      new CreateEndpointConfigCommand({
        EndpointConfigName: name,
        ProductionVariants: [
          {
            VariantName: variantName,
            ModelName: name,
            InstanceType: instanceType,
            InitialInstanceCount: spec.units.min,
            InitialVariantWeight: 1,
            RoutingConfig: { RoutingStrategy: 'LEAST_OUTSTANDING_REQUESTS' },
          },
        ],
        ...(options.kmsKeyId !== undefined && { KmsKeyId: options.kmsKeyId }),
        Tags,
      }),
    ),
  );
  await ordered(options, 'endpoint', spec.id, 'endpoint configuration', () =>
    sagemaker.send(
      new CreateEndpointCommand({
        EndpointName: name,
        EndpointConfigName: name,
        Tags,
      }),
    ),
  );
}

/**
 * What runs: a package by its own name or by the one that the import made, or an image with our copy of its
 * data.
 */
function containerOf({ source, artifact }: DeploymentSpec): ContainerDefinition {
  if (source.ModelPackageArn !== undefined) return { ModelPackageName: source.ModelPackageArn };
  if (source.Image !== undefined) {
    const { bucket, prefix } = artifact;
    return { Image: source.Image, ModelDataUrl: locationUrl({ bucket, key: modelDataKey(prefix) }) };
  }
  return { ModelPackageName: versionNameIn(artifact.prefix) };
}

/**
 * Gives one order. A name that is taken is success if the tags say that it is by us, for an earlier delivery
 * of the same order; what the order builds upon may take a moment to be seen everywhere.
 */
async function ordered(
  options: SageMakerEngineOptions,
  kind: Kind,
  deploymentId: string,
  upon: Kind | undefined,
  order: () => Promise<unknown>,
): Promise<void> {
  const name = nameOf(options, deploymentId);
  const { instanceType } = options;
  for (const wait of [...retryDelays, undefined]) {
    try {
      await order();
      return;
    } catch (error) {
      if (isTaken(error, kind)) return adopt(options, kind, deploymentId, error);
      if (upon === undefined || !isMissing(error, upon, name))
        throw refusalOf(error, (reason) => userMessageOf(reason, { name, instanceType })) ?? error;
      if (wait === undefined) throw error;
      await options.clock.sleep(wait);
    }
  }
}

async function adopt(
  options: SageMakerEngineOptions,
  kind: Kind,
  deploymentId: string,
  taken: unknown,
): Promise<void> {
  const name = nameOf(options, deploymentId);
  const arn = await findArn(options, kind, name);
  if (arn === undefined) throw taken; // there a moment ago, gone now: another try makes it anew
  if (areOurs(options, await tagsAt(options, arn), deploymentId)) return;
  throw new EngineFailed(
    `There is ${kind === 'model' ? 'a' : 'an'} ${kind} "${name}" in this account that Crowsnest did not ` +
      'make, and leaves alone. Delete it, if nobody needs it, and start again.',
  );
}
