import { InvalidArgumentError, Option } from 'commander';
import { z } from 'zod';
import { identity } from '../lambdas/contract/derive/identity.ts';

/** Reads an option's text by a schema. @throws InvalidArgumentError with the first rule that does not hold */
export const read =
  <T>(schema: z.ZodType<T, string>) =>
  (text: string): T => {
    const { data, error } = schema.safeParse(text);
    if (error === undefined) return data;
    throw new InvalidArgumentError(error.issues[0]?.message ?? 'It is not understood.');
  };

const deploymentUrl = 'It must be the URL of a deployment, https://l4v.example.com/prod for example.';

/** An http or https URL without query, fragment and user; its last slashes are dropped. */
const endpointUrl = z
  .url({ protocol: /^https?$/, error: deploymentUrl })
  .refine((text) => {
    const { search, hash, username } = new URL(text);
    return search === '' && hash === '' && username === '';
  }, deploymentUrl)
  .transform((text) => text.replace(/\/+$/, ''));

export const endpointOption = (what: string): Option =>
  new Option('--endpoint <url>', what).argParser(read(endpointUrl));

export const signingNameOption = (): Option =>
  new Option(
    '--signing-name <name>',
    'what requests are signed for: execute-api behind the IAM check of API Gateway',
  )
    .choices([identity.signingName, 'execute-api'])
    .default(identity.signingName);

export const regionOption = (): Option =>
  new Option('--region <region>', 'part of every signature').env('AWS_REGION').default('us-east-1');
