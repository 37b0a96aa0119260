import type { LookoutVisionServiceException } from '@aws-sdk/client-lookoutvision';

type Carrier = LookoutVisionServiceException & { readonly __type?: string };

export interface Refusal {
  readonly name: string;
  readonly status: number | undefined;
  readonly message: string;
  readonly [member: string]: unknown;
}

/**
 * The error of a call as the original client gives it to its user: type, HTTP code, message and the members
 * of its type.
 */
export async function refusal(call: Promise<unknown>): Promise<Refusal> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof Error && '$metadata' in error)) throw error;
    const {
      name,
      message,
      $metadata,
      $fault: _fault,
      $response: _response,
      $retryable: _retryable,
      __type: _type,
      ...members
    } = error as Carrier;
    return { name, status: $metadata.httpStatusCode, message, ...members };
  }
  throw new Error('the call was accepted');
}

export const conflict = (resource: string, message: string): Refusal => ({
  name: 'ConflictException',
  status: 409,
  message,
  ResourceId: resource,
  ResourceType: resource.includes('/') ? 'MODEL' : 'PROJECT',
});

export const invalid = (message: string): Refusal => ({ name: 'ValidationException', status: 400, message });

/** One violation, in the service's wording. */
export const violation = (value: string, member: string, rule: string): Refusal =>
  invalid(`1 validation error detected: Value ${value} at '${member}' failed to satisfy constraint: ${rule}`);
