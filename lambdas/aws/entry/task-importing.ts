import { base, readEnvironment } from '../base.ts';
import { awsImporter } from '../importer.ts';
import { serveTasks } from '../task-handler.ts';
import { admit } from '../../workflows/importing/tasks.ts';
import { erase } from '../../workflows/hosting/release-tasks.ts';

// The tasks that take a model in and let it go: the only ones with a right to objects.
const env = readEnvironment('importing');
const common = base(env);
const parts = { ...common, importer: awsImporter(env, common) };

export const { Admit, Erase } = serveTasks<'importing'>({ Admit: admit, Erase: erase }, parts);
