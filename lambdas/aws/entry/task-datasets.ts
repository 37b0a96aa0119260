import { base, readEnvironment } from '../base.ts';
import { s3Objects } from '../s3-objects.ts';
import { serveTask } from '../task-handler.ts';
import { carry, settle, stage } from '../../workflows/datasets/tasks.ts';

// The tasks that read what callers name into the table. What they write nobody reads before it is whole.
const parts = { ...base(readEnvironment('datasets')), objects: s3Objects() };

export const Stage = serveTask(stage, parts);
export const Carry = serveTask(carry, parts);
export const Settle = serveTask(settle, parts);
