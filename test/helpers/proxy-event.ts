import type { ProxyEvent } from '../../lambdas/http/api-gateway.ts';

export interface PlainRequest {
  readonly method: string;
  /** Percent-encoded, with the query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** A text, or the bytes of a picture. */
  readonly body?: string | Uint8Array;
}

/**
 * The resources of the API as the gateway has them: the most special first, and what fits none goes to the
 * last.
 */
const resources = [
  '/2020-11-20/tags/{resourceArn+}',
  '/2020-11-20/projects',
  '/2020-11-20/projects/{projectName}',
  '/2020-11-20/projects/{projectName}/datasets',
  '/2020-11-20/projects/{projectName}/datasets/{datasetType}',
  '/2020-11-20/projects/{projectName}/datasets/{datasetType}/entries',
  '/2020-11-20/projects/{projectName}/modelpackagingjobs',
  '/2020-11-20/projects/{projectName}/modelpackagingjobs/{jobName}',
  '/2020-11-20/projects/{projectName}/models',
  '/2020-11-20/projects/{projectName}/models/import',
  '/2020-11-20/projects/{projectName}/models/{modelVersion}',
  '/2020-11-20/projects/{projectName}/models/{modelVersion}/start',
  '/2020-11-20/projects/{projectName}/models/{modelVersion}/stop',
  '/2020-11-20/projects/{projectName}/models/{modelVersion}/detect',
  '/{proxy+}',
];

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

function place(path: string): { resource: string; parameters: Record<string, string> } {
  for (const resource of resources) {
    const pattern = resource.replace(/\{(\w+)\+\}/g, '(?<$1>.+)').replace(/\{(\w+)\}/g, '(?<$1>[^/]*)');
    const found = new RegExp(`^${pattern}$`).exec(path);
    if (found !== null) return { resource, parameters: { ...found.groups } };
  }
  return { resource: '/', parameters: {} };
}

/**
 * What a REST API with a Lambda proxy integration makes of a request, behind the stage "prod". Text travels
 * as it is, anything else in base64.
 * @param decodes whether the gateway decodes path parameters, which it does for some
 */
export function proxyEvent(
  { method, path: target, headers = {}, body }: PlainRequest,
  decodes = true,
): ProxyEvent {
  const url = new URL(target, 'https://api.example.com');
  const { resource, parameters } = place(url.pathname);
  const query = new Map<string, string[]>();
  for (const pair of url.search
    .slice(1)
    .split('&')
    .filter((each) => each !== '')) {
    const [name = '', value = ''] = pair.split('=').map(decoded);
    query.set(name, [...(query.get(name) ?? []), value]);
  }
  const entries = Object.entries(parameters).map(([name, value]) => [name, decodes ? decoded(value) : value]);
  const all = { Host: 'abc.execute-api.us-east-1.amazonaws.com', 'X-Forwarded-Proto': 'https', ...headers };
  return {
    resource,
    path: url.pathname,
    httpMethod: method,
    headers: all,
    multiValueHeaders: Object.fromEntries(Object.entries(all).map(([name, value]) => [name, [value]])),
    queryStringParameters:
      query.size === 0 ? null : Object.fromEntries([...query].map(([name, values]) => [name, values.at(-1)])),
    multiValueQueryStringParameters: query.size === 0 ? null : Object.fromEntries(query),
    pathParameters: entries.length === 0 ? null : (Object.fromEntries(entries) as Record<string, string>),
    stageVariables: null,
    requestContext: {
      resourceId: 'abc123',
      resourcePath: resource,
      httpMethod: method,
      path: `/prod${url.pathname}`,
      stage: 'prod',
      protocol: 'HTTP/1.1',
      accountId: '111122223333',
      apiId: 'abc',
      requestId: 'c6af9ac6-7b61-11e6-9a41-93e8deadbeef',
      requestTimeEpoch: 1_768_478_400_000,
      identity: {
        sourceIp: '192.0.2.1',
        userArn: 'arn:aws:iam::111122223333:user/test',
        caller: 'AIDAEXAMPLE',
        accountId: '111122223333',
        userAgent: 'aws-sdk-js/3',
      },
    },
    body:
      body === undefined || body.length === 0
        ? null
        : typeof body === 'string'
          ? body
          : Buffer.from(body).toString('base64'),
    isBase64Encoded: typeof body === 'object' && body.length > 0,
  } as ProxyEvent;
}
