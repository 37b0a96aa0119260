import { base, readEnvironment } from '../runtime/aws.ts';
import { sageMakerEngine } from '../runtime/aws-engine.ts';
import { serveTask } from '../runtime/task-handler.ts';
import { observeRelease, release } from '../workflows/tasks/release.ts';

// The tasks that take the engine's resources away.
const env = readEnvironment('release');
const common = base(env);
const parts = { ...common, engine: sageMakerEngine(env, common) };

export const Release = serveTask(release, parts);
export const ObserveRelease = serveTask(observeRelease, parts);
