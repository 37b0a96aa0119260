import type { HostingStatus, ModelStatus } from '../contract/shapes.ts';

/**
 * What can be under way for a model. Each kind is carried out by one workflow and holds the model in one
 * passing state.
 */
export type OperationKind = 'import' | 'train' | 'start' | 'stop' | 'delete';

/** The state that a model is in while an operation of this kind is under way. */
export const passingState = {
  import: 'TRAINING',
  train: 'TRAINING',
  start: 'STARTING_HOSTING',
  stop: 'STOPPING_HOSTING',
  delete: 'DELETING',
} as const satisfies Record<OperationKind, ModelStatus>;

/**
 * From which states a request may begin an operation. A stop is accepted while a start is under way, because
 * a user who started the wrong model must be able to stop paying for it, and after a failed start, because
 * what is half provisioned must be released.
 */
export const mayBegin = {
  start: ['TRAINED', 'HOSTING_FAILED'],
  stop: ['HOSTED', 'SYSTEM_UPDATING', 'HOSTING_FAILED', 'STARTING_HOSTING'],
  delete: ['TRAINED', 'TRAINING_FAILED', 'HOSTING_FAILED'],
} as const satisfies Partial<Record<OperationKind, readonly ModelStatus[]>>;

/**
 * States of which an app may ask for verdicts: the engine serves, whether or not it may be changed just now.
 */
export const servingStates: readonly ModelStatus[] = ['HOSTED', 'SYSTEM_UPDATING'];

const hostingStates: readonly ModelStatus[] = [
  'STARTING_HOSTING',
  'HOSTED',
  'HOSTING_FAILED',
  'STOPPING_HOSTING',
  'SYSTEM_UPDATING',
] satisfies readonly HostingStatus[];

/** Whether `status` is one of the five that StartModel and StopModel may answer. */
export const isHosting = (status: ModelStatus): status is HostingStatus => hostingStates.includes(status);

/** Whether a model in this state is on its way somewhere, so that somebody must be looking after it. */
export const isPassing = (status: ModelStatus): boolean =>
  Object.values<ModelStatus>(passingState).includes(status);

/** What `StatusMessage` says. Clients index it without asking, so no state is without one. */
export const statusMessage = {
  training: 'The model is being trained.',
  trained: 'Training completed successfully.',
  importing: 'The model is being imported.',
  imported: 'The model was imported successfully.',
  starting: 'The model is starting. It can be used when its status is HOSTED.',
  hosted: 'The model is running.',
  updating:
    'The model is running. Its hosting resources are being maintained and cannot be changed until that ' +
    'has ended.',
  stopping: 'The model is stopping.',
  stopped: 'The model is not running. Call StartModel to start it.',
  deleting: 'The model is being deleted.',
} as const;
