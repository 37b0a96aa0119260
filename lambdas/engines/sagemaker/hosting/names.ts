import { createHash } from 'node:crypto';
import type { Tag } from '@aws-sdk/client-sagemaker';
import type { ModelKey } from '../../../domain/model.ts';
import type { SageMakerAccount } from './options.ts';

/**
 * The endpoint, its configuration and its model share one name, made of the deployment's id alone. Lower
 * case, because SageMaker lowers names in ARNs, and a policy that names `cn-dev-*` must match them.
 */
export const nameOf = ({ stage }: Pick<SageMakerAccount, 'stage'>, deploymentId: string): string =>
  `cn-${stage}-${deploymentId.toLowerCase()}`;

/** One version of a project, and of no other project that had the same name. */
export interface VersionKey extends ModelKey {
  /** Epoch milliseconds. */
  readonly createdAt: number;
}

/**
 * The name of what is kept for a model version, from its import or training to its deletion: its model
 * package, the jobs that trained and judged it, and the model that was judged. The time of its making is part
 * of it: a project that is deleted and made anew counts its versions from 1 again.
 */
export function versionNameOf(
  { stage }: Pick<SageMakerAccount, 'stage'>,
  { project, version, createdAt }: VersionKey,
): string {
  const digest = createHash('sha256').update(`${project}/${version}@${createdAt}`).digest('hex');
  return `cn-${stage}-${digest.slice(0, 25)}`;
}

/**
 * The one variant of our endpoints. DescribeEndpoint shows it, so a stranger under our name is suspected
 * without another call.
 */
export const variantName = 'crowsnest';

export const tagKeys = {
  stage: 'crowsnest:stage',
  project: 'crowsnest:project',
  version: 'crowsnest:version',
  deployment: 'crowsnest:deployment',
  /** On what Application Auto Scaling was, or may have been, told about. */
  scaled: 'crowsnest:scaled',
  /** On a model package: the name it was made under. */
  package: 'crowsnest:package',
  /** On the jobs of a training, and on the model that it judges: the version's name. */
  training: 'crowsnest:training',
} as const;

/** The tags of everything that we make: whose it is, then what `own` says, then the stage's own. */
export function tagsOf(
  { stage, tags = {} }: SageMakerAccount,
  { project, version }: ModelKey,
  own: Readonly<Record<string, string>>,
): Tag[] {
  const all = {
    [tagKeys.stage]: stage,
    [tagKeys.project]: project,
    [tagKeys.version]: version,
    ...own,
    ...tags,
  };
  return Object.entries(all).map(([Key, Value]) => ({ Key, Value }));
}
