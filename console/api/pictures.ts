import { call, newToken } from './client.ts';

export interface Location {
  readonly bucket: string;
  readonly key: string;
}

/** What an `s3://bucket/key` names. */
function locationOf(url: string): Location {
  const [, , bucket = '', ...key] = url.split('/');
  return { bucket, key: key.join('/') };
}

export const locationUrl = ({ bucket, key }: Location): string => `s3://${bucket}/${key}`;

const isPicture = ({ key }: Location): boolean => /\.(jpe?g|png)$/i.test(key);

/** One way to name the host for all pictures, whatever stands before it: the page may only load its own. */
function ownAddress(url: string): string {
  const { host, pathname, search } = new URL(url);
  return host === location.host ? `${pathname}${search}` : url;
}

/**
 * Where pictures can be shown from, by their `s3://` names, a hundred a call at most. Those whose names are
 * no pictures' have none.
 */
export async function downloadUrls(
  ProjectName: string,
  urls: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const known = urls.map(locationOf).filter(isPicture);
  if (known.length === 0) return new Map();
  const { Urls = [] } = await call('CreateDownloadUrls', {
    ProjectName,
    Pictures: known.map(({ bucket, key }) => ({ Bucket: bucket, Key: key })),
    ExpiresIn: 3600,
  });
  return new Map(
    Urls.map(({ Bucket = '', Key = '', Url = '' }) => [
      locationUrl({ bucket: Bucket, key: Key }),
      ownAddress(Url),
    ]),
  );
}

export interface ToUpload {
  readonly file: File;
  readonly label: 'normal' | 'anomaly' | undefined;
}

/** Pictures that are on their way at once. */
const lanes = 4;

/** So many URLs are asked for together: they are good for a quarter of an hour. */
const batch = 20;

/**
 * Uploads pictures under names that nobody else takes, and keeps their own names in them.
 * @param tell after each
 * @returns where each went
 * @throws Error that names the picture that could not be uploaded
 */
export async function upload(
  ProjectName: string,
  bucket: string,
  pictures: readonly ToUpload[],
  tell: (done: number) => void,
): Promise<Location[]> {
  const folder = `${ProjectName}/${new Date().toISOString().slice(0, 10)}-${newToken().slice(0, 8)}`;
  const keys = pictures.map(
    ({ file }, index) => `${folder}/${String(index + 1).padStart(5, '0')}-${safeName(file.name)}`,
  );
  let done = 0;
  for (let from = 0; from < pictures.length; from += batch) {
    const { Urls = [] } = await call('CreateUploadUrls', {
      ProjectName,
      Pictures: keys.slice(from, from + batch).map((Key) => ({ Bucket: bucket, Key })),
    });
    const queue = Urls.map((url, index) => ({ url, file: pictures[from + index]?.file as File })).values();
    const lane = async (): Promise<void> => {
      for (const { url, file } of queue) {
        const headers = Object.fromEntries(
          (url.Headers ?? []).map(({ Name = '', Value = '' }) => [Name, Value]),
        );
        const response = await fetch(ownAddress(url.Url ?? ''), { method: 'PUT', headers, body: file });
        if (!response.ok)
          throw new Error(`${file.name} could not be uploaded: S3 answered ${response.status}.`);
        done += 1;
        tell(done);
      }
    };
    await Promise.all(Array.from({ length: lanes }, lane));
  }
  return keys.map((key) => ({ bucket, key }));
}

const safeName = (name: string): string => name.replace(/[^A-Za-z0-9._-]/g, '-').slice(-120);
