import {
  GetFunctionCommand,
  GetProvisionedConcurrencyConfigCommand,
  type GetFunctionResponse,
  type GetProvisionedConcurrencyConfigResponse,
} from '@aws-sdk/client-lambda';
import { nameOf, tagKeys } from '../names.ts';
import { unitVersion, type LambdaAccount, type LambdaEngineOptions } from './options.ts';
import { isMissing } from './refusals.ts';

type Asking = Pick<LambdaAccount, 'lambda' | 'stage'>;

/** The function of a deployment, with its tags and its reserved concurrency. */
export const findFunction = (
  { lambda, stage }: Asking,
  id: string,
): Promise<GetFunctionResponse | undefined> =>
  known(() => lambda.send(new GetFunctionCommand({ FunctionName: nameOf({ stage }, id) })));

/** What is provisioned on the version that serves. */
export const findProvisioned = (
  { lambda, stage }: Asking,
  id: string,
): Promise<GetProvisionedConcurrencyConfigResponse | undefined> =>
  known(() =>
    lambda.send(
      new GetProvisionedConcurrencyConfigCommand({
        FunctionName: nameOf({ stage }, id),
        Qualifier: unitVersion,
      }),
    ),
  );

/**
 * Whether the tags say that this is the work of this stage for this deployment. A name alone proves nothing.
 */
export const isOurs = ({ stage }: Asking, { Tags = {} }: GetFunctionResponse, id: string): boolean =>
  Tags[tagKeys.stage] === stage && Tags[tagKeys.deployment] === id;

/**
 * How the units of a function are kept: its own tag says it, because the stage's setting may have changed
 * since.
 */
export const modeOf = (
  { units }: Pick<LambdaEngineOptions, 'units'>,
  { Tags = {} }: GetFunctionResponse,
): 'provisioned' | 'onDemand' => {
  const tagged = Tags[tagKeys.units];
  return tagged === 'provisioned' || tagged === 'onDemand' ? tagged : units.mode;
};

async function known<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
