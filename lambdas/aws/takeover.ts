import type { Environment } from '../contract/environments.ts';
import type { SweepContext } from '../workflows/context.ts';
import type { Base } from './base.ts';
import { awsImporter } from './importer.ts';
import { awsTrainer } from './trainer.ts';
import { s3Objects } from './s3-objects.ts';

export type TakeoverParts = Pick<SweepContext, 'importer' | 'trainer' | 'objects'>;
export type MakeParts = (
  env: Environment<'importing'> & Environment<'training'>,
  common: Pick<Base, 'clock'>,
) => TakeoverParts;

/**
 * What the sweep needs to bring to their end the operations that no execution has ended in time: the slow
 * parts of the tasks.
 */
export const takeoverParts: MakeParts = (env, common) => ({
  importer: awsImporter(env, common),
  trainer: awsTrainer(env, common),
  objects: s3Objects(),
});
