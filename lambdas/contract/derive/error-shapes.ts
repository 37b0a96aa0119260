import { errorStatus, type ErrorName, type ResourceType } from '../errors.ts';
import type { Member, Shape } from '../shape.ts';

// The classes in errors.ts put these members into an answer; a test holds the two together.

const text = { shape: 'ExceptionString' } as const;
const message = { Message: { ...text, required: true } } as const;
const resourceTypes: Readonly<Record<ResourceType, true>> = {
  PROJECT: true,
  DATASET: true,
  MODEL: true,
  TRIAL: true,
  MODEL_PACKAGE_JOB: true,
};
const resource = {
  ResourceId: { ...text, required: true },
  ResourceType: { shape: 'ResourceType', required: true },
} as const;
const retry = { RetryAfterSeconds: { shape: 'RetryAfterSeconds', in: 'header', as: 'Retry-After' } } as const;

/** The scalars that only errors use. */
export const errorScalars: Readonly<Record<string, Shape>> = {
  ExceptionString: { type: 'string' },
  ResourceType: { type: 'string', enum: Object.keys(resourceTypes) },
  RetryAfterSeconds: { type: 'integer' },
};

/** What each error carries, by the published description of the service. */
export const errorMembers: Readonly<Record<ErrorName, Readonly<Record<string, Member>>>> = {
  AccessDeniedException: message,
  ConflictException: { ...message, ...resource },
  InternalServerException: { ...message, ...retry },
  ResourceNotFoundException: { ...message, ...resource },
  ServiceQuotaExceededException: {
    ...message,
    ResourceId: text,
    ResourceType: { shape: 'ResourceType' },
    QuotaCode: { ...text, required: true },
    ServiceCode: { ...text, required: true },
  },
  ThrottlingException: { ...message, QuotaCode: text, ServiceCode: text, ...retry },
  ValidationException: message,
};

export const errorNames = Object.keys(errorStatus) as ErrorName[];
