import {
  CopyObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { LocationRefused, type ObjectLocation, type ObjectStream } from '../domain/ports.ts';
import type { CopyingStore } from '../engines/sagemaker/hosting/options.ts';
import { locationUrl } from '../domain/locations.ts';

/**
 * Objects in S3. What may not be listed and what is not there look alike to S3, and so to us: roles therefore
 * may list what they may read.
 */
export class S3Objects implements CopyingStore {
  readonly #client: Pick<S3Client, 'send'>;

  constructor(client: Pick<S3Client, 'send'>) {
    this.#client = client;
  }

  read(location: ObjectLocation): Promise<Uint8Array | undefined> {
    return asked(location, async () => {
      const { Body } = await this.#client.send(new GetObjectCommand(named(location)));
      return Body?.transformToByteArray();
    });
  }

  stream(
    location: ObjectLocation & { readonly versionId?: string },
    from = 0,
  ): Promise<ObjectStream | undefined> {
    return asked(location, async () => {
      const { Body, ETag } = await this.#client.send(
        new GetObjectCommand({ ...named(location), ...(from > 0 && { Range: `bytes=${from}-` }) }),
      );
      return Body === undefined
        ? undefined
        : { tag: ETag ?? '', bytes: Body as unknown as AsyncIterable<Uint8Array> };
    });
  }

  async write(location: ObjectLocation, bytes: Uint8Array): Promise<void> {
    await refusing(location, () =>
      this.#client.send(new PutObjectCommand({ ...named(location), Body: bytes })),
    );
  }

  /** @returns false if there is such an object already. (S3, PutObject, If-None-Match) */
  writeNew(location: ObjectLocation, bytes: Uint8Array): Promise<boolean> {
    return refusing(location, async () => {
      try {
        await this.#client.send(new PutObjectCommand({ ...named(location), Body: bytes, IfNoneMatch: '*' }));
        return true;
      } catch (error) {
        // The second is of another write of the same name that is under way.
        if (isError(error, 'PreconditionFailed', 'ConditionalRequestConflict')) return false;
        throw error;
      }
    });
  }

  /** S3 copies up to 5 GB within itself; what a picture is judged by is never larger. */
  async copy(from: ObjectLocation, to: ObjectLocation): Promise<boolean> {
    const path = `${from.bucket}/${from.key.split('/').map(encodeURIComponent).join('/')}`;
    // The copy is ours: it neither needs the caller's tags nor the right to read them.
    const copied = await asked(from, () =>
      this.#client.send(
        new CopyObjectCommand({ ...named(to), CopySource: path, TaggingDirective: 'REPLACE', Tagging: '' }),
      ),
    );
    return copied !== undefined;
  }

  async *list(bucket: string, prefix: string): AsyncGenerator<string> {
    for (let next: string | undefined; ;) {
      const page = await asked({ bucket, key: prefix }, () =>
        this.#client.send(
          new ListObjectsV2Command({
            Bucket: bucket,
            Prefix: prefix,
            ...(next !== undefined && { ContinuationToken: next }),
          }),
        ),
      );
      yield* (page?.Contents ?? []).flatMap(({ Key }) => (Key === undefined ? [] : [Key]));
      next = page?.NextContinuationToken;
      if (next === undefined) return;
    }
  }

  /** A thousand at a time. An empty prefix would name the whole bucket, which nobody means. */
  async removeAll(bucket: string, prefix: string): Promise<void> {
    if (prefix === '') throw new Error('removeAll needs a prefix');
    for (;;) {
      const { Contents = [] } = await this.#client.send(
        new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix }),
      );
      const keys = Contents.flatMap(({ Key }) => (Key === undefined ? [] : [{ Key }]));
      if (keys.length === 0) return;
      const { Errors = [] } = await this.#client.send(
        new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects: keys, Quiet: true } }),
      );
      const [first] = Errors;
      if (first !== undefined)
        throw new Error(
          `${Errors.length} objects below ${locationUrl({ bucket, key: prefix })} were not removed. ` +
            `${first.Key ?? ''}: ${first.Message ?? first.Code ?? ''}`,
        );
    }
  }
}

/** The bucket of a caller may be in another region. */
export const s3Objects = (): S3Objects => new S3Objects(new S3Client({ followRegionRedirects: true }));

const named = ({ bucket, key, versionId }: ObjectLocation & { readonly versionId?: string }) => ({
  Bucket: bucket,
  Key: key,
  ...(versionId !== undefined && { VersionId: versionId }),
});

const isError = (error: unknown, ...names: readonly string[]): error is Error =>
  error instanceof Error && names.includes(error.name);

/**
 * What will not change by asking again: rights, encryption keys, archived objects, versions, buckets and
 * names that are none.
 */
const final =
  /^(AccessDenied|AllAccessDisabled|InvalidObjectState|NoSuchVersion|NoSuchBucket|InvalidBucketName|KeyTooLongError|InvalidArgument|MethodNotAllowed|PermanentRedirect|KMS\..+)$/;

/** @throws LocationRefused for whatever asking again will not change */
async function refusing<T>(location: ObjectLocation, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof Error && final.test(error.name))) throw error;
    throw new LocationRefused(location, `S3 refuses it to this deployment (${error.name}: ${error.message})`);
  }
}

/** Asks for an object, and takes "it is not there" for an answer. @throws LocationRefused */
const asked = <T>(location: ObjectLocation, ask: () => Promise<T>): Promise<T | undefined> =>
  refusing(location, async () => {
    try {
      return await ask();
    } catch (error) {
      if (isError(error, 'NoSuchKey', 'NotFound', 'NoSuchBucket')) return undefined;
      throw error;
    }
  });
