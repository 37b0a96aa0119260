import type { DescribeEndpointOutput, EndpointStatus } from '@aws-sdk/client-sagemaker';
import type { Observation } from '../../engine.ts';
import { isQuota, userMessageOf } from './user-messages.ts';

/** In these SageMaker refuses to delete an endpoint, so that a removal has to be patient. */
export const busyStates: readonly (EndpointStatus | undefined)[] = [
  'Creating',
  'Updating',
  'RollingBack',
  'SystemUpdating',
];

/** What the variant is busy with, in the service's words: a good line of progress. */
function progress({ ProductionVariants }: DescribeEndpointOutput): string | undefined {
  const [status] = ProductionVariants?.[0]?.VariantStatus ?? [];
  return status?.StatusMessage;
}

/**
 * The level that an endpoint is at. Apps are served in `Updating`, `RollingBack` and `UpdateRollbackFailed`
 * too (capacity that was there stays there), so those are ready, with a note; only `SystemUpdating` is a
 * state of the model's own.
 */
export function observationOf(
  endpoint: DescribeEndpointOutput,
  about: { readonly name: string; readonly instanceType: string },
): Observation {
  const units = endpoint.ProductionVariants?.[0]?.CurrentInstanceCount;
  const unitsInService = units === undefined ? {} : { unitsInService: units };
  const note = progress(endpoint);
  switch (endpoint.EndpointStatus) {
    case 'Creating':
      return { state: 'creating', ...(note !== undefined && { note }) };
    case 'InService':
      return { state: 'ready', ...unitsInService };
    case 'Updating':
      return { state: 'ready', note: 'The number of units in service is changing.', ...unitsInService };
    case 'RollingBack':
      return {
        state: 'ready',
        note: 'A change of the units in service did not succeed and is being taken back.',
        ...unitsInService,
      };
    case 'UpdateRollbackFailed':
      return {
        state: 'ready',
        ...unitsInService,
        note: [
          'A change of the units in service did not succeed, nor did taking it back.',
          'Stop the model and start it again.',
          ...(endpoint.FailureReason === undefined ? [] : [endpoint.FailureReason]),
        ].join(' '),
      };
    case 'SystemUpdating':
      return { state: 'updating', ...(note !== undefined && { note }), ...unitsInService };
    case 'Failed':
      return {
        state: 'failed',
        reason: userMessageOf(endpoint.FailureReason ?? '', about),
        ...(isQuota(endpoint.FailureReason ?? '') && { quota: true }),
      };
    case 'OutOfService':
      return {
        state: 'failed',
        reason: `The endpoint takes no requests. ${userMessageOf(endpoint.FailureReason ?? '', about)}`,
      };
    case 'Deleting':
      return { state: 'removing' };
    case undefined:
    default:
      // A state that was invented after this was written: neither good nor bad until somebody knows better.
      return {
        state: 'creating',
        note: `SageMaker reports the state ${String(endpoint.EndpointStatus)}, which is unknown here.`,
      };
  }
}
