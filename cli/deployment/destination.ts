import { createHash } from 'node:crypto';
import { join } from 'node:path';
import {
  CreateBucketCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  NotFound,
  PutObjectCommand,
  S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3';
import { createFolderObjects } from '../../lambdas/local/folder-objects.ts';

/**
 * Where pictures go. What is there already is not sent again, so a migration that was interrupted goes on
 * where it was.
 */
export interface Destination {
  readonly bucket: string;
  /** @returns false if exactly these bytes were there */
  put(key: string, bytes: Uint8Array, type: string): Promise<boolean>;
}

/** Our own mark: an ETag is no hash of an object that was encrypted or sent in parts. */
const mark = 'crowsnest-sha256';

interface BucketDestination extends Destination {
  /** Makes the bucket. @returns false if it is there */
  make(): Promise<boolean>;
}

/** @param s3 which S3, and whose, unless it is what the SDK finds by itself */
export function bucketDestination(
  bucket: string,
  region: string,
  s3: Pick<S3ClientConfig, 'endpoint' | 'forcePathStyle' | 'credentials'> = {},
): BucketDestination {
  const client = new S3Client({ region, ...s3 });
  return {
    bucket,
    async make() {
      try {
        await client.send(new HeadBucketCommand({ Bucket: bucket }));
        return false;
      } catch (error) {
        if (!(error instanceof NotFound)) throw error;
      }
      await client.send(new CreateBucketCommand({ Bucket: bucket }));
      return true;
    },
    async put(Key, bytes, type) {
      const hash = createHash('sha256').update(bytes).digest('hex');
      const present = await client
        .send(new HeadObjectCommand({ Bucket: bucket, Key }))
        .catch((error: unknown) => {
          if (error instanceof NotFound) return undefined;
          throw error;
        });
      if (present?.Metadata?.[mark] === hash) return false;
      await client.send(
        new PutObjectCommand({
          Bucket: bucket,
          Key,
          Body: bytes,
          ContentType: type,
          Metadata: { [mark]: hash },
        }),
      );
      return true;
    },
  };
}

/** A local host's data folder: `s3://bucket/key` is the file `<data>/s3/bucket/key`. */
export function folderDestination(bucket: string, dataDir: string): Destination {
  const objects = createFolderObjects(join(dataDir, 's3'));
  return {
    bucket,
    async put(key, bytes) {
      const present = await objects.read({ bucket, key });
      if (present !== undefined && Buffer.compare(present, bytes) === 0) return false;
      await objects.write({ bucket, key }, bytes);
      return true;
    },
  };
}
