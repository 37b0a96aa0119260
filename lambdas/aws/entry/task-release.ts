import { base, readEnvironment } from '../base.ts';
import { awsEngine } from '../engine.ts';
import { serveTasks } from '../task-handler.ts';
import { observeRelease, release } from '../../workflows/hosting/release-tasks.ts';

// The tasks that take the engine's resources away.
const env = readEnvironment('release');
const common = base(env);
const parts = { ...common, engine: awsEngine(env, common) };

export const { Release, ObserveRelease } = serveTasks<'release'>(
  { Release: release, ObserveRelease: observeRelease },
  parts,
);
