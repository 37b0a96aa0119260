import {
  GetBucketEncryptionCommand,
  HeadBucketCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import type { Look } from './account-checks.ts';
import { failed, nameOf, ok, unknown, warning, type Finding } from './finding.ts';
import { callJson, type Caller } from './service-call.ts';

/** Every bucket that callers may name: there, in this region, and readable where it has a key of its own. */
export async function bucketChecks(look: Look): Promise<Finding[]> {
  const s3 = new S3Client({
    region: look.caller.region,
    credentials: look.caller.credentials,
    forcePathStyle: true,
    maxAttempts: 2,
  });
  try {
    const { buckets } = look.config;
    if (buckets.length === 0)
      return [
        warning(
          'buckets',
          'none are configured: nothing can be imported, trained from or packaged',
          `Name them in ${look.stage}.buckets.`,
        ),
      ];
    const found: Finding[] = [];
    for (const bucket of buckets) found.push(await bucketCheck(look, s3, bucket));
    return found;
  } finally {
    s3.destroy();
  }
}

async function bucketCheck(look: Look, s3: S3Client, Bucket: string): Promise<Finding> {
  const subject = `bucket ${Bucket}`;
  const { region } = look.caller;
  let place: string | undefined;
  try {
    place = (await s3.send(new HeadBucketCommand({ Bucket }))).BucketRegion ?? region;
  } catch (error) {
    if (!(error instanceof S3ServiceException)) return unknown(subject, error, 's3:ListBucket');
    place = error.$response?.headers['x-amz-bucket-region'];
    const status = error.$metadata.httpStatusCode;
    if (status === 404)
      return failed(
        subject,
        'it is not there',
        `Make it in ${region}, or take it from ${look.stage}.buckets.`,
      );
    if (status !== 301 && (place === undefined || place === region))
      return unknown(
        subject,
        error,
        's3:ListBucket on it; its policy must admit the stack too, if another account owns it,',
      );
  }
  if (place !== region)
    return failed(
      subject,
      `it is in ${place ?? 'another region'}; the stack is for ${region}`,
      'Functions read a bucket of their own region: use one there, or deploy where it is.',
    );
  return keyOf(look, s3, Bucket);
}

/** A bucket with a key of the customer's can be read only by who may use the key. */
async function keyOf({ stage, config, caller }: Look, s3: S3Client, Bucket: string): Promise<Finding> {
  const subject = `bucket ${Bucket}`;
  let key: string | undefined;
  try {
    const { ServerSideEncryptionConfiguration: encryption } = await s3.send(
      new GetBucketEncryptionCommand({ Bucket }),
    );
    const [rule] = encryption?.Rules ?? [];
    key = rule?.ApplyServerSideEncryptionByDefault?.KMSMasterKeyID;
  } catch (error) {
    if (nameOf(error) !== 'ServerSideEncryptionConfigurationNotFoundError')
      return unknown(subject, error, 's3:GetEncryptionConfiguration');
  }
  if (key === undefined) return ok(subject, `in ${caller.region}, with a key of AWS's`);
  let described: KeyDescription;
  try {
    described = await describeKey(caller, key);
  } catch (error) {
    return unknown(`key of ${Bucket}`, error, 'kms:DescribeKey');
  }
  if (described.manager === 'AWS') return ok(subject, `in ${caller.region}, with the account's key aws/s3`);
  return config.bucketKeyArns.includes(described.arn)
    ? ok(subject, `in ${caller.region}, with the key ${described.arn}`)
    : failed(
        subject,
        `it is encrypted with ${described.arn}, which the stack may not use`,
        `Add the key to ${stage}.bucketKeyArns, and let its policy leave the decision to IAM.`,
      );
}

interface KeyDescription {
  readonly arn: string;
  readonly manager: string;
  readonly state: string;
}

async function describeKey(caller: Caller, KeyId: string): Promise<KeyDescription> {
  const { KeyMetadata } = await callJson(caller, 'kms', 'TrentService.DescribeKey', { KeyId });
  const { Arn = KeyId, KeyManager = '', KeyState = '' } = (KeyMetadata ?? {}) as Record<string, string>;
  return { arn: Arn, manager: KeyManager, state: KeyState };
}

/** The keys that the configuration names. */
export async function keyChecks({ config, caller }: Look): Promise<Finding[]> {
  const named = [config.keyArn, config.volumeKeyArn, ...config.bucketKeyArns].filter(
    (arn) => arn !== undefined,
  );
  const found: Finding[] = [];
  for (const arn of new Set(named)) {
    const subject = `key ${arn.split('/').at(-1) ?? arn}`;
    const remedy = 'Correct the configuration, or enable the key.';
    try {
      const { state } = await describeKey(caller, arn);
      found.push(state === 'Enabled' ? ok(subject, state) : failed(subject, `its state is ${state}`, remedy));
    } catch (error) {
      found.push(
        nameOf(error) === 'NotFoundException'
          ? failed(subject, `there is no such key in ${caller.region}`, remedy)
          : unknown(subject, error, 'kms:DescribeKey'),
      );
    }
  }
  return found;
}
