import { base, readEnvironment } from '../runtime/aws.ts';
import { serveTask } from '../runtime/task-handler.ts';
import { claim } from '../workflows/tasks/claim.ts';
import { markStopped } from '../workflows/tasks/release.ts';
import { markFailed } from '../workflows/tasks/start.ts';
import { markTrainingFailed } from '../workflows/tasks/train.ts';

// The tasks that touch nothing but rows.
const parts = base(readEnvironment('rows'));

export const Claim = serveTask(claim, parts);
export const MarkFailed = serveTask(markFailed, parts);
export const MarkStopped = serveTask(markStopped, parts);
export const MarkTrainingFailed = serveTask(markTrainingFailed, parts);
