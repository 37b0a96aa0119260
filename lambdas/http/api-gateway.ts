import middy from '@middy/core';
import { InternalError } from '../contract/errors.ts';
import { operationNames, operations, type OperationName } from '../contract/operations.ts';
import type { Log } from '../domain/ports.ts';
import type { HttpRequest, HttpResponse } from './message.ts';
import { dispatch, refusal, unknownOperation, type Service } from './pipeline.ts';
import { decode } from './routes.ts';

/** What we read of the event that a REST API's proxy integration sends. */
export interface ProxyEvent {
  readonly resource: string;
  readonly httpMethod: string;
  readonly pathParameters: Readonly<Record<string, string | undefined>> | null;
  readonly multiValueQueryStringParameters: Readonly<Record<string, readonly string[] | undefined>> | null;
  readonly headers: Readonly<Record<string, string | undefined>> | null;
  readonly body: string | null;
  readonly isBase64Encoded: boolean;
  readonly requestContext: {
    readonly requestId: string;
    readonly identity?: {
      readonly userArn?: string | null;
      readonly caller?: string | null;
      readonly sourceIp?: string | null;
    };
  };
}

export interface ProxyResult {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly isBase64Encoded: false;
}

/**
 * By method and resource, because these are the same behind a stage name, a custom domain and its base path;
 * the path is not.
 */
const byResource = new Map<string, OperationName>(
  operationNames.map((name) => [`${operations[name].method} ${operations[name].path}`, name]),
);

/** What surrounds a request: it sees the event and the answer, and decides on neither. */
export type Around = middy.MiddlewareObj<ProxyEvent, ProxyResult>;

/**
 * The Lambda handler of a service. middy is for what surrounds a request; it never decides on a status.
 * @param around sees the answer to a failure of the host too
 */
export const serve = (
  service: Service,
  log: Log,
  ...around: readonly Around[]
): middy.MiddyfiedHandler<ProxyEvent, ProxyResult> =>
  middy<ProxyEvent, ProxyResult>((event: ProxyEvent) => answer(service, event, log))
    .use([...around])
    .onError((request) => {
      log.event('host.failed', { error: request.error });
      request.response = carried(refusal(new InternalError(), request.event.requestContext.requestId));
    });

async function answer(service: Service, event: ProxyEvent, log: Log): Promise<ProxyResult> {
  const { requestId, identity } = event.requestContext;
  // Greedy in the gateway, so that an ARN arrives whole however its slashes were encoded.
  const name = byResource.get(`${event.httpMethod} ${event.resource.replace('+}', '}')}`);
  if (name === undefined) return carried(unknownOperation(requestId));
  return carried(
    await dispatch(service, name, requestOf(event), {
      requestId,
      log,
      address: identity?.sourceIp ?? undefined,
      caller: () => ({ name: identity?.userArn ?? identity?.caller ?? 'anonymous' }),
    }),
  );
}

function requestOf(event: ProxyEvent): HttpRequest {
  return {
    // The gateway decodes some labels and not others. No label of ours may hold a percent sign, so decoding
    // what is left of them is safe.
    labels: Object.fromEntries(
      Object.entries(event.pathParameters ?? {}).map(([label, value]) => [label, decode(value ?? '')]),
    ),
    query: Object.entries(event.multiValueQueryStringParameters ?? {}).flatMap(([name, values]) =>
      (values ?? []).map((value) => [name, value] as const),
    ),
    headers: Object.fromEntries(
      Object.entries(event.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
    ),
    body: Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8'),
  };
}

const carried = ({ status, headers, body }: HttpResponse): ProxyResult => ({
  statusCode: status,
  headers,
  body,
  isBase64Encoded: false,
});
