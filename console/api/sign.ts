import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@smithy/signature-v4';
import type { SessionKey } from './session.ts';

interface Signable {
  readonly method: string;
  readonly path: string;
  readonly query: Record<string, string>;
  readonly headers: Record<string, string>;
  readonly body: string | Uint8Array | undefined;
}

/**
 * The headers of a request with its signature. The hash is computed in JavaScript, because a browser lends
 * its own only to pages that came by https or from this machine.
 */
export async function sign(
  { method, path, query, headers, body }: Signable,
  credentials: SessionKey,
  region: string,
): Promise<Record<string, string>> {
  const signer = new SignatureV4({ credentials, region, service: 'lookoutvision', sha256: Sha256 });
  const isPicture = body instanceof Uint8Array;
  const signed = await signer.sign({
    method,
    protocol: location.protocol,
    hostname: location.hostname,
    path,
    query,
    ...(body !== undefined && { body }),
    headers: {
      ...headers,
      host: location.host,
      ...(isPicture && { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }),
    },
  });
  const { host: _, ...rest } = signed.headers;
  return rest;
}
