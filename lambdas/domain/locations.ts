import { fitsAny } from './patterns.ts';
import type { ObjectLocation } from './ports.ts';

/** What an `s3://bucket/key` names, or undefined if it has another form. */
export function parseLocation(url: string): ObjectLocation | undefined {
  const [, bucket, key] = /^s3:\/\/([0-9A-Za-z._-]{3,63})\/([\s\S]+)$/.exec(url) ?? [];
  return bucket === undefined || key === undefined ? undefined : { bucket, key };
}

/** What a checked `s3://bucket/key` names: lines of datasets have no other form. */
export function locationOf(url: string): ObjectLocation {
  const [, , bucket = '', ...key] = url.split('/');
  return { bucket, key: key.join('/') };
}

/** The form in which locations are written and shown; of a prefix, with the prefix as the key. */
export const locationUrl = ({ bucket, key }: ObjectLocation): string => `s3://${bucket}/${key}`;

/**
 * Whether callers may name this bucket. Only those that the stage, or the caller's key, lists, because nobody
 * borrows our rights for another; `*` stands for anything.
 */
export const isListed = (buckets: readonly string[], bucket: string): boolean => fitsAny(buckets, bucket);

/** Below a prefix as callers give it: put before the name as it is, with a slash between if there is none. */
export const below = (prefix: string, name: string): string =>
  prefix === '' || prefix.endsWith('/') ? `${prefix}${name}` : `${prefix}/${name}`;
