import { createHash, timingSafeEqual } from 'node:crypto';
import { Hash } from '@smithy/hash-node';
import { SignatureV4 } from '@smithy/signature-v4';
import { AccessDeniedError } from '../contract/errors.ts';
import { operations, type OperationName } from '../contract/operations.ts';
import { modelArn, parseArn, projectArn, type Home } from '../domain/arns.ts';
import { fitsAny } from '../domain/patterns.ts';
import type { Clock } from '../domain/ports.ts';
import type { Caller } from '../http/pipeline.ts';
import type { AccessKey } from './environment.ts';
import { localUrls } from './s3/urls.ts';
import { signingTime } from './signing-time.ts';
import type { RawRequest, RequestHead } from '../http/node-http.ts';

/** The original's signing name, and the one that API Gateway wants. */
const services = ['lookoutvision', 'execute-api'];

/** How far a request's clock may be off, in milliseconds: as in AWS. */
const skew = 5 * 60 * 1000;

/**
 * Whatever the service reads of the headers, client tokens included. A trace id is for whoever passes a
 * request on to add.
 */
const mustBeSigned = /^(?:host|x-amz-.*|x-crowsnest-.*|x-amzn-(?!trace-id$).*)$/;

/** What an Authorization header says of itself. */
interface Claim {
  readonly key: AccessKey;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: string;
  readonly signature: string;
  /** Epoch milliseconds. */
  readonly time: number;
}

/** Verifies who asks, and what they may, from access keys that the host was given. */
export class Credentials {
  readonly #keys: ReadonlyMap<string, AccessKey>;
  readonly #home: Home;
  readonly #clock: Clock;

  constructor(keys: readonly AccessKey[], home: Home, clock: Clock) {
    this.#keys = new Map(keys.map((key) => [key.accessKeyId, key]));
    this.#home = home;
    this.#clock = clock;
  }

  /**
   * Judges what the headers tell before a body is read: a known key, a fitting clock, and what the key may
   * do. Whether the signature is right only the body shows.
   * @throws AccessDeniedError
   */
  admit(head: RequestHead, operation: OperationName, labels: Readonly<Record<string, string>>): void {
    const { key } = this.#claimed(head);
    // The one operation that names its project in the body only: that is judged when the body has come.
    if (operation !== 'CreateProject') this.#authorize(key, operation, labels);
  }

