import {
  CreateModelPackageCommand,
  DeleteModelPackageCommand,
  DescribeModelPackageCommand,
  type DescribeModelPackageOutput,
} from '@aws-sdk/client-sagemaker';
import { tagKeys, tagsOf, versionNameOf, type VersionKey } from './names.ts';
import type { SageMakerAccount, SageMakerOptions } from './options.ts';
import { isPackageMissing, isPackageTaken, refusalOf, type Translate } from './refusals.ts';
import { tagsAt } from './resources.ts';

/** A package of that name exists and is not ours. */
export class ForeignPackage extends Error {
  override readonly name = 'ForeignPackage';
}

export async function findPackage(
  { sagemaker }: Pick<SageMakerAccount, 'sagemaker'>,
  nameOrArn: string,
): Promise<DescribeModelPackageOutput | undefined> {
  try {
    return await sagemaker.send(new DescribeModelPackageCommand({ ModelPackageName: nameOrArn }));
  } catch (error) {
    if (isPackageMissing(error)) return undefined;
    throw error;
  }
}

/**
 * The package that an earlier call made for this version.
 * @throws ForeignPackage
 */
export async function findOwnPackage(
  options: SageMakerAccount,
  model: VersionKey,
): Promise<DescribeModelPackageOutput | undefined> {
  const name = versionNameOf(options, model);
  const found = await findPackage(options, name);
  if (found?.ModelPackageArn === undefined) return undefined;
  const tags = await tagsAt(options, found.ModelPackageArn);
  if (tags.get(tagKeys.stage) === options.stage && tags.get(tagKeys.package) === name) return found;
  throw new ForeignPackage(
    `There is a model package "${name}" in this account that Crowsnest did not make, and leaves alone.`,
  );
}

/** @returns why the service will never make it, if so, in the words of `translate` */
export async function orderPackage(
  options: SageMakerAccount,
  model: VersionKey,
  algorithmArn: string,
  modelDataUrl: string,
  translate: Translate,
): Promise<string | undefined> {
  const name = versionNameOf(options, model);
  try {
    await options.sagemaker.send(
      new CreateModelPackageCommand({
        ModelPackageName: name,
        SourceAlgorithmSpecification: {
          SourceAlgorithms: [{ AlgorithmName: algorithmArn, ModelDataUrl: modelDataUrl }],
        },
        ClientToken: name.slice(-25),
        Tags: tagsOf(options, model, { [tagKeys.package]: name }),
      }),
    );
  } catch (error) {
    // an earlier delivery of the same order; whose it is, the next look says
    if (isPackageTaken(error)) return undefined;
    const refusal = refusalOf(error, translate);
    if (refusal === undefined) throw error;
    return refusal.message;
  }
  return undefined;
}

export type PackageState =
  | { readonly state: 'completed' }
  | { readonly state: 'pending'; readonly note: string }
  | { readonly state: 'failed'; readonly reason: string };

/** `undefined` is a package that was ordered and cannot be seen yet. */
export function packageState(found: DescribeModelPackageOutput | undefined): PackageState {
  switch (found?.ModelPackageStatus) {
    case 'Completed':
      return { state: 'completed' };
    case 'Failed': {
      const { ValidationStatuses = [], ImageScanStatuses = [] } = found.ModelPackageStatusDetails ?? {};
      const reasons = [...ValidationStatuses, ...ImageScanStatuses].flatMap(
        ({ FailureReason }) => FailureReason ?? [],
      );
      const because = reasons.length > 0 ? `: ${reasons.join(' ')}` : '.';
      return {
        state: 'failed',
        reason: `SageMaker could not make a model package of the training output${because}`,
      };
    }
    case 'Deleting':
      return {
        state: 'failed',
        reason: 'The model package is being deleted. Import the model again, or train another one.',
      };
    case 'Pending':
    case 'InProgress':
    case undefined:
    default:
      return { state: 'pending', note: 'SageMaker is making a model package of the training output.' };
  }
}

/** Why a package of the user's own cannot be hosted, if so. */
export function packageProblem(
  { instanceType }: SageMakerOptions,
  found: DescribeModelPackageOutput,
): string | undefined {
  const { ModelPackageArn: arn = '', ModelPackageStatus: status, ModelApprovalStatus: approval } = found;
  if (status !== 'Completed')
    return `The model package ${arn} is ${String(status)}. Import it when it is Completed.`;
  if (approval !== undefined && approval !== 'Approved')
    return (
      `The model package ${arn} is not approved (${approval}). Approve it in the model registry and import ` +
      'it again.'
    );
  const types = found.InferenceSpecification?.SupportedRealtimeInferenceInstanceTypes ?? [];
  if (types.length > 0 && !types.includes(instanceType)) {
    return (
      `The model package ${arn} does not support this stage's instance type ${instanceType}. It supports ` +
      `${types.join(', ')}.`
    );
  }
  return undefined;
}

/** @throws whatever keeps it from going; one that is still being made refuses, and goes later */
export async function deletePackage(options: SageMakerAccount, model: VersionKey): Promise<void> {
  try {
    const found = await findOwnPackage(options, model);
    if (found === undefined) return;
    await options.sagemaker.send(
      new DeleteModelPackageCommand({ ModelPackageName: versionNameOf(options, model) }),
    );
  } catch (error) {
    if (!isPackageMissing(error) && !(error instanceof ForeignPackage)) throw error;
  }
}
