import { base, readEnvironment } from '../base.ts';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packUnit } from '../../engines/lambda/unit-package.ts';
import { awsEngine } from '../engine.ts';
import { s3Objects } from '../s3-objects.ts';
import { serveTasks } from '../task-handler.ts';
import { markHosted, observeHosting, provision } from '../../workflows/hosting/start-tasks.ts';

// The tasks that make the engine's resources and see to it that they serve. Only their role may create, and
// pass the execution role.
const env = readEnvironment('provision');
const common = base(env);
const packaging = {
  objects: s3Objects(),
  // What a unit runs lies beside this bundle.
  code: () => readFile(join(__dirname, 'unit.cjs')),
};
const engine = awsEngine(env, common, (artifact) => packUnit(packaging, artifact));
const parts = { ...common, engine };

export const { Provision, ObserveHosting, MarkHosted } = serveTasks<'provision'>(
  { Provision: provision, ObserveHosting: observeHosting, MarkHosted: markHosted },
  parts,
);
