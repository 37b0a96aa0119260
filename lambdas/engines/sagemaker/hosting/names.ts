import type { Tag } from '@aws-sdk/client-sagemaker';
import type { ModelKey } from '../../../domain/model.ts';
import { tagsFor, type Owner } from '../../names.ts';

export { nameOf, tagKeys, versionNameOf, type VersionKey } from '../../names.ts';

/**
 * The one variant of our endpoints. DescribeEndpoint shows it, so a stranger under our name is suspected
 * without another call.
 */
export const variantName = 'crowsnest';

/** The tags of everything that we make, as SageMaker takes them. */
export const tagsOf = (owner: Owner, model: ModelKey, own: Readonly<Record<string, string>>): Tag[] =>
  Object.entries(tagsFor(owner, model, own)).map(([Key, Value]) => ({ Key, Value }));
