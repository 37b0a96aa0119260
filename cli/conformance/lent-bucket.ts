import { readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { DeleteObjectsCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { bucketDestination } from '../deployment/destination.ts';

/** A bucket that somebody lends us: what we put there is below one prefix, and is taken away again. */
export interface LentBucket {
  /** Every file below the folder, under its path. */
  fill(folder: string): Promise<void>;
  clear(): Promise<void>;
}

export function lentBucket(bucket: string, prefix: string, region: string): LentBucket {
  const destination = bucketDestination(bucket, region);
  return {
    async fill(folder) {
      const entries = await readdir(folder, { recursive: true, withFileTypes: true });
      for (const entry of entries.filter((each) => each.isFile())) {
        const path = join(entry.parentPath, entry.name);
        await destination.put(
          prefix + relative(folder, path).split(sep).join('/'),
          await readFile(path),
          'application/octet-stream',
        );
      }
    },
    async clear() {
      const client = new S3Client({ region });
      for (;;) {
        const { Contents = [] } = await client.send(
          new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix }),
        );
        if (Contents.length === 0) break;
        await client.send(
          new DeleteObjectsCommand({
            Bucket: bucket,
            Delete: { Objects: Contents.map(({ Key }) => ({ Key })), Quiet: true },
          }),
        );
      }
      client.destroy();
    },
  };
}
