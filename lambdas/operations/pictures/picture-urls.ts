import type { Input } from '../../contract/operations.ts';
import type { ObjectLocation, ObjectUrls, UrlRequest } from '../../domain/ports.ts';
import { typeByName } from '../../domain/picture-names.ts';
import { requireListed } from '../buckets.ts';
import type { Call, Operation, ReadContext } from '../context.ts';
import { noProject } from '../models/models.ts';

/** Seconds for which a URL is good unless the caller says otherwise. */
const usual = 900;

type Request = Input<'CreateDownloadUrls'>;

/**
 * An extension: a URL for each picture, by which a browser shows it. Only pictures of buckets that the
 * deployment lists and the caller may use; models, manifests and results have other names, and no URL.
 */
export const CreateDownloadUrls: Operation<'CreateDownloadUrls'> = async (input, ctx, call) => {
  const { urls, expiresAt, seconds } = await lent(input, ctx, call);
  return {
    ExpiresAt: expiresAt,
    Urls: await each(input, async ({ bucket, key }) => ({
      Bucket: bucket,
      Key: key,
      Url: await urls.presign({ method: 'GET', bucket, key, seconds }),
    })),
  };
};

/**
 * An extension: a URL for each picture that is to be uploaded, and the headers that must be sent with it. A
 * picture that is there already is never replaced: S3 answers 412 then.
 */
export const CreateUploadUrls: Operation<'CreateUploadUrls'> = async (input, ctx, call) => {
  const { urls, expiresAt, seconds } = await lent(input, ctx, call);
  return {
    ExpiresAt: expiresAt,
    Urls: await each(input, async ({ bucket, key }) => {
      const headers = { 'content-type': typeByName(key) ?? 'image/jpeg', 'if-none-match': '*' };
      const request: UrlRequest = { method: 'PUT', bucket, key, seconds, headers };
      return {
        Bucket: bucket,
        Key: key,
        Url: await urls.presign(request),
        Headers: Object.entries(headers).map(([Name, Value]) => ({ Name, Value })),
      };
    }),
  };
};

/** @throws ValidationError, AccessDeniedError, NotFoundError */
async function lent(
  { ProjectName, Pictures, ExpiresIn: seconds = usual }: Request,
  ctx: ReadContext,
  call: Call,
): Promise<{ readonly urls: ObjectUrls; readonly expiresAt: number; readonly seconds: number }> {
  Pictures.forEach(({ Bucket }, index) =>
    requireListed(Bucket, `pictures.${index + 1}.member.bucket`, ctx, call),
  );
  if ((await ctx.store.projects.get(ProjectName)) === undefined) throw noProject(ProjectName);
  const urls = call.urls ?? ctx.urls;
  if (urls === undefined) throw new Error('This host has nothing that makes URLs.');
  return { urls, seconds, expiresAt: ctx.clock.now() + seconds * 1000 };
}

const each = <T>({ Pictures }: Request, make: (location: ObjectLocation) => Promise<T>): Promise<T[]> =>
  Promise.all(Pictures.map(({ Bucket, Key }) => make({ bucket: Bucket, key: Key })));
