import { LookoutVisionClient, ListProjectsCommand } from '@aws-sdk/client-lookoutvision';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startKeyedHost, type KeyedHost } from '../helpers/keyed-host.ts';

let host: KeyedHost;
beforeAll(async () => {
  host = await startKeyedHost();
});
afterAll(() => host.close());

/** What a client's signature is made for. */
function scopeOf(client: LookoutVisionClient): { scope: string } {
  const seen = { scope: '' };
  client.middlewareStack.add(
    (next) => (args) => {
      const { headers } = args.request as { headers: Record<string, string> };
      seen.scope = /Credential=[^/]+\/\d+\/[^/]+\/([^/]+)/.exec(headers['authorization'] ?? '')?.[1] ?? '';
      return next(args);
    },
    { step: 'finalizeRequest', priority: 'low' },
  );
  return seen;
}

/** The snippet of docs/clients.md: no cast, though the published types do not know the option. */
test('one option makes the published client sign for API Gateway', async () => {
  const endpoint = host.url;
  const credentials = {
    accessKeyId: host.variables['AWS_ACCESS_KEY_ID'] ?? '',
    secretAccessKey: host.variables['AWS_SECRET_ACCESS_KEY'] ?? '',
  };
  const gateway = { signingName: 'execute-api' };
  const client = new LookoutVisionClient({ endpoint, region: 'us-east-1', credentials, ...gateway });
  const seen = scopeOf(client);
  expect((await client.send(new ListProjectsCommand({}))).Projects).toEqual([]);
  expect(seen.scope).toBe('execute-api');
  client.destroy();
});
