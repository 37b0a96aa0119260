import { ConflictError, NotFoundError, QuotaError } from '../../contract/errors.ts';
import { violation } from '../../contract/violations.ts';
import { parseArn } from '../../domain/arns.ts';
import { modelId, type ModelKey } from '../../domain/model.ts';
import { ConditionFailed } from '../../store/table.ts';
import type { Operation, ReadContext } from '../context.ts';
import { notFound, requireModel } from '../models/models.ts';
import { retryOvertaken } from '../retry.ts';

/** The request may bring 200 at once, so that is how many a model may have. */
const mostTags = 200;

/** Ours: the original never said what it answers beyond the number of tags. */
const tagQuota = 'TAGS_PER_MODEL';

/**
 * The model that an ARN names. Only models have tags; an ARN of another account or region names nothing here.
 * @throws NotFoundError
 */
function taggedModel(arn: string, { settings }: Pick<ReadContext, 'settings'>): ModelKey {
  const parsed = parseArn(arn);
  if (parsed?.version === undefined) {
    throw violation(
      'resourceArn',
      'Member must be the ARN of a model: ' +
        'arn:{partition}:lookoutvision:{region}:{account}:model/{ProjectName}/{ModelVersion}',
    );
  }
  const { partition, region, account } = parsed.home;
  const key = { project: parsed.project, version: parsed.version };
  if (partition !== settings.partition || region !== settings.region || account !== settings.account) {
    throw new NotFoundError('MODEL', modelId(key), 'The resource was not found in this account and region.');
  }
  return key;
}

/**
 * Reads the tags, changes them, and writes them only if nobody else did meanwhile and the model is still
 * there.
 */
async function change(
  ctx: ReadContext,
  key: ModelKey,
  edit: (tags: ReadonlyMap<string, string>) => Map<string, string>,
): Promise<void> {
  const overtaken = new ConflictError(
    'MODEL',
    modelId(key),
    `The tags of model ${modelId(key)} are being changed by others. Try your call again.`,
  );
  await retryOvertaken(ctx, overtaken, async () => {
    const read = await ctx.store.tags.of(key);
    try {
      await ctx.store.commit(
        ctx.store.models.exists(key),
        ctx.store.tags.replace(key, read, edit(read.tags)),
      );
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
      throw error.at('model') ? await notFound(ctx, key) : overtaken;
    }
  });
}

export const TagResource: Operation<'TagResource'> = async (input, ctx) => {
  const key = taggedModel(input.ResourceArn, ctx);
  requireOwnKeys(input.Tags.map(({ Key }) => Key));
  await change(ctx, key, (tags) => {
    const merged = new Map([...tags, ...tagMap(input.Tags)]);
    if (merged.size > mostTags) {
      throw new QuotaError(tagQuota, 'MODEL', modelId(key), `A model can have at most ${mostTags} tags.`);
    }
    return merged;
  });
  return {};
};

/** Removing a tag that is not there is success. */
export const UntagResource: Operation<'UntagResource'> = async (input, ctx) => {
  const gone = new Set(input.TagKeys);
  await change(
    ctx,
    taggedModel(input.ResourceArn, ctx),
    (tags) => new Map([...tags].filter(([key]) => !gone.has(key))),
  );
  return {};
};

export const ListTagsForResource: Operation<'ListTagsForResource'> = async (input, ctx) => {
  const key = taggedModel(input.ResourceArn, ctx);
  await requireModel(ctx, key);
  const { tags } = await ctx.store.tags.of(key);
  return { Tags: [...tags].map(([Key, Value]) => ({ Key, Value })) };
};

type TagList = readonly { readonly Key: string; readonly Value: string }[];

/** The last of several values for one key counts. */
export const tagMap = (tags: TagList): Map<string, string> =>
  new Map(tags.map(({ Key, Value }) => [Key, Value]));

/** @throws ValidationError for keys of the namespace that AWS keeps for itself */
export function requireOwnKeys(keys: readonly string[]): void {
  const reserved = keys.find((key) => key.toLowerCase().startsWith('aws:'));
  if (reserved === undefined) return;
  throw violation('tags.key', 'Member must not begin with aws:, which is reserved', reserved);
}
