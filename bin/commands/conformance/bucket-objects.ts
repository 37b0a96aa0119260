import { DeleteObjectsCommand, GetObjectCommand, ListObjectsV2Command, NoSuchKey, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { ObjectStore } from '../../../lambdas/domain/ports.ts';

export interface BucketObjects extends ObjectStore {
  removeWritten(): Promise<void>;
}

/** One real bucket, below a prefix, in place of whichever bucket is named. */
export function bucketObjects({ bucket, prefix, region }: { readonly bucket: string; readonly prefix: string; readonly region: string }): BucketObjects {
  const client = new S3Client({ region });
  const removeBelow = async (below: string): Promise<void> => {
    for (;;) {
      const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: below }));
      if (Contents.length === 0) return;
      await client.send(new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects: Contents.map(({ Key }) => ({ Key })), Quiet: true } }));
    }
  };
  return {
    async read({ key }) {
      try {
        const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: prefix + key }));
        return await Body?.transformToByteArray();
      } catch (error) {
        if (error instanceof NoSuchKey) return undefined;
        throw error;
      }
    },
    async write({ key }, bytes) {
      await client.send(new PutObjectCommand({ Bucket: bucket, Key: prefix + key, Body: bytes }));
    },
    removeAll: (_bucket, below) => removeBelow(prefix + below),
    removeWritten: () => removeBelow(prefix),
  };
}
