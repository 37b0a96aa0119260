import type { Evaluation, Model } from '../../../domain/model.ts';
import { versionNameOf } from './names.ts';
import type { SageMakerImporterOptions } from './options.ts';

/**
 * What is kept for a version lies below `<root><name of the version>/`: the model data, if we copied any, and
 * model.json, which says where everything came from and how well it was judged.
 */
export const prefixOf = (
  options: Pick<SageMakerImporterOptions, 'stage' | 'artifacts'>,
  model: Model,
): string => `${options.artifacts.prefix}${versionNameOf(options, model)}/`;

/**
 * The version's name, which is also that of the model package that an import made, read back from its prefix.
 */
export const versionNameIn = (prefix: string): string => prefix.replace(/\/$/, '').replace(/^.*\//, '');

const inside = (prefix: string, file: string): string => `${prefix.replace(/\/?$/, '/')}${file}`;

export const modelDataKey = (prefix: string): string => inside(prefix, 'model.tar.gz');
export const manifestKey = (prefix: string): string => inside(prefix, 'model.json');

export const manifestOf = ({ source, project, version }: Model, evaluation: Evaluation): Uint8Array =>
  new TextEncoder().encode(
    JSON.stringify(
      { format: 'crowsnest-sagemaker/1', model: { project, version }, source, evaluation },
      null,
      2,
    ),
  );
