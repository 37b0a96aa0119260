import type { Model } from '../../../lambdas/domain/model.ts';
import type { CallName } from './commands.ts';
import { merged, none, type Given, type Lines } from './lines.ts';
import type { Moment } from './moments.ts';

// The lifecycles as their documentation tells them, written down by hand and used by nothing but this proof.

type Cause = CallName | 'task' | 'sweep';

/** From where to where something may go, and who may bring it there. `none`: it does not exist. */
export type Moves = Readonly<Record<string, Readonly<Record<string, readonly Cause[]>>>>;

/** Of a model. What is imported and what is trained show the same status, and go different ways. */
export const moves: Moves = {
  none: { IMPORTING: ['ImportModel'], TRAINING: ['CreateModel'] },
  IMPORTING: { TRAINED: ['task'], TRAINING_FAILED: ['task', 'sweep'] },
  TRAINING: { TRAINED: ['task', 'sweep'], TRAINING_FAILED: ['task', 'sweep'] },
  TRAINED: { STARTING_HOSTING: ['StartModel'], DELETING: ['DeleteModel'] },
  TRAINING_FAILED: { DELETING: ['DeleteModel'] },
  STARTING_HOSTING: {
    HOSTED: ['task', 'sweep'],
    HOSTING_FAILED: ['task', 'sweep'],
    STOPPING_HOSTING: ['StopModel'],
  },
  HOSTED: { SYSTEM_UPDATING: ['sweep'], HOSTING_FAILED: ['sweep'], STOPPING_HOSTING: ['StopModel'] },
  SYSTEM_UPDATING: { HOSTED: ['sweep'], HOSTING_FAILED: ['sweep'], STOPPING_HOSTING: ['StopModel'] },
  HOSTING_FAILED: {
    STARTING_HOSTING: ['StartModel'],
    STOPPING_HOSTING: ['StopModel'],
    DELETING: ['DeleteModel'],
  },
  STOPPING_HOSTING: { TRAINED: ['task', 'sweep'] },
  DELETING: { none: ['task', 'sweep'] },
};

export const stateOf = (model: Model | undefined): string =>
  model === undefined
    ? 'none'
    : model.status === 'TRAINING' && model.operation.kind === 'import'
      ? 'IMPORTING'
      : model.status;

const whole = { UPDATE_IN_PROGRESS: ['UpdateDatasetEntries'], none: ['DeleteDataset'] } as const;

export const datasetMoves: Moves = {
  none: { CREATE_COMPLETE: ['CreateDataset'], CREATE_IN_PROGRESS: ['CreateDataset'] },
  CREATE_IN_PROGRESS: { CREATE_COMPLETE: ['task'], CREATE_FAILED: ['task', 'sweep'] },
  CREATE_FAILED: { none: ['DeleteDataset'] },
  CREATE_COMPLETE: whole,
  UPDATE_IN_PROGRESS: { UPDATE_COMPLETE: ['task'], UPDATE_FAILED_ROLLBACK_COMPLETE: ['task', 'sweep'] },
  UPDATE_COMPLETE: whole,
  UPDATE_FAILED_ROLLBACK_COMPLETE: whole,
};

/** Jobs are never deleted; those of a project that was made anew may get their names again. */
export const jobMoves: Moves = {
  none: { CREATED: ['StartModelPackagingJob'] },
  CREATED: { RUNNING: ['task'], FAILED: ['sweep'] },
  RUNNING: { SUCCEEDED: ['task'], FAILED: ['task', 'sweep'] },
  SUCCEEDED: { CREATED: ['StartModelPackagingJob'] },
  FAILED: { CREATED: ['StartModelPackagingJob'] },
};

export const passing = [
  'TRAINING',
  'STARTING_HOSTING',
  'STOPPING_HOSTING',
  'DELETING',
  'CREATE_IN_PROGRESS',
  'UPDATE_IN_PROGRESS',
  'CREATED',
  'RUNNING',
];
export const serving = ['HOSTED', 'SYSTEM_UPDATING'];
export const limits = { running: 2, projects: 2, models: 4, trainings: 2, jobs: 2 };

/**
 * A client token counts for eight hours; clocks of functions differ by up to three seconds, and rows hold
 * whole ones.
 */
export const tokenLife = 8 * 3600 * 1000;
export const tolerance = 7000;

/**
 * How long a dataset may be in the making, in milliseconds; also for how long those who read what was
 * replaced may go on.
 */
export const datasetTime = 600_000;

/**
 * Which calls begin something that has a row of its own, and from which states of it where it must be there.
 */
export const accepts: Partial<Record<CallName, readonly string[]>> = {
  StartModel: ['TRAINED', 'HOSTING_FAILED'],
  StopModel: ['HOSTED', 'SYSTEM_UPDATING', 'HOSTING_FAILED', 'STARTING_HOSTING'],
  DeleteModel: ['TRAINED', 'TRAINING_FAILED', 'HOSTING_FAILED'],
  DetectAnomalies: serving,
  UpdateDatasetEntries: ['CREATE_COMPLETE', 'UPDATE_COMPLETE', 'UPDATE_FAILED_ROLLBACK_COMPLETE'],
  DeleteDataset: ['CREATE_COMPLETE', 'CREATE_FAILED', 'UPDATE_COMPLETE', 'UPDATE_FAILED_ROLLBACK_COMPLETE'],
  CreateModel: ['CREATE_COMPLETE', 'UPDATE_COMPLETE', 'UPDATE_FAILED_ROLLBACK_COMPLETE'],
  StartModelPackagingJob: [
    'TRAINED',
    'STARTING_HOSTING',
    'HOSTED',
    'HOSTING_FAILED',
    'STOPPING_HOSTING',
    'SYSTEM_UPDATING',
  ],
};

/**
 * What readers of datasets see after a write: a dataset that is whole shows what the last operation that
 * succeeded made of it, and before and meanwhile what was there before, whatever is under way.
 * @param given what the call of this name brought
 */
export function contentsAfter(
  before: Moment | undefined,
  { datasets }: Pick<Moment, 'datasets'>,
  given: (caller: string) => Given | undefined,
): Map<string, Lines> {
  const contents = new Map<string, Lines>();
  for (const [key, { status, operation }] of datasets) {
    const was = before?.datasets.get(key)?.status;
    const seen = was === undefined ? none : (before?.contents.get(key) ?? none);
    const succeeded =
      was !== undefined && was !== status && ['CREATE_COMPLETE', 'UPDATE_COMPLETE'].includes(status);
    contents.set(key, succeeded ? merged(seen, given(operation.actor) ?? { lines: none }) : seen);
  }
  return contents;
}