  /**
   * @returns the caller's ARN, and what the key can reach
   * @throws AccessDeniedError
   */
  async authenticate(
    request: RawRequest,
    operation: OperationName,
    labels: Readonly<Record<string, string>>,
  ): Promise<Caller> {
    const key = await this.#signer(request, operation);
    const caller = this.#authorize(
      key,
      operation,
      operation === 'CreateProject' ? { projectName: nameInBody(request.body) } : labels,
    );
    const { region } = this.#home;
    return { ...caller, urls: localUrls(request.headers['host'] ?? '', key, { region, clock: this.#clock }) };
  }

  #authorize(key: AccessKey, operation: OperationName, labels: Readonly<Record<string, string>>): Caller {
    const caller = `arn:${this.#home.partition}:iam::${this.#home.account}:user/${key.name}`;
    const { project, arn } = this.#target(operation, labels);
    const may = fitsAny(key.actions, operation) && (project === undefined || fitsAny(key.projects, project));
    if (!may)
      throw new AccessDeniedError(
        `User: ${caller} is not authorized to perform: lookoutvision:${operation} on resource: ${arn}`,
      );
    return { name: caller, reach: { projects: key.projects, buckets: key.buckets } };
  }

  /** Whose signature it claims to be, and of when. */
  #claimed({ headers }: RequestHead): Claim {
    const authorization =
      /^AWS4-HMAC-SHA256 Credential=([^/,\s]+)\/(\d{8})\/([^/,\s]+)\/([^/,\s]+)\/aws4_request,\s*SignedHeaders=([a-z0-9;-]+),\s*Signature=([0-9a-f]{64})$/.exec(
        headers['authorization'] ?? '',
      );
    if (authorization === null)
      throw new AccessDeniedError(
        'The request must be signed with AWS Signature Version 4, in its Authorization header.',
      );
    const [, accessKeyId = '', day = '', region = '', service = '', signedHeaders = '', signature = ''] =
      authorization;
    const key = this.#keys.get(accessKeyId);
    if (key === undefined || !services.includes(service)) {
      throw new AccessDeniedError(
        'The security token included in the request is invalid: unknown access key, or not signed for ' +
          'lookoutvision or execute-api.',
      );
    }
    if (region !== this.#home.region)
      throw new AccessDeniedError(
        `The request is signed for the region ${region}, and this host serves ${this.#home.region}.`,
      );
    const stamp = headers['x-amz-date'] ?? '';
    const time = signingTime(stamp);
    if (Number.isNaN(time) || !stamp.startsWith(day) || Math.abs(time - this.#clock.now()) > skew) {
      throw new AccessDeniedError(
        'The signature is too old, or from the future. Check the clock of the machine that signs.',
      );
    }
    return { key, region, service, signedHeaders, signature, time };
  }

  async #signer(request: RawRequest, operation: OperationName): Promise<AccessKey> {
    const { headers } = request;
    const { key, region, service, signedHeaders, signature, time } = this.#claimed(request);
    const signed = new Set(signedHeaders.split(';'));
    const unsigned = Object.keys(headers).find((name) => mustBeSigned.test(name) && !signed.has(name));
    if (unsigned !== undefined) throw new AccessDeniedError(`The header ${unsigned} must be signed.`);
    if (!bodyIsSigned(request, operation))
      throw new AccessDeniedError('The body is not the one that was signed.');

    const signer = new SignatureV4({
      credentials: key,
      region,
      service,
      sha256: Hash.bind(null, 'sha256'),
      applyChecksum: false,
    });
    const query: Record<string, string[]> = Object.create(null) as Record<string, string[]>;
    for (const [name, value] of request.query) (query[name] ??= []).push(value);
    const expected = await signer.sign(
      {
        method: request.method,
        protocol: 'http:',
        hostname: headers['host'] ?? '',
        path: request.path,
        query,
        body: request.body,
        headers: Object.fromEntries([...signed].map((name) => [name, headers[name] ?? ''])),
      },
      { signingDate: new Date(time), signableHeaders: signed },
    );
    const computed = /Signature=([0-9a-f]{64})/.exec(expected.headers['authorization'] ?? '')?.[1] ?? '';
    if (!timingSafeEqual(Buffer.from(computed.padEnd(64)), Buffer.from(signature))) {
      throw new AccessDeniedError(
        'The request signature we calculated does not match the signature you provided. ' +
          'Check your secret access key and signing method.',
      );
    }
    return key;
  }

  #target(
    operation: OperationName,
    labels: Readonly<Record<string, string>>,
  ): { readonly project?: string; readonly arn: string } {
    const { projectName: project, modelVersion: version, resourceArn } = labels;
    if (resourceArn !== undefined) return { project: parseArn(resourceArn)?.project ?? '', arn: resourceArn };
    if (project === undefined) return { arn: '*' };
    const isModel = operations[operation].resource === 'model';
    return {
      project,
      arn: isModel
        ? modelArn(this.#home, { project, version: version ?? '*' })
        : projectArn(this.#home, project),
    };
  }
}

/**
 * The one operation that names its project in the body only. What is no name fits `*` alone, and fails its
 * validation.
 */
function nameInBody(body: Uint8Array): string {
  try {
    const { ProjectName: name } = JSON.parse(Buffer.from(body).toString()) as {
      readonly ProjectName?: unknown;
    };
    return typeof name === 'string' ? name : '';
  } catch {
    return '';
  }
}

/** A body may go unsigned only where it is a picture, because JS signs streams so. */
function bodyIsSigned({ headers, body }: RawRequest, operation: OperationName): boolean {
  const stated = headers['x-amz-content-sha256'];
  if (stated === undefined) return true; // then it is part of what is signed
  if (stated === 'UNSIGNED-PAYLOAD') return operation === 'DetectAnomalies';
  return stated === createHash('sha256').update(body).digest('hex');
}
