import { EngineFailed } from '../../engine.ts';

/** What the service calls the resources in its messages. */
export type Kind = 'endpoint' | 'endpoint configuration' | 'model';

const told = (error: unknown): { readonly name: string; readonly message: string } =>
  error instanceof Error ? error : { name: '', message: String(error) };

const isValidation = (error: unknown): boolean => told(error).name === 'ValidationException';

/**
 * Whether the service says that it does not know `name`. SageMaker has no error type for that, only a
 * ValidationException with this very sentence; every other ValidationException, one about a configuration
 * where we asked for an endpoint included, says nothing of the kind.
 */
export function isMissing(error: unknown, kind: Kind, name: string): boolean {
  const [, noun, named] =
    /^Could not find (endpoint configuration|endpoint|model) "([^"]+)"\.?$/.exec(told(error).message) ?? [];
  return (
    isValidation(error) &&
    noun === kind &&
    named !== undefined &&
    (named === name || named.endsWith(`/${name}`))
  );
}

/**
 * Whether the service knows the name already: an earlier delivery of the same call got through, or the name
 * is somebody else's.
 */
export const isTaken = (error: unknown, kind: Kind): boolean =>
  isValidation(error) && told(error).message.startsWith(`Cannot create already existing ${kind} "`);

/** Whether the endpoint is in a state in which it can be neither changed nor deleted. */
export const isInProgress = (error: unknown): boolean =>
  isValidation(error) && told(error).message.startsWith('Cannot update in-progress endpoint');

/** Model packages have sentences of their own; several are about. */
export const isPackageMissing = (error: unknown): boolean =>
  told(error).name === 'ResourceNotFound' ||
  (isValidation(error) &&
    /Cannot find Model ?Package|Model ?Package .*does not exist/i.test(told(error).message));

export const isPackageTaken = (error: unknown): boolean =>
  isValidation(error) && /Model ?Package already exists/i.test(told(error).message);

/**
 * Jobs of either kind: their names stay taken for as long as the account remembers them, which is for ever.
 */
export const isJobTaken = (error: unknown): boolean =>
  told(error).name === 'ResourceInUse' && /job with this name already exists/i.test(told(error).message);

/**
 * Training and transform jobs have sentences of their own; the type that is documented for it has been seen
 * as well.
 */
export const isJobMissing = (error: unknown): boolean =>
  told(error).name === 'ResourceNotFound' ||
  (isValidation(error) &&
    /^(Requested resource not found|Could not find (requested )?job\b)/i.test(told(error).message));

/** Whether a job cannot be stopped because it has ended, or is about to. */
export const isJobOver = (error: unknown): boolean =>
  isValidation(error) &&
  /^The request was rejected because the (training|transform) job is in status/i.test(told(error).message);

/** Makes a remedy of a reason of the service. */
export type Translate = (reason: string) => string;

/**
 * The service's own answer that repeating will not change; anything else (throttling, a lost connection, a
 * fault of its own) passes.
 */
const final = /^(ValidationException|AccessDenied(Exception)?|ResourceLimitExceeded|ResourceNotFound)$/;

/**
 * The remedy, if the service will never do what it was asked for: it refuses the parameters, the rights or
 * the quota.
 * @returns undefined for whatever is worth another try
 */
export function refusalOf(error: unknown, translate: Translate): EngineFailed | undefined {
  const { name, message } = told(error);
  if (!final.test(name)) return undefined;
  return new EngineFailed(translate(name === 'ValidationException' ? message : `${name}: ${message}`), {
    cause: error,
    quota: name === 'ResourceLimitExceeded',
  });
}
