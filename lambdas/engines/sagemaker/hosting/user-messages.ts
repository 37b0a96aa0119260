/** SageMaker's reasons run to a kilobyte; a status message should not. */
const longest = 500;

type About = { readonly name: string; readonly instanceType: string };

const quota = /ResourceLimitExceeded|service limit|service quota/i;

/** Whether a reason of the service is the account's quota of instances. */
export const isQuota = (reason: string): boolean => quota.test(reason);

/** The first that fits wins: a reason about a quota may also mention capacity. */
const userMessages: readonly (readonly [when: RegExp, remedy: (about: About) => string])[] = [
  [
    /not subscribed|aws-marketplace:/i,
    () =>
      "This account is not subscribed to the model's AWS Marketplace product. Subscribe to it in this " +
      'region, or have the subscription renewed, and start again.',
  ],
  [
    quota,
    ({ instanceType }) =>
      `The account's quota of ${instanceType} instances for endpoints is used up. Stop another model, or ` +
      `request a higher quota "${instanceType} for endpoint usage" in Service Quotas, and start again.`,
  ],
  [
    /InsufficientInstanceCapacity|Unable to provision requested ML compute capacity|insufficient capacity/i,
    ({ instanceType }) =>
      `AWS has no ${instanceType} instances free in this region just now. Start again later, or ` +
      'configure another instance type for this stage.',
  ],
  [
    /ping health check/i,
    ({ name, instanceType }) =>
      "The model's container did not pass its health check. Its log group is " +
      `/aws/sagemaker/Endpoints/${name}; most often ${instanceType} has too little memory for the model, ` +
      'or is not a type that the model supports.',
  ],
  [
    /model data|extract .*archive/i,
    () =>
      'The model data could not be loaded. See that the object exists, that it is a gzipped TAR file ' +
      'without symbolic links, and that the execution role may read it and use its KMS key; then import ' +
      'the model again.',
  ],
  [
    /images? included in the model|container image|ECR|CannotPull|pull access/i,
    () =>
      'The container image could not be pulled. See that it exists in this region, and that the ' +
      "execution role and the repository's policy allow it to be pulled.",
  ],
  [
    /Could not assume role|validate the provided IAM role|execution role/i,
    () =>
      'SageMaker cannot use the execution role of this stage. See that the role exists and trusts ' +
      'sagemaker.amazonaws.com, and that Crowsnest may pass it.',
  ],
  [
    /^AccessDenied|not authorized/i,
    () =>
      'Crowsnest lacks a right that it needs to host this model. Compare the policies of its task role ' +
      'with those that it was deployed with, and look for a policy that denies.',
  ],
];

/** The service's own words, within bounds. */
export const wordsOf = (reason: string): string =>
  reason.trim().length > longest ? `${reason.trim().slice(0, longest)}…` : reason.trim();

/**
 * Translates a reason of the service into what a user can do about it, and keeps the service's own words.
 * An unknown reason is passed on as it is: it may well say enough.
 */
export function userMessageOf(reason: string, about: About): string {
  const words = wordsOf(reason);
  const [, remedy] = userMessages.find(([when]) => when.test(reason)) ?? [];
  if (words === '')
    return 'SageMaker gives no reason. Start the model again; if that fails again, look into its log.';
  return remedy === undefined
    ? `SageMaker cannot host the model: ${words}`
    : `${remedy(about)} (SageMaker: ${words})`;
}
