import StatusIndicator, { type StatusIndicatorProps } from '@cloudscape-design/components/status-indicator';

const words: Readonly<Record<string, [StatusIndicatorProps.Type, string]>> = {
  CREATE_IN_PROGRESS: ['in-progress', 'Being created'],
  CREATE_COMPLETE: ['success', 'Ready'],
  CREATE_FAILED: ['error', 'Could not be created'],
  UPDATE_IN_PROGRESS: ['in-progress', 'Being updated'],
  UPDATE_COMPLETE: ['success', 'Ready'],
  UPDATE_FAILED_ROLLBACK_COMPLETE: ['warning', 'Ready; the last change failed'],
  TRAINING: ['in-progress', 'Training'],
  TRAINED: ['success', 'Trained'],
  TRAINING_FAILED: ['error', 'Training failed'],
  STARTING_HOSTING: ['in-progress', 'Starting'],
  HOSTED: ['success', 'Hosted'],
  HOSTING_FAILED: ['error', 'Hosting failed'],
  STOPPING_HOSTING: ['in-progress', 'Stopping'],
  SYSTEM_UPDATING: ['in-progress', 'Being updated'],
  DELETING: ['in-progress', 'Being deleted'],
};

export function Status({ of = '' }: { readonly of?: string | undefined }) {
  const [type, text] = words[of] ?? ['info', of === '' ? 'Unknown' : of];
  return <StatusIndicator type={type}>{text}</StatusIndicator>;
}

/** Whether something goes on by itself, so that it is worth looking again. */
export const isPassing = (status: string | undefined): boolean =>
  /IN_PROGRESS$|^(TRAINING|STARTING_HOSTING|STOPPING_HOSTING|SYSTEM_UPDATING|DELETING)$/.test(status ?? '');

export const when = (time: number | undefined): string =>
  time === undefined
    ? '–'
    : new Date(time).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
