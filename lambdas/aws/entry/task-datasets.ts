import { base, readEnvironment } from '../base.ts';
import { s3Objects } from '../s3-objects.ts';
import { serveTasks } from '../task-handler.ts';
import { carry, settle, stage } from '../../workflows/datasets/tasks.ts';

// The tasks that read what callers name into the table. What they write nobody reads before it is whole.
const parts = { ...base(readEnvironment('datasets')), objects: s3Objects() };

export const { Stage, Carry, Settle } = serveTasks<'datasets'>(
  { Stage: stage, Carry: carry, Settle: settle },
  parts,
);
