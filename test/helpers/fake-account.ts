import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

/** What an account has that a preflight looks at. A test sets it, and asks again. */
interface AccountState {
  account: string;
  bootstrap: number | undefined;
  stack: string | undefined;
  /** Concurrent executions of Lambda, and those that functions have reserved. */
  concurrency: number;
  readonly functions: Map<string, number>;
  gatewayRole: string | undefined;
  /** Subnets and security groups with their VPC, and the services that the VPC has endpoints for. */
  readonly network: Map<string, string>;
  readonly endpoints: Set<string>;
  readonly topics: Set<string>;
  readonly buckets: Map<string, { readonly region: string; readonly key?: string }>;
  readonly keys: Map<string, 'Enabled' | 'Disabled' | 'PendingDeletion'>;
  readonly algorithms: Map<string, object>;
  readonly quotas: Map<string, number>;
  /** Operations that whoever asks has no right to. */
  readonly denied: Set<string>;
}

export interface FakeAccount {
  readonly url: string;
  readonly state: AccountState;
  /** Every operation that was asked, in order. */
  readonly asked: string[];
  close(): Promise<void>;
}

type Answer = readonly [status: number, body: string, headers?: Readonly<Record<string, string>>];

const json = (body: object): Answer => [200, JSON.stringify(body)];
const refusedJson = (code: string): Answer => [400, JSON.stringify({ __type: code, message: code })];
const refusedXml = (code: string, status = 400): Answer => [
  status,
  `<ErrorResponse><Error><Code>${code}</Code><Message>${code}</Message></Error></ErrorResponse>`,
];

