import { S3Client } from '@aws-sdk/client-s3';
import { SignatureV4 } from '@smithy/signature-v4';

/** Whose credentials sign, and where. */
export interface Caller {
  readonly region: string;
  readonly credentials: () => Promise<{
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  }>;
}

/**
 * One request to an AWS service whose client is no dependency: these few reads do not pay for a package each.
 */
export interface ServiceCall {
  /** The endpoint's prefix and the name that the signature is made for, where they differ. */
  readonly service: string;
  readonly signingName?: string;
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A service refused. `name` is its code, as the SDK has it. */
class ServiceRefused extends Error {
  readonly status: number;

  constructor(name: string, status: number, message: string) {
    super(message);
    this.name = name;
    this.status = status;
  }
}

/** How long one answer may take, in milliseconds. */
const timeout = 20_000;

/** How the standard variables name services whose endpoint has another name. */
const variables: Readonly<Record<string, string>> = {
  servicequotas: 'SERVICE_QUOTAS',
  apigateway: 'API_GATEWAY',
};

/** Where a service is: what the standard variables say, or its public endpoint in the region. */
function endpointOf(service: string, region: string, env = process.env): string {
  const own = env[`AWS_ENDPOINT_URL_${variables[service] ?? service.toUpperCase()}`];
  const given = own ?? env['AWS_ENDPOINT_URL'];
  const domain = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  return given?.replace(/\/+$/, '') ?? `https://${service}.${region}.${domain}`;
}

/** The credentials that the SDK finds by itself: environment, profile, single sign-on, instance. */
export function ambientCaller(region: string): Caller {
  const { credentials } = new S3Client({ region }).config;
  return { region, credentials };
}

/**
 * Signs and sends. @returns the body of a good answer
 * @throws ServiceRefused with the service's code; whatever fetch throws, if it cannot be reached
 */
export async function callService(caller: Caller, call: ServiceCall): Promise<string> {
  const { service, signingName = service, method = 'POST', path = '/', query = {}, body = '' } = call;
  const url = new URL(`${endpointOf(service, caller.region)}${path}`);
  const signer = new SignatureV4({
    service: signingName,
    region: caller.region,
    credentials: await caller.credentials(),
    sha256: new S3Client({ region: caller.region }).config.sha256,
  });
  const { headers } = await signer.sign({
    method,
    protocol: url.protocol,
    hostname: url.hostname,
    ...(url.port !== '' && { port: Number(url.port) }),
    path: url.pathname,
    query,
    headers: { host: url.host, ...call.headers },
    body,
  });
  const { host: _, ...others } = headers;
  for (const [name, value] of Object.entries(query)) url.searchParams.append(name, value);
  const response = await fetch(url, {
    method,
    headers: others,
    ...(method !== 'GET' && { body }),
    signal: AbortSignal.timeout(timeout),
  });
  const text = await response.text();
  if (response.ok) return text;
  throw refusalOf(response, text);
}

function refusalOf(response: Response, text: string): ServiceRefused {
  const [, xmlCode] = /<Code>([^<]+)<\/Code>/.exec(text) ?? [];
  const [, xmlMessage] = /<Message>([^<]+)<\/Message>/.exec(text) ?? [];
  let json: { readonly __type?: string; readonly message?: string; readonly Message?: string } = {};
  try {
    json = JSON.parse(text) as typeof json;
  } catch {
    // XML, or nothing
  }
  const code =
    xmlCode ?? response.headers.get('x-amzn-errortype') ?? json.__type ?? `HTTP ${response.status}`;
  return new ServiceRefused(
    code.split(':')[0]?.split('#').at(-1) ?? code,
    response.status,
    xmlMessage ?? json.message ?? json.Message ?? text.slice(0, 200),
  );
}

/** The JSON protocol: the operation in a header. @returns the answer's object */
export async function callJson(
  caller: Caller,
  service: string,
  target: string,
  input: object,
  version = '1.1',
): Promise<Record<string, unknown>> {
  const text = await callService(caller, {
    service,
    headers: { 'content-type': `application/x-amz-json-${version}`, 'x-amz-target': target },
    body: JSON.stringify(input),
  });
  return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
}

/** The query protocol. @returns the answer's XML */
export const callQuery = (
  caller: Caller,
  service: string,
  parameters: Readonly<Record<string, string>>,
): Promise<string> =>
  callService(caller, {
    service,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(parameters).toString(),
  });
