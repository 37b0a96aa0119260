import { base, readEnvironment } from '../runtime/aws.ts';
import { sageMakerImporter } from '../runtime/aws-importer.ts';
import { serveTask } from '../runtime/task-handler.ts';
import { admit } from '../workflows/tasks/admit.ts';
import { erase } from '../workflows/tasks/release.ts';

// The tasks that take a model in and let it go: the only ones with a right to objects.
const env = readEnvironment('importing');
const parts = { ...base(env), importer: sageMakerImporter(env) };

export const Admit = serveTask(admit, parts);
export const Erase = serveTask(erase, parts);
