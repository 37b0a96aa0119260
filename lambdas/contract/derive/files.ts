import { asJson, botocoreFiles, type DerivedFile } from './botocore.ts';
import { openApi } from './openapi.ts';

/**
 * What is derived from the contract and committed, by its path in the project. AWS_DATA_PATH may point at
 * `clients/botocore` as it is.
 */
export const derivedFiles = (): DerivedFile[] => [
  ...botocoreFiles().map(({ path, text }) => ({ path: `clients/botocore/${path}`, text })),
  { path: 'clients/openapi.json', text: asJson(openApi()) },
];
