import { AccessDeniedError, ValidationError } from '../contract/errors.ts';
import { violation } from '../contract/violations.ts';
import { isListed } from '../domain/locations.ts';
import type { Call, ReadContext, WriteContext } from './context.ts';

/**
 * Only buckets that the stage lists, and that the caller may use, can be named: nobody borrows our rights for
 * another. This is said before anybody asks S3.
 * @param member where the caller named it, as messages name members
 * @throws ValidationError if the deployment may not use it; AccessDeniedError if the caller may not
 */
export function requireListed(
  bucket: string,
  member: string,
  { settings: { buckets } }: Pick<ReadContext, 'settings'>,
  { caller, reach }: Pick<Call, 'caller' | 'reach'>,
): void {
  if (isListed(buckets, bucket)) {
    if (reach === undefined || isListed(reach.buckets, bucket)) return;
    throw new AccessDeniedError(`User: ${caller} is not authorized to use the bucket ${bucket}`);
  }
  throw violation(
    member,
    `Member must be one of the buckets that this deployment may use: [${buckets.join(', ')}]`,
    bucket,
  );
}

/**
 * On a local host a bucket is a folder, which a typing error must not make.
 * @returns why the bucket cannot be written to, if that is known
 */
export async function noBucket(
  bucket: string,
  member: string,
  { objects }: Pick<WriteContext, 'objects'>,
): Promise<ValidationError | undefined> {
  if (objects?.hasBucket === undefined || (await objects.hasBucket(bucket))) return undefined;
  return violation(
    member,
    'Member must be a bucket that is there: a folder of its name in the folder s3 of the data folder',
    bucket,
  );
}

/** What a dataset's operation keeps of its caller: the lines that it reads name buckets, too. */
export const bucketsOf = ({ reach }: Pick<Call, 'reach'>): { readonly buckets?: readonly string[] } =>
  reach === undefined ? {} : { buckets: reach.buckets };
