import { base, readEnvironment } from '../base.ts';
import { serveTasks } from '../task-handler.ts';
import { claim } from '../../workflows/hosting/claim.ts';
import { markStopped } from '../../workflows/hosting/release-tasks.ts';
import { markFailed } from '../../workflows/hosting/start-tasks.ts';
import { markTrainingFailed } from '../../workflows/training/tasks.ts';

// The tasks that touch nothing but rows.
const parts = base(readEnvironment('rows'));

export const { Claim, MarkFailed, MarkStopped, MarkTrainingFailed } = serveTasks<'rows'>(
  { Claim: claim, MarkFailed: markFailed, MarkStopped: markStopped, MarkTrainingFailed: markTrainingFailed },
  parts,
);
