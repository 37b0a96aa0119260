import { randomUUID } from 'node:crypto';
import type { HttpResponse } from './message.ts';

/**
 * What can be wrong with a request before it is one: each kind has its own answer, so that a slow line is not
 * called invalid. The types are AWS's own where AWS has one; SDKs retry RequestTimeoutException and
 * ThrottlingException by themselves (smithy-typescript, service-error-classification).
 */
const transportErrors = {
  malformed: {
    status: 400,
    reason: 'Bad Request',
    type: 'ValidationException',
    message: 'The request is not valid HTTP.',
  },
  headersTooLarge: {
    status: 431,
    reason: 'Request Header Fields Too Large',
    type: 'ValidationException',
    message: 'The headers of the request are larger than the 32768 bytes that are read of them.',
  },
  chunkExtensionsTooLarge: {
    status: 413,
    reason: 'Payload Too Large',
    type: 'ValidationException',
    message: 'The chunk extensions of the request are larger than the 16384 bytes that are read of them.',
  },
  transferCoding: {
    status: 400, // 501 would be HTTP's own, but nothing that a caller does is a failure of the service
    reason: 'Bad Request',
    type: 'ValidationException',
    message: 'The body must come as it is or in chunks: the last Transfer-Encoding must be chunked.',
  },
  silent: {
    status: 408,
    reason: 'Request Timeout',
    type: 'RequestTimeoutException',
    message: 'The rest of the request did not come in time. Send it again.',
  },
  expectation: {
    status: 417,
    reason: 'Expectation Failed',
    type: 'ValidationException',
    message: 'The Expect header may only be 100-continue.',
  },
  tunnel: {
    status: 405,
    reason: 'Method Not Allowed',
    type: 'UnknownOperationException',
    message: 'No operation of this service has this method and path.',
  },
  tooManyConnections: {
    status: 429,
    reason: 'Too Many Requests',
    type: 'ThrottlingException',
    message: 'Too many connections are open. Close those that are not used, and try again.',
  },
} as const;

export type TransportError = keyof typeof transportErrors;

/** By `error.code`, as Node and llhttp name it; any other error of the parser is a malformed request. */
const byCode: ReadonlyMap<string, TransportError> = new Map([
  ['HPE_HEADER_OVERFLOW', 'headersTooLarge'],
  ['HPE_CHUNK_EXTENSIONS_OVERFLOW', 'chunkExtensionsTooLarge'],
  ['HPE_INVALID_TRANSFER_ENCODING', 'transferCoding'],
  ['ERR_HTTP_REQUEST_TIMEOUT', 'silent'],
]);

/**
 * Which kind an error of Node's parser is. A length beside a coding has the code of an unknown coding, and is
 * a request that two readers would cut in two ways (RFC 9112, 6.3): malformed.
 */
export const kindOf = ({ code = '', reason = '' }: { code?: string; reason?: string }): TransportError =>
  reason.includes('Content-Length') ? 'malformed' : (byCode.get(code) ?? 'malformed');

/** The answer as the pipeline would give it. */
export function transportRefusal(kind: TransportError, requestId: string = randomUUID()): HttpResponse {
  const { status, type, message } = transportErrors[kind];
  return {
    status,
    headers: {
      'Content-Type': 'application/json',
      'x-amzn-RequestId': requestId,
      'x-amzn-ErrorType': type,
      ...(status === 429 && { 'Retry-After': '1' }),
    },
    body: JSON.stringify({ __type: `com.amazonaws.lookoutvision#${type}`, Message: message }),
  };
}

/** The same as bytes, for a socket on which there is no request to answer. */
export function rawRefusal(kind: TransportError, withBody = true): string {
  const { status, headers, body } = transportRefusal(kind);
  const lines = [
    `HTTP/1.1 ${status} ${transportErrors[kind].reason}`,
    ...Object.entries({ ...headers, 'Content-Length': body.length, Connection: 'close' }).map(
      ([name, value]) => `${name}: ${value}`,
    ),
  ];
  return `${lines.join('\r\n')}\r\n\r\n${withBody ? body : ''}`;
}
