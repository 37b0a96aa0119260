import { createHash, createHmac } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';

export interface StackStatusOptions {
  /** `https://cloudformation.<region>.amazonaws.com` */
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
}

/** How long CloudFormation may take, in milliseconds. */
const patience = 10_000;

class Sha256 {
  readonly #hash: Pick<ReturnType<typeof createHash>, 'digest'> & {
    update(data: string | Uint8Array): unknown;
  };

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    if (secret === undefined) this.#hash = createHash('sha256');
    else this.#hash = createHmac('sha256', typeof secret === 'string' ? secret : bytes(secret));
  }

  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(typeof data === 'string' ? data : bytes(data));
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#hash.digest());
  }

  reset(): void {
    throw new Error('a digest is made once');
  }
}

const bytes = (data: ArrayBuffer | ArrayBufferView): Uint8Array =>
  ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);

/**
 * The status of a stack, from DescribeStacks. One question, once in a stack's life, to a service that answers
 * in XML: a signature and a look at one element serve it.
 * @throws Error with the service's code, if it does not say
 */
export async function stackStatus(
  { endpoint, region, credentials }: StackStatusOptions,
  stackId: string,
): Promise<string> {
  const url = new URL(endpoint);
  const query = { Action: 'DescribeStacks', Version: '2010-05-15', StackName: stackId };
  const signer = new SignatureV4({ service: 'cloudformation', region, credentials, sha256: Sha256 });
  const { headers } = await signer.sign({
    method: 'GET',
    protocol: url.protocol,
    hostname: url.hostname,
    path: '/',
    query,
    headers: { host: url.host },
    ...(url.port !== '' && { port: Number(url.port) }),
  });
  const { host: _, ...others } = headers;
  const response = await fetch(`${endpoint}/?${new URLSearchParams(query).toString()}`, {
    headers: others,
    signal: AbortSignal.timeout(patience),
  });
  const text = await response.text();
  const [, status] = /<StackStatus>([A-Z_]+)<\/StackStatus>/.exec(text) ?? [];
  if (response.ok && status !== undefined) return status;
  const [, code] = /<Code>([^<]+)<\/Code>/.exec(text) ?? [];
  throw new Error(
    `CloudFormation did not tell the status of the stack: ${code ?? `HTTP ${response.status}`}`,
  );
}
