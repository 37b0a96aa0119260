/**
 * The seven errors of the service, as clients know them: name, HTTP code and members. Only these reach a
 * caller.
 */
export const errorStatus = {
  AccessDeniedException: 403,
  ConflictException: 409,
  InternalServerException: 500,
  ResourceNotFoundException: 404,
  ServiceQuotaExceededException: 402,
  ThrottlingException: 429,
  ValidationException: 400,
} as const;

export type ErrorName = keyof typeof errorStatus;

/** What every operation may answer; the rest must be declared by its row. */
export const commonErrors: readonly ErrorName[] = [
  'AccessDeniedException',
  'InternalServerException',
  'ResourceNotFoundException',
  'ThrottlingException',
  'ValidationException',
];

export type ResourceType = 'PROJECT' | 'DATASET' | 'MODEL' | 'TRIAL' | 'MODEL_PACKAGE_JOB';

/**
 * A refusal in the service's own terms. `members` travel in the body beside `Message`; `retryAfter` (whole
 * seconds) in its header.
 */
export abstract class ServiceError extends Error {
  abstract override readonly name: ErrorName;
  readonly retryAfter?: number;
  members(): Record<string, string> {
    return {};
  }
}

export class ValidationError extends ServiceError {
  override readonly name = 'ValidationException';
}

export class AccessDeniedError extends ServiceError {
  override readonly name = 'AccessDeniedException';
}

abstract class ResourceError extends ServiceError {
  readonly resourceType: ResourceType;
  readonly resourceId: string;
  constructor(resourceType: ResourceType, resourceId: string, message: string) {
    super(message);
    this.resourceType = resourceType;
    this.resourceId = resourceId;
  }
  override members(): Record<string, string> {
    return { ResourceId: this.resourceId, ResourceType: this.resourceType };
  }
}

export class ConflictError extends ResourceError {
  override readonly name = 'ConflictException';
}

export class NotFoundError extends ResourceError {
  override readonly name = 'ResourceNotFoundException';
}

export class QuotaError extends ResourceError {
  override readonly name = 'ServiceQuotaExceededException';
  readonly quotaCode: string;
  constructor(quotaCode: string, resourceType: ResourceType, resourceId: string, message: string) {
    super(resourceType, resourceId, message);
    this.quotaCode = quotaCode;
  }
  override members(): Record<string, string> {
    return { ...super.members(), QuotaCode: this.quotaCode, ServiceCode: 'lookoutvision' };
  }
}

export class ThrottlingError extends ServiceError {
  override readonly name = 'ThrottlingException';
  override readonly retryAfter: number;
  /** @param retryAfter whole seconds: JS clients fail on any other form of the header. */
  constructor(message: string, retryAfter = 1) {
    super(message);
    this.retryAfter = retryAfter;
  }
}

/** What callers learn of a failure that is ours, whatever it was; the log has the rest. */
export class InternalError extends ServiceError {
  override readonly name = 'InternalServerException';
  constructor() {
    super('Crowsnest could not process the request. Try your call again.');
  }
}

/**
 * The same error while the storage does not answer: by its code (503) and its header, SDKs and proxies know
 * that trying again is right.
 */
export class UnavailableError extends ServiceError {
  override readonly name = 'InternalServerException';
  override readonly retryAfter = 2;
  constructor() {
    super(
      'Crowsnest cannot reach its storage right now. Nothing is known to have changed. Try your call again.',
    );
  }
}
