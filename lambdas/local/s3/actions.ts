/** What a key may do with the buckets that it reaches, in the words of AWS's policies. */
export const s3Actions = [
  's3:AbortMultipartUpload',
  's3:CreateBucket',
  's3:DeleteBucket',
  's3:DeleteObject',
  's3:GetBucketLocation',
  's3:GetBucketVersioning',
  's3:GetObject',
  's3:ListAllMyBuckets',
  's3:ListBucket',
  's3:ListBucketMultipartUploads',
  's3:ListMultipartUploadParts',
  's3:PutObject',
] as const;

export type S3Action = (typeof s3Actions)[number];
