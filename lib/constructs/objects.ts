import { Aws, Duration } from 'aws-cdk-lib';
import type { IRole } from 'aws-cdk-lib/aws-iam';
import { Key, type IKey } from 'aws-cdk-lib/aws-kms';
import { BlockPublicAccess, Bucket, BucketEncryption } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { acknowledge } from '../acknowledge.ts';
import { allow } from './grant.ts';
import { kept } from './service-function.ts';
import { useKey, useKeys, type Keys } from './key.ts';

export interface ObjectsProps {
  readonly keys: Keys;
  /** Buckets that callers may name, and the keys that these are encrypted with. */
  readonly buckets: readonly string[];
  readonly bucketKeyArns: readonly string[];
}

const because = 'The wildcard stands for the keys of one bucket: ours, or one that the operator lists.';

/** The bucket that keeps our copies, the buckets that callers may name, and who may do what to either. */
export class Objects extends Construct {
  readonly artifacts: Bucket;
  readonly #props: ObjectsProps;
  readonly #bucketKeys: readonly IKey[];

  constructor(scope: Construct, id: string, props: ObjectsProps) {
    super(scope, id);
    this.#props = props;
    this.#bucketKeys = props.bucketKeyArns.map((arn) => Key.fromKeyArn(this, arn, arn));
    this.artifacts = new Bucket(this, 'Artifacts', {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      enforceSSL: true,
      // nobody gets the right to empty it, and a bucket that is not empty cannot be deleted
      removalPolicy: kept,
      // parts of uploads that were broken off are billed, and nobody sees them
      lifecycleRules: [{ abortIncompleteMultipartUploadAfter: Duration.days(7) }],
      ...(props.keys.current === undefined
        ? { encryption: BucketEncryption.S3_MANAGED }
        : { encryption: BucketEncryption.KMS, encryptionKey: props.keys.current, bucketKeyEnabled: true }),
    });
    acknowledge(
      this.artifacts,
      ['AwsSolutions-S1'],
      "Only this stack writes here, each object once; who asked for it is in the model's row.",
    );
  }

  /**
   * What callers name. Who may not list cannot tell what is missing from what is forbidden, so that reading
   * goes with listing.
   */
  allowRead(to: IRole): void {
    this.#each(to, ['s3:GetObject', 's3:GetObjectVersion'], ['s3:ListBucket']);
  }

  /** Results that callers asked for. */
  allowWrite(to: IRole): void {
    this.#each(to, ['s3:PutObject']);
  }

  /**
   * Pictures that callers upload by URLs that a role signed. S3 tells where a bucket is to who may list it.
   */
  allowUploads(to: IRole): void {
    this.#each(to, ['s3:PutObject'], ['s3:ListBucket']);
  }

  /** Our own copies. */
  allowArtifacts(to: IRole, ...actions: readonly ('Get' | 'Put' | 'Delete')[]): void {
    allow(to, {
      actions: actions.map((action) => `s3:${action}Object`),
      on: [this.artifacts.arnForObjects('*')],
      because,
    });
    allow(to, { actions: ['s3:ListBucket'], on: [this.artifacts.bucketArn] });
    useKeys(this.#props.keys, to, 's3');
  }

  /** Of our own copies those with keys like this. Without the right to list: what is missing is a failure. */
  allowArtifactsAt(to: IRole, keys: string, ...actions: readonly ('Get' | 'Put' | 'Delete')[]): void {
    allow(to, {
      actions: actions.map((action) => `s3:${action}Object`),
      on: [this.artifacts.arnForObjects(keys)],
      because,
    });
    useKeys(this.#props.keys, to, 's3');
  }

  #each(to: IRole, onObjects: readonly string[], onBucket: readonly string[] = []): void {
    const arns = this.#props.buckets.map((name) => `arn:${Aws.PARTITION}:s3:::${name}`);
    if (arns.length === 0) return;
    allow(to, { actions: onObjects, on: arns.map((arn) => `${arn}/*`), because });
    if (onBucket.length > 0) allow(to, { actions: onBucket, on: arns });
    for (const key of this.#bucketKeys) useKey(key, to, 's3');
  }
}
