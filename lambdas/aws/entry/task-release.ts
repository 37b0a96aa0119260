import { base, readEnvironment } from '../base.ts';
import { sageMakerEngine } from '../engine.ts';
import { serveTasks } from '../task-handler.ts';
import { observeRelease, release } from '../../workflows/hosting/release-tasks.ts';

// The tasks that take the engine's resources away.
const env = readEnvironment('release');
const common = base(env);
const parts = { ...common, engine: sageMakerEngine(env, common) };

export const { Release, ObserveRelease } = serveTasks<'release'>(
  { Release: release, ObserveRelease: observeRelease },
  parts,
);
