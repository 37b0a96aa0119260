import { base, readEnvironment } from '../base.ts';
import { sageMakerEngine } from '../engine.ts';
import { serveTasks } from '../task-handler.ts';
import { markHosted, observeHosting, provision } from '../../workflows/hosting/start-tasks.ts';

// The tasks that make the engine's resources and see to it that they serve. Only their role may create, and
// pass the execution role.
const env = readEnvironment('provision');
const common = base(env);
const parts = { ...common, engine: sageMakerEngine(env, common) };

export const { Provision, ObserveHosting, MarkHosted } = serveTasks<'provision'>(
  { Provision: provision, ObserveHosting: observeHosting, MarkHosted: markHosted },
  parts,
);
