import type { Environment } from '../contract/environments.ts';

/**
 * Where what belongs to versions is kept: whoever trains, imports, deletes or takes over must mean the same
 * place.
 */
export const artifactsOf = ({
  ARTIFACT_BUCKET: bucket,
}: Pick<Environment<'importing'>, 'ARTIFACT_BUCKET'>): {
  readonly bucket: string;
  readonly prefix: string;
} => ({ bucket, prefix: '' });
