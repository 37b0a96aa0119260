import { EngineFailed } from '../engine.ts';

const told = (error: unknown): { readonly name: string; readonly message: string } =>
  error instanceof Error ? error : { name: '', message: String(error) };

export const isMissing = (error: unknown): boolean =>
  ['ResourceNotFoundException', 'ProvisionedConcurrencyConfigNotFoundException'].includes(told(error).name);

/**
 * The name is taken, or the function is in a state in which it cannot be changed: Lambda has one type for
 * both.
 */
export const isConflict = (error: unknown): boolean => told(error).name === 'ResourceConflictException';

/** A role that IAM has just made is refused for some seconds. */
const isEarly = (message: string): boolean => message.includes('cannot be assumed by Lambda');

const messages: readonly (readonly [when: RegExp, message: string])[] = [
  [
    /UnreservedConcurrentExecution/i,
    'The account has not enough concurrent executions of Lambda left for so many inference units. Start ' +
      'the model with fewer units, stop another model, or request a higher quota "Concurrent executions" ' +
      'in Service Quotas, and start again.',
  ],
  [
    /CodeStorageExceeded/i,
    'The account has no room left for code of Lambda functions in this region. Delete functions or ' +
      'versions that nobody needs, or request a higher quota "Function and layer storage" in Service ' +
      'Quotas, and start again.',
  ],
  [
    /RequestTooLarge|RequestEntityTooLarge|Unzipped size must be smaller/i,
    'The model is too large for a Lambda function. Import a smaller one, or host it on a stage with ' +
      'SageMaker.',
  ],
  [
    /AccessDenied|not authorized/i,
    'Crowsnest lacks a right that it needs to host this model. Compare the policies of its task role ' +
      'with those that it was deployed with, and look for a policy that denies.',
  ],
  [
    /FUNCTION_ERROR_INIT|Runtime\.|initiali[sz]/i,
    "The model did not load in its unit. Look into the log of the stage's inference units.",
  ],
  [
    /MemorySize/i,
    'The account may not make functions with as much memory as this stage gives its units. Configure ' +
      'less (lambda.unitMemory), or ask AWS for more.',
  ],
];

/** Lambda's reasons run to a kilobyte; a status message should not. */
const longest = 400;

/** What a user can do about a reason of the service, and the service's own words. */
export function userMessage(reason: string): string {
  const words = reason.trim().slice(0, longest);
  const [, message] = messages.find(([when]) => when.test(reason)) ?? [];
  if (words === '')
    return "Lambda gives no reason. Start the model again; if that fails again, look into the units' log.";
  return message === undefined ? `Lambda cannot host the model: ${words}` : `${message} (Lambda: ${words})`;
}

/**
 * What repeating will not change. Throttling, conflicts, lost connections and faults of Lambda's own pass.
 */
const final =
  /^(InvalidParameterValueException|AccessDeniedException|AccessDenied|CodeStorageExceededException|RequestTooLargeException|RequestEntityTooLargeException|ValidationException|LimitExceededException)$/;

/** @returns undefined for whatever is worth another try */
function refusalOf(error: unknown): EngineFailed | undefined {
  const { name, message } = told(error);
  if (!final.test(name) || isEarly(message)) return undefined;
  return new EngineFailed(
    userMessage(name === 'InvalidParameterValueException' ? message : `${name}: ${message}`),
    {
      cause: error,
    },
  );
}

/** Gives an order. @throws EngineFailed for what repeating will not change */
export async function ordered<T>(give: () => Promise<T>): Promise<T> {
  try {
    return await give();
  } catch (error) {
    throw refusalOf(error) ?? error;
  }
}
