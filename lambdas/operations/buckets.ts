import { ValidationError } from '../contract/errors.ts';
import { isListed } from '../domain/locations.ts';
import type { ReadContext } from './context.ts';

/**
 * Only buckets that the stage lists may be named: nobody borrows our rights for another. ConditionFailed before
 * anybody asks S3.
 * @param member where the caller named it, as messages name members
 * @throws ValidationError
 */
export function requireListed(
  bucket: string,
  member: string,
  { settings: { buckets } }: Pick<ReadContext, 'settings'>,
): void {
  if (isListed(buckets, bucket)) return;
  throw new ValidationError(
    `1 validation error detected: Value '${bucket}' at '${member}' failed to satisfy constraint: ` +
      `Member must be one of the buckets that this deployment may use: [${buckets.join(', ')}]`,
  );
}
