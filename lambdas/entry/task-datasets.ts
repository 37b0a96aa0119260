import { base, readEnvironment } from '../runtime/aws.ts';
import { s3Objects } from '../runtime/s3-objects.ts';
import { serveTask } from '../runtime/task-handler.ts';
import { carry, settle, stage } from '../workflows/tasks/datasets.ts';

// The tasks that read what callers name into the table. What they write nobody reads before it is whole.
const parts = { ...base(readEnvironment('datasets')), objects: s3Objects() };

export const Stage = serveTask(stage, parts);
export const Carry = serveTask(carry, parts);
export const Settle = serveTask(settle, parts);
