import { InvalidArgumentError, Option } from 'commander';
import { identity } from '../lambdas/contract/derive/identity.ts';

/**
 * @throws InvalidArgumentError unless it is an http or https URL, without a query; its last slash is dropped
 */
function endpointUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (
    url === undefined ||
    !['http:', 'https:'].includes(url.protocol) ||
    url.search !== '' ||
    url.hash !== '' ||
    url.username !== ''
  ) {
    throw new InvalidArgumentError(
      'It must be the URL of a deployment, https://l4v.example.com/prod for example.',
    );
  }
  return text.replace(/\/+$/, '');
}

export const endpointOption = (what: string): Option =>
  new Option('--endpoint <url>', what).argParser(endpointUrl);

export const signingNameOption = (): Option =>
  new Option(
    '--signing-name <name>',
    'what requests are signed for: execute-api behind the IAM check of API Gateway',
  )
    .choices([identity.signingName, 'execute-api'])
    .default(identity.signingName);

export const regionOption = (): Option =>
  new Option('--region <region>', 'part of every signature').env('AWS_REGION').default('us-east-1');
