import { base, readEnvironment } from '../base.ts';
import { s3Objects } from '../s3-objects.ts';
import { serveTasks } from '../task-handler.ts';
import { packageModel } from '../../workflows/packaging/tasks.ts';

// The task that writes a version as a component.
const parts = { ...base(readEnvironment('packaging')), objects: s3Objects() };

export const { Package } = serveTasks<'packaging'>({ Package: packageModel }, parts);
