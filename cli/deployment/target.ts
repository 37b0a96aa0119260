import { LookoutVisionClient } from '@aws-sdk/client-lookoutvision';
import { SignatureV4 } from '@smithy/signature-v4';
import { CommandFailed } from '../failed.ts';

interface RawRequest {
  readonly method: string;
  /** Percent-encoded, from `/2020-11-20` on. */
  readonly path: string;
  readonly body?: Uint8Array | string;
  readonly headers?: Readonly<Record<string, string>>;
  /** How it is signed; `wrongly` with a secret that is not the caller's. */
  readonly signed?: 'well' | 'wrongly' | 'not at all';
}

/** A deployment, or a local host, and the caller's way to it. */
export interface Target {
  readonly endpoint: string;
  readonly region: string;
  readonly client: LookoutVisionClient;
  /** What the original client cannot send: extensions, and requests that are wrong on purpose. */
  raw(request: RawRequest): Promise<Response>;
}

export interface TargetOptions {
  readonly endpoint: string;
  readonly region: string;
  readonly signingName: string;
}

/** Whether the endpoint is on this machine, as a local host's is. */
export const isLoopback = (endpoint: string): boolean =>
  ['127.0.0.1', 'localhost', '[::1]'].includes(new URL(endpoint).hostname);

/**
 * Credentials are those that the SDK finds by itself. A local host without keys wants none, so where none are
 * found for one, anything will do.
 * @throws CommandFailed if there are none, and the deployment is not a local host
 */
export async function openTarget({ endpoint, region, signingName }: TargetOptions): Promise<Target> {
  // The published types do not know `signingName`, though the client obeys it; a spread passes it by them
  // without a cast.
  const options = { endpoint, region, ...{ signingName } };
  const ambient = new LookoutVisionClient(options);
  const found = await ambient.config.credentials().then(
    () => true,
    () => false,
  );
  if (!found && !isLoopback(endpoint)) {
    throw new CommandFailed(
      'No AWS credentials were found. Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.',
    );
  }
  const client = found
    ? ambient
    : new LookoutVisionClient({
        ...options,
        credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
      });
  const { sha256 } = client.config;
  return {
    endpoint,
    region,
    client,
    async raw({ method, path, body = '', headers = {}, signed = 'well' }) {
      const url = new URL(`${endpoint}${path}`);
      if (signed === 'not at all') return fetch(url, { method, headers, ...(body !== '' && { body }) });
      const credentials = await client.config.credentials();
      const signer = new SignatureV4({
        credentials: signed === 'well' ? credentials : { ...credentials, secretAccessKey: 'not the secret' },
        region,
        service: signingName,
        sha256,
      });
      const request = await signer.sign({
        method,
        protocol: url.protocol,
        hostname: url.hostname,
        path: url.pathname,
        query: Object.fromEntries(url.searchParams),
        body,
        headers: { host: url.host, ...headers },
      });
      return fetch(url, { method, headers: request.headers, ...(body !== '' && { body }) });
    },
  };
}
