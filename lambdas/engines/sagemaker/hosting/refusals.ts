import { EngineFailed } from '../../engine.ts';

/** What the service calls the resources in its messages. */
export type Kind = 'endpoint' | 'endpoint configuration' | 'model';

const told = (error: unknown): { readonly name: string; readonly message: string } =>
  error instanceof Error ? error : { name: '', message: String(error) };

const isValidation = (error: unknown): boolean => told(error).name === 'ValidationException';

/** However it is put: the sentences are not documented, and have changed before. */
const notFoundShaped =
  /could not find|cannot find|can't find|unable to find|does ?n[o']t exist|not found|no such/i;

/** SageMaker has no error type of its own for this in most operations. */
const isNotFound = (error: unknown): boolean =>
  /^ResourceNotFound(Exception)?$/.test(told(error).name) ||
  (isValidation(error) && notFoundShaped.test(told(error).message));

/**
 * Whether the service says that it does not know `name`: any refusal that is shaped like it and is about
 * nothing else. One that names another resource, or a configuration where we asked for an endpoint, says
 * nothing of the kind; neither does a failure of the service's own.
 */
export function isMissing(error: unknown, kind: Kind, name: string): boolean {
  if (!isNotFound(error)) return false;
  const { message } = told(error);
  const named = [...message.matchAll(/"([^"]+)"/g)].map(([, each = '']) => each.split('/').at(-1));
  const kinds = [...message.toLowerCase().matchAll(/endpoint[ -]?config(uration)?|endpoint|\bmodel\b/g)].map(
    ([noun]) => (/config/.test(noun) ? 'endpoint configuration' : noun),
  );
  return named.every((each) => each === name) && (kinds.length === 0 || kinds.includes(kind));
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
  (isNotFound(error) && /Model ?Package/i.test(told(error).message));

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
  (isNotFound(error) && /\b(resource|job)\b/i.test(told(error).message));

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
