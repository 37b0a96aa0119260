import { wordsOf } from '../hosting/user-messages.ts';
import type { Translate } from '../hosting/refusals.ts';

/** What the reason is about. */
export interface About {
  readonly job: string;
  readonly use: 'training' | 'transform';
  readonly instanceType: string;
  readonly maxSeconds: number;
}

const logGroups = {
  training: '/aws/sagemaker/TrainingJobs',
  transform: '/aws/sagemaker/TransformJobs',
} as const;

/**
 * The first that fits wins. SageMaker puts the side at fault in front: ClientError is the data's,
 * AlgorithmError the container's.
 */
const userMessages: readonly (readonly [when: RegExp, remedy: (about: About) => string])[] = [
  [
    /not subscribed|aws-marketplace:/i,
    () =>
      "This account is not subscribed to the algorithm's AWS Marketplace product. Subscribe to it in " +
      'this region, or have the subscription renewed, and train again.',
  ],
  [
    /ResourceLimitExceeded|service limit|service quota/i,
    ({ instanceType, use }) =>
      `The account's quota of ${instanceType} instances for ${use} jobs is used up. Wait for other jobs ` +
      `to end, or request a higher quota "${instanceType} for ${use} job usage" in Service Quotas, and ` +
      'train again.',
  ],
  [
    /InsufficientInstanceCapacity|CapacityError|Unable to provision requested ML compute capacity|insufficient capacity/i,
    ({ instanceType }) =>
      `AWS has no ${instanceType} instances free in this region just now. Train again later, or ` +
      'configure another instance type for this stage.',
  ],
  [
    /MaxRuntimeExceeded|exceeded .*(MaxRuntimeInSeconds|maximum.*runtime)/i,
    ({ maxSeconds }) =>
      `The training took longer than the ${Math.round(maxSeconds / 60)} minutes that this stage allows. ` +
      'Train with fewer or smaller images, or have the limit raised.',
  ],
  [
    /\bKMS\b|kms:/i,
    () =>
      'SageMaker may not use the KMS key. See that the key is in this region, and that its policy lets ' +
      'the training role encrypt and decrypt with it; then train again.',
  ],
  [
    /Could not assume role|validate the provided IAM role/i,
    () =>
      'SageMaker cannot use the training role of this stage. See that the role exists and trusts ' +
      'sagemaker.amazonaws.com, and that Crowsnest may pass it.',
  ],
  [
    /No S3 objects found|(download|access|read|get).{0,80}S3|S3.{0,80}(denied|forbidden|not exist)|NoSuchKey|Data download failed/i,
    () =>
      "SageMaker could not read the images. See that the dataset's images and masks still exist, in this " +
      'region, and that the training role may read their bucket and use its KMS key; then train again.',
  ],
  [
    /more memory|OutOfMemory|out of memory|exit code:? 137/i,
    ({ instanceType }) =>
      `The images do not fit into the memory of ${instanceType}. Train with fewer or smaller images, or ` +
      'configure another instance type for this stage.',
  ],
  [
    /No space left|disk (space|full)/i,
    () =>
      'The storage of the training instance is full. Train with fewer or smaller images, or have a ' +
      'larger volume configured for this stage.',
  ],
  [
    /^AccessDenied|not authorized/i,
    () =>
      'Crowsnest lacks a right that it needs to train this model. Compare the policies of its task role ' +
      'with those that it was deployed with, and look for a policy that denies.',
  ],
  [
    /^ClientError/,
    ({ job, use }) =>
      'The algorithm refuses the images. All must be of one size, from 64 to 4096 pixels, as PNG or ' +
      `JPEG, and masks PNGs with no other colours than their maps list. The log group ${logGroups[use]} ` +
      `says more, in the stream that begins with ${job}.`,
  ],
  [
    /^AlgorithmError/,
    ({ job, use }) =>
      'The algorithm failed. Train again; if that fails again, look into the log group ' +
      `${logGroups[use]}, at the stream that begins with ${job}.`,
  ],
  [/^InternalServerError/, () => 'SageMaker had a fault of its own. Train again.'],
];

/** Translates a reason of the service into what a user can do about it, and keeps the service's own words. */
export const userMessageOf =
  (about: About): Translate =>
  (reason) => {
    const words = wordsOf(reason);
    if (words === '')
      return (
        'SageMaker gives no reason. Train again; if that fails again, look into the log group ' +
        `${logGroups[about.use]}.`
      );
    const [, remedy] = userMessages.find(([when]) => when.test(reason.trim())) ?? [];
    return remedy === undefined
      ? `SageMaker cannot train the model: ${words}`
      : `${remedy(about)} (SageMaker: ${words})`;
  };
