import type { Environment } from '../contract/environments.ts';
import type { SweepContext } from '../workflows/context.ts';
import type { Base } from './base.ts';
import { awsImporter } from './importer.ts';
import { awsTrainer } from './trainer.ts';
import { s3Objects } from './s3-objects.ts';

export type SettlingParts = Pick<SweepContext, 'importer' | 'trainer' | 'objects'>;
export type MakeParts = (
  env: Environment<'importing'> & Environment<'training'>,
  common: Pick<Base, 'clock'>,
) => SettlingParts;

/**
 * What the sweep settles things with that no execution has brought to their end in time: the slow parts of
 * the tasks.
 */
export const settlingParts: MakeParts = (env, common) => ({
  importer: awsImporter(env, common),
  trainer: awsTrainer(env, common),
  objects: s3Objects(),
});