/** AWS's services as far as a preflight asks them, over HTTP, by the signature's service. */
export async function openFakeAccount(region: string): Promise<FakeAccount> {
  const state: AccountState = {
    account: '111122223333',
    bootstrap: 30,
    stack: undefined,
    concurrency: 1000,
    functions: new Map(),
    gatewayRole: undefined,
    network: new Map(),
    endpoints: new Set(),
    topics: new Set(),
    buckets: new Map(),
    keys: new Map(),
    algorithms: new Map(),
    quotas: new Map(),
    denied: new Set(),
  };
  const asked: string[] = [];
  const server = createServer((request, response) => {
    void read(request).then((body) => answer(state, region, asked, request, body, response));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    state,
    asked,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function read(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}

function answer(
  state: AccountState,
  region: string,
  asked: string[],
  request: IncomingMessage,
  body: string,
  response: ServerResponse,
): void {
  const [, service = ''] = /\/([a-z0-9-]+)\/aws4_request/.exec(request.headers.authorization ?? '') ?? [];
  const url = new URL(request.url ?? '/', 'http://localhost');
  const form = new URLSearchParams(body);
  const target = request.headers['x-amz-target'];
  const action =
    (typeof target === 'string' ? target.split('.').at(-1) : undefined) ??
    form.get('Action') ??
    `${request.method ?? ''} ${url.pathname}${url.search}`;
  const operation = `${service}:${action}`;
  asked.push(operation);
  const [status, text, headers = {}] = state.denied.has(operation)
    ? typeof target === 'string'
      ? refusedJson('AccessDeniedException')
      : refusedXml('AccessDenied', 403)
    : service === 's3'
      ? bucketAnswer(state, region, url)
      : service === 'lambda'
        ? lambdaAnswer(state, url)
        : service === 'ec2'
          ? networkAnswer(state, region, form)
          : told(state, operation, form, body);
  response.writeHead(status, headers).end(request.method === 'HEAD' ? undefined : text);
}

function told(state: AccountState, operation: string, form: URLSearchParams, body: string): Answer {
  const input = (): Record<string, string> => JSON.parse(body) as Record<string, string>;
  switch (operation) {
    case 'sts:GetCallerIdentity':
      return [
        200,
        `<R><Account>${state.account}</Account><Arn>arn:aws:iam::${state.account}:user/x</Arn></R>`,
      ];
    case 'ssm:GetParameter':
      return state.bootstrap === undefined
        ? refusedJson('ParameterNotFound')
        : json({ Parameter: { Value: String(state.bootstrap) } });
    case 'cloudformation:DescribeStacks':
      return state.stack === undefined
        ? refusedXml('ValidationError')
        : [200, `<R><StackStatus>${state.stack}</StackStatus></R>`];
    case 'apigateway:GET /account':
      return json({ cloudwatchRoleArn: state.gatewayRole });
    case 'sns:GetTopicAttributes':
      return state.topics.has(form.get('TopicArn') ?? '') ? [200, '<R/>'] : refusedXml('NotFound', 404);
    case 'kms:DescribeKey': {
      const { KeyId = '' } = input();
      const KeyState = state.keys.get(KeyId);
      const KeyManager = KeyId.startsWith('alias/aws/') ? 'AWS' : 'CUSTOMER';
      return KeyState === undefined
        ? refusedJson('NotFoundException')
        : json({ KeyMetadata: { Arn: KeyId, KeyManager, KeyState } });
    }
    case 'sagemaker:DescribeAlgorithm': {
      const algorithm = state.algorithms.get(input()['AlgorithmName'] ?? '');
      return algorithm === undefined ? refusedJson('ValidationException') : json(algorithm);
    }
    case 'servicequotas:ListServiceQuotas': {
      const all = [...state.quotas].map(([QuotaName, Value]) => ({ QuotaName, Value }));
      const from = Number(input()['NextToken'] ?? '0');
      const next = from + 2;
      return json({
        Quotas: all.slice(from, next),
        ...(next < all.length && { NextToken: String(next) }),
      });
    }
    default:
      return [500, `nobody answers ${operation}`];
  }
}

function lambdaAnswer({ concurrency, functions }: AccountState, { pathname, searchParams }: URL): Answer {
  if (pathname === '/2016-08-19/account-settings') {
    const reserved = [...functions.values()].reduce((sum, count) => sum + count, 0);
    return json({
      AccountLimit: {
        ConcurrentExecutions: concurrency,
        UnreservedConcurrentExecutions: concurrency - reserved,
      },
    });
  }
  if (pathname === '/2015-03-31/functions') {
    const names = [...functions.keys()];
    const from = Number(searchParams.get('Marker') ?? '0');
    const next = from + 2;
    return json({
      Functions: names.slice(from, next).map((FunctionName) => ({ FunctionName })),
      ...(next < names.length && { NextMarker: String(next) }),
    });
  }
  const [, name = ''] = /^\/2019-09-30\/functions\/([^/]+)\/concurrency$/.exec(pathname) ?? [];
  const ReservedConcurrentExecutions = functions.get(name);
  return ReservedConcurrentExecutions === undefined
    ? refusedJson('ResourceNotFoundException')
    : json({ ReservedConcurrentExecutions });
}

function networkAnswer({ network, endpoints }: AccountState, region: string, form: URLSearchParams): Answer {
  if (form.get('Action') === 'DescribeVpcEndpoints') {
    const items = [...endpoints].map((each) => `<serviceName>com.amazonaws.${region}.${each}</serviceName>`);
    return [200, `<R>${items.join('')}</R>`];
  }
  const ids = [...form].filter(([name]) => /^(SubnetId|GroupId)\./.test(name)).map(([, id]) => id);
  const missing = ids.find((id) => !network.has(id));
  const code = form.get('Action') === 'DescribeSubnets' ? 'InvalidSubnetID' : 'InvalidGroup';
  return missing === undefined
    ? [200, `<R>${ids.map((id) => `<vpcId>${network.get(id) ?? ''}</vpcId>`).join('')}</R>`]
    : refusedXml(`${code}.NotFound`);
}

function bucketAnswer({ buckets, keys }: AccountState, region: string, url: URL): Answer {
  const [, name = ''] = url.pathname.split('/');
  const bucket = buckets.get(name);
  if (bucket === undefined) return refusedXml('NoSuchBucket', 404);
  const headers = { 'x-amz-bucket-region': bucket.region };
  if (bucket.region !== region) return [301, '<Error><Code>PermanentRedirect</Code></Error>', headers];
  if (!url.searchParams.has('encryption')) return [200, '', headers];
  const { key } = bucket;
  if (key !== undefined && !keys.has(key)) keys.set(key, 'Enabled');
  const rule =
    key === undefined
      ? '<SSEAlgorithm>AES256</SSEAlgorithm>'
      : `<SSEAlgorithm>aws:kms</SSEAlgorithm><KMSMasterKeyID>${key}</KMSMasterKeyID>`;
  const text =
    '<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault>' +
    `${rule}</ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>`;
  return [200, text, headers];
}
