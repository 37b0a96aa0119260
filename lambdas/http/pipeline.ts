import {
  commonErrors,
  errorStatus,
  InternalError,
  ServiceError,
  UnavailableError,
} from '../contract/errors.ts';
import { operations, type OperationName, type OperationRow } from '../contract/operations.ts';
import { StorageUnavailable, type Log, type ObjectUrls } from '../domain/ports.ts';
import type { Contexts, Handlers, Operation, Reach } from '../operations/context.ts';
import { violation } from '../contract/violations.ts';
import { csvOf } from './csv.ts';
import { encodeValue } from './encode.ts';
import type { HttpRequest, HttpResponse } from './message.ts';
import { readInput } from './read-input.ts';

/** What a host serves: the handlers of one profile or of all, and what these need. */
export interface Service {
  readonly handlers: Partial<Handlers>;
  readonly context: Contexts['read'] & Partial<Contexts['write']> & Partial<Contexts['detect']>;
}

/** Who asks, as an ARN or a name, and what that caller can reach: everything, if nothing is said. */
export interface Caller {
  readonly name: string;
  readonly reach?: Reach;
  /** Lends the caller's own rights to URLs. */
  readonly urls?: ObjectUrls;
}

export interface Origin {
  readonly requestId: string;
  readonly log: Log;
  /** The network address that the request came from, where it is known. */
  readonly address?: string | undefined;
  /**
   * Who asks. Runs before anything else is looked at: whoever may not call learns nothing of what else is
   * wrong.
   * @throws AccessDeniedError
   */
  caller(operation: OperationName): Caller | Promise<Caller>;
}

/** So many characters of a path label are logged: an ARN with the longest names has fewer. */
const loggedCharacters = 700;

/** Serves one request. It alone decides on status codes; hosts only carry them. Never throws. */
export async function dispatch(
  service: Service,
  name: OperationName,
  request: HttpRequest,
  origin: Origin,
): Promise<HttpResponse> {
  const row: OperationRow = operations[name];
  // Labels come from whoever sends, and are not validated yet.
  const labels = Object.fromEntries(
    Object.entries(request.labels).map(([label, value]) => [label, value.slice(0, loggedCharacters)]),
  );
  const log = origin.log.with({ operation: name, requestId: origin.requestId, ...labels });
  const handler = service.handlers[name] as Operation<OperationName> | undefined;
  if (handler === undefined || (row.extension === true && !service.context.settings.extensions))
    return unknownOperation(origin.requestId);
  try {
    const caller = await origin.caller(name);
    const input = readInput(name, request);
    const dryRun = dryRunOf(row, request, service.context.settings.extensions);
    const output = await handler(input, service.context, {
      requestId: origin.requestId,
      caller: caller.name,
      ...(origin.address !== undefined && { address: origin.address }),
      ...(dryRun !== undefined && { dryRun: true }),
      ...(caller.reach !== undefined && { reach: caller.reach }),
      ...(caller.urls !== undefined && { urls: caller.urls }),
      log,
    });
    const encoded = encodeValue(dryRun ?? row.output, output) as Readonly<Record<string, unknown>>;
    if (row.csv !== undefined && wantsCsv(request)) return csvAnswer(row, row.csv, encoded, origin.requestId);
    return answer(dryRun === undefined ? row.status : 200, JSON.stringify(encoded), origin.requestId);
  } catch (error) {
    if (
      error instanceof ServiceError &&
      (commonErrors.includes(error.name) || row.errors.includes(error.name))
    ) {
      if (error.name !== 'InternalServerException')
        log.event('request.refused', { error: error.name, reason: error.message });
      return refusal(error, origin.requestId);
    }
    log.event('request.failed', { error });
    const unavailable = error instanceof StorageUnavailable;
    return refusal(unavailable ? new UnavailableError() : new InternalError(), origin.requestId);
  }
}

/**
 * The shape of the answer to a dry run, where the request asks for one. Whoever asks and would not get one
 * must learn it before anything is changed.
 * @throws ValidationError
 */
function dryRunOf(
  { dryRun }: OperationRow,
  { headers }: HttpRequest,
  extensions: boolean,
): OperationRow['dryRun'] {
  const asked = headers['x-crowsnest-dry-run'];
  if (asked === undefined || asked === 'false') return undefined;
  if (asked !== 'true')
    throw violation('x-crowsnest-dry-run', 'Member must satisfy enum value set: [true, false]', asked);
  if (dryRun === undefined || !extensions)
    throw violation('x-crowsnest-dry-run', 'Member must not be true: this operation has no dry run here');
  return dryRun;
}

const wantsCsv = ({ headers }: HttpRequest): boolean => /(^|,)\s*text\/csv\b/.test(headers['accept'] ?? '');

/** The list of an answer as CSV (RFC 4180); where the list goes on stands in a header. */
function csvAnswer(
  { status, output }: OperationRow,
  list: string,
  encoded: Readonly<Record<string, unknown>>,
  requestId: string,
): HttpResponse {
  const { NextToken: next } = encoded;
  const rows = encoded[list] as readonly Readonly<Record<string, unknown>>[];
  return answer(status, csvOf(output, list, rows), requestId, {
    'Content-Type': 'text/csv; charset=utf-8',
    ...(typeof next === 'string' && { 'x-crowsnest-next-token': next }),
  });
}

const answer = (
  status: number,
  body: string,
  requestId: string,
  headers: Readonly<Record<string, string>> = {},
): HttpResponse => ({
  status,
  headers: { 'Content-Type': 'application/json', 'x-amzn-RequestId': requestId, ...headers },
  body,
});

/**
 * An error as both SDK families read it: they take the type from the header, else from `__type`; botocore
 * wants a capital `Message`, and `Retry-After` must be whole seconds.
 */
export function refusal(error: ServiceError, requestId: string): HttpResponse {
  const body = JSON.stringify({
    __type: `com.amazonaws.lookoutvision#${error.name}`,
    Message: error.message,
    ...error.members(),
  });
  return answer(error instanceof UnavailableError ? 503 : errorStatus[error.name], body, requestId, {
    'x-amzn-ErrorType': error.name,
    ...(error.retryAfter !== undefined && { 'Retry-After': String(Math.ceil(error.retryAfter)) }),
  });
}

/** For what no operation answers. Typed, so that an SDK pointed at a wrong path tells its user so. */
export function unknownOperation(requestId: string, allowed: readonly string[] = []): HttpResponse {
  const body = JSON.stringify({
    __type: 'UnknownOperationException',
    Message: 'No operation of this service has this method and path.',
  });
  return answer(allowed.length > 0 ? 405 : 404, body, requestId, {
    'x-amzn-ErrorType': 'UnknownOperationException',
    ...(allowed.length > 0 && { Allow: allowed.join(', ') }),
  });
}
