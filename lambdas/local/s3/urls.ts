import { AccessDeniedError } from '../../contract/errors.ts';
import { fitsAny } from '../../domain/patterns.ts';
import type { Clock, ObjectUrls, UrlRequest } from '../../domain/ports.ts';
import { encodedPath } from '../../domain/uri-encoding.ts';
import type { AccessKey } from '../environment.ts';
import type { S3Action } from './actions.ts';
import { presignedQuery } from './signature.ts';

const actionOf: Readonly<Record<UrlRequest['method'], S3Action>> = {
  GET: 's3:GetObject',
  PUT: 's3:PutObject',
};

/**
 * URLs of this host's S3, by the name that the caller called the host by. They are signed with the caller's
 * own key, so that they can do what the key can and nothing else; a host without keys wants no signature.
 * @param host the Host header of the call
 */
export function localUrls(
  host: string,
  key: AccessKey | undefined,
  { region, clock }: { readonly region: string; readonly clock: Clock },
): ObjectUrls {
  return {
    presign(request) {
      const { method, bucket, seconds, headers = {} } = request;
      const path = `/${bucket}/${request.key}`;
      if (key === undefined) return Promise.resolve(`http://${host}${encodedPath(path)}`);
      const action = actionOf[method];
      if (!fitsAny(key.actions, action) || !fitsAny(key.buckets, bucket))
        throw new AccessDeniedError(
          `User: ${key.name} is not authorized to perform: ${action} on resource: ` +
            `"arn:aws:s3:::${bucket}/${request.key}"`,
        );
      const query = presignedQuery({ method, path, headers: { ...headers, host } }, key, {
        region,
        seconds,
        time: clock.now(),
      });
      return Promise.resolve(`http://${host}${encodedPath(path)}?${query}`);
    },
  };
}
