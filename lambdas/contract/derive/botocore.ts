import { endpointRules } from './endpoint-rules.ts';
import { identity, type Deployment } from './identity.ts';
import { paginators } from './paginators.ts';
import { serviceModel } from './service-model.ts';
import { waiters } from './waiters.ts';

export interface DerivedFile {
  /** With slashes, and without one at its beginning. */
  readonly path: string;
  readonly text: string;
}

export const asJson = (value: unknown): string => `${JSON.stringify(value, undefined, 1)}\n`;

/**
 * The folder of descriptions that boto3 and the AWS CLI look for, below `~/.aws/models` or a folder of
 * AWS_DATA_PATH.
 */
export function botocoreFiles(deployment: Deployment = {}): DerivedFile[] {
  const folder = `${identity.endpointPrefix}/${identity.apiVersion}`;
  return [
    { path: `${folder}/service-2.json`, text: asJson(serviceModel(deployment)) },
    { path: `${folder}/paginators-1.json`, text: asJson(paginators()) },
    { path: `${folder}/waiters-2.json`, text: asJson(waiters()) },
    { path: `${folder}/endpoint-rule-set-1.json`, text: asJson(endpointRules(deployment)) },
  ];
}
