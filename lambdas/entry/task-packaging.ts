import { base, readEnvironment } from '../runtime/aws.ts';
import { s3Objects } from '../runtime/s3-objects.ts';
import { serveTask } from '../runtime/task-handler.ts';
import { packageModel } from '../workflows/tasks/package.ts';

// The task that writes a version as a component.
const parts = { ...base(readEnvironment('packaging')), objects: s3Objects() };

export const Package = serveTask(packageModel, parts);
