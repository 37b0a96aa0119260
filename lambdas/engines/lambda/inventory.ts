import { ListTagsCommand, paginateListFunctions } from '@aws-sdk/client-lambda';
import type { EngineInventory, EngineResource } from '../inventory.ts';
import { tagKeys } from '../names.ts';
import type { LambdaAccount } from './options.ts';
import { isMissing } from './refusals.ts';

type Options = Pick<LambdaAccount, 'lambda' | 'stage'>;

/**
 * The functions that bear this stage's tag in the account and region. The beginning of the name only saves
 * asking everything for its tags.
 */
export const createLambdaInventory = (options: Options): EngineInventory => ({ list: () => list(options) });

async function* list({ lambda, stage }: Options): AsyncGenerator<EngineResource> {
  for await (const { Functions = [] } of paginateListFunctions({ client: lambda }, {})) {
    for (const { FunctionName: name, FunctionArn: arn } of Functions) {
      if (name?.startsWith(`cn-${stage}-`) !== true || arn === undefined) continue;
      const tags = await tagsOrNone({ lambda }, arn);
      if (tags?.[tagKeys.stage] !== stage) continue;
      const { project, version, deployment } = {
        project: tags[tagKeys.project],
        version: tags[tagKeys.version],
        deployment: tags[tagKeys.deployment],
      };
      yield {
        kind: 'function',
        name,
        ...(project !== undefined && { project }),
        ...(version !== undefined && { version }),
        ...(deployment !== undefined && { deploymentId: deployment }),
      };
    }
  }
}

/** @returns undefined for what has gone since it was listed */
async function tagsOrNone(
  { lambda }: Pick<Options, 'lambda'>,
  Resource: string,
): Promise<Readonly<Record<string, string>> | undefined> {
  try {
    return (await lambda.send(new ListTagsCommand({ Resource }))).Tags;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
