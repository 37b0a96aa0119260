import { CopyObjectCommand, DeleteObjectsCommand, GetObjectCommand, ListObjectsV2Command, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import type { ObjectLocation, ObjectStream } from '../domain/ports.ts';
import type { CopyingStore } from '../hosting/sagemaker/options.ts';

/** Objects in S3. What may not be listed and what is not there look alike to S3, and so to us: roles therefore may list what they may read. */
export class S3Objects implements CopyingStore {
  readonly #client: Pick<S3Client, 'send'>;

  constructor(client: Pick<S3Client, 'send'>) {
    this.#client = client;
  }

  async read({ bucket, key }: ObjectLocation): Promise<Uint8Array | undefined> {
    try {
      const { Body } = await this.#client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
      return await Body?.transformToByteArray();
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw error;
    }
  }

  async stream({ bucket, key, versionId }: ObjectLocation & { readonly versionId?: string }, from = 0): Promise<ObjectStream | undefined> {
    try {
      const { Body, ETag } = await this.#client.send(new GetObjectCommand({
        Bucket: bucket, Key: key, ...(versionId !== undefined && { VersionId: versionId }), ...(from > 0 && { Range: `bytes=${from}-` }),
      }));
      return Body === undefined ? undefined : { tag: ETag ?? '', bytes: Body as unknown as AsyncIterable<Uint8Array> };
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw error;
    }
  }

  async write({ bucket, key }: ObjectLocation, bytes: Uint8Array): Promise<void> {
    await this.#client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: bytes }));
  }

  /** S3 copies up to 5 GB within itself; what a picture is judged by is never larger. */
  async copy(from: ObjectLocation, to: ObjectLocation): Promise<boolean> {
    const path = `${from.bucket}/${from.key.split('/').map(encodeURIComponent).join('/')}`;
    try {
      // The copy is ours: it neither needs the caller's tags nor the right to read them.
      await this.#client.send(new CopyObjectCommand({ Bucket: to.bucket, Key: to.key, CopySource: path, TaggingDirective: 'REPLACE', Tagging: '' }));
      return true;
    } catch (error) {
      if (isAbsent(error)) return false;
      throw error;
    }
  }

  /** A thousand at a time. An empty prefix would name the whole bucket, which nobody means. */
  async removeAll(bucket: string, prefix: string): Promise<void> {
    if (prefix === '') throw new Error('removeAll needs a prefix');
    for (;;) {
      const { Contents = [] } = await this.#client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix }));
      const keys = Contents.flatMap(({ Key }) => (Key === undefined ? [] : [{ Key }]));
      if (keys.length === 0) return;
      const { Errors = [] } = await this.#client.send(new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects: keys, Quiet: true } }));
      const [first] = Errors;
      if (first !== undefined) throw new Error(`${Errors.length} objects below s3://${bucket}/${prefix} were not removed. ${first.Key ?? ''}: ${first.Message ?? first.Code ?? ''}`);
    }
  }
}

const isAbsent = (error: unknown): boolean => error instanceof Error && ['NoSuchKey', 'NotFound', 'NoSuchBucket'].includes(error.name);
