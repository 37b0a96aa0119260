import { createHash } from 'node:crypto';
import type { ModelKey } from '../domain/model.ts';

/** What names and tags of an engine's resources are made of. */
export interface Owner {
  /** `[a-z0-9]{1,8}`: part of every name that we give, and of the tag by which we know our own. */
  readonly stage: string;
  /** Put on everything that we make, besides our own `crowsnest:` tags. */
  readonly tags?: Readonly<Record<string, string>>;
}

/**
 * The resources of a run share one name, made of the deployment's id alone. Lower case, because SageMaker
 * lowers names in ARNs, and a policy that names `cn-dev-*` must match them.
 */
export const nameOf = ({ stage }: Pick<Owner, 'stage'>, deploymentId: string): string =>
  `cn-${stage}-${deploymentId.toLowerCase()}`;

/** One version of a project, and of no other project that had the same name. */
export interface VersionKey extends ModelKey {
  /** Epoch milliseconds. */
  readonly createdAt: number;
}

/**
 * Names what is kept for a model version, from its import or training to its deletion: its model package,
 * what trains and judges it, and the model that was judged. The time of its making is part of it: a project
 * that is deleted and made anew counts its versions from 1 again.
 */
export function versionNameOf(
  { stage }: Pick<Owner, 'stage'>,
  { project, version, createdAt }: VersionKey,
): string {
  const digest = createHash('sha256').update(`${project}/${version}@${createdAt}`).digest('hex');
  return `cn-${stage}-${digest.slice(0, 25)}`;
}

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
  /** On a unit's function: whether its units are provisioned or on demand. */
  units: 'crowsnest:units',
  /** On a unit's function on demand: it has answered once. */
  warm: 'crowsnest:warm',
} as const;

/** The tags of everything that we make: whose it is, then what `own` says, then the stage's own. */
export const tagsFor = (
  { stage, tags = {} }: Owner,
  { project, version }: ModelKey,
  own: Readonly<Record<string, string>>,
): Record<string, string> => ({
  [tagKeys.stage]: stage,
  [tagKeys.project]: project,
  [tagKeys.version]: version,
  ...own,
  ...tags,
});
