import {
  CreateTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  ResourceInUseException,
  ResourceNotFoundException,
  type DynamoDBClientConfig,
} from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { StorageUnavailable } from '../domain/ports.ts';
import { tableSchema } from '../store/schema.ts';
import type { DatabaseAnswer } from './database-calls.ts';

/** What carries out DynamoDB's requests without a socket. */
export interface DatabaseDoor {
  /**
   * Carries out one request as DynamoDB's HTTP API would.
   * @param operation `PutItem`, for example
   * @throws an error with the code ECONNRESET if no answer came; whether it was carried out is not known
   */
  call(operation: string, request: Readonly<Record<string, unknown>>): Promise<DatabaseAnswer>;
}

/**
 * The longest that a DynamoDB at an address of its own may take for a connection and for an answer, in ms.
 */
const timeouts = { connectionTimeout: 2000, requestTimeout: 5000, throwOnRequestTimeout: true };

/**
 * A client of the embedded DynamoDB, or of the one at an endpoint. Its credentials mean nothing: the embedded
 * one can be reached by this process only. What fails because the storage does not answer is thrown as
 * `StorageUnavailable`, after the SDK's own tries.
 * @param guard called before each request; what it throws is thrown
 */
export function documentClient(
  where: string | DatabaseDoor,
  guard: () => void = () => undefined,
): DynamoDBDocumentClient {
  const client = new DynamoDBClient({
    ...(typeof where === 'string'
      ? { endpoint: where, requestHandler: timeouts }
      : { endpoint: 'http://embedded.invalid', requestHandler: handlerOf(where) }),
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    useFipsEndpoint: false,
    useDualstackEndpoint: false, // whatever this machine is set to for AWS itself
  });
  client.middlewareStack.add(
    (next) => async (args) => {
      guard();
      try {
        return await next(args);
      } catch (error) {
        throw isOutage(error) ? new StorageUnavailable(error) : error;
      }
    },
    { step: 'initialize', name: 'storageUnavailable' },
  );
  return DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } });
}

const brokenConnection: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'ETIMEDOUT',
]);

function isOutage(error: unknown): boolean {
  if (!(error instanceof Error) || error instanceof StorageUnavailable) return false;
  const { code, $metadata } = error as Error & {
    readonly code?: unknown;
    readonly $metadata?: { readonly httpStatusCode?: number };
  };
  return (
    brokenConnection.has(code) || error.name === 'TimeoutError' || ($metadata?.httpStatusCode ?? 0) >= 500
  );
}

/** In the place of the SDK's HTTP handler. */
function handlerOf(door: DatabaseDoor): NonNullable<DynamoDBClientConfig['requestHandler']> {
  return {
    handle: async (request: {
      readonly headers: Record<string, string>;
      readonly body?: string | Uint8Array;
    }) => {
      const operation = request.headers['x-amz-target']?.split('.')[1] ?? '';
      const { status, body } = await door.call(
        operation,
        JSON.parse(textOf(request.body)) as Record<string, unknown>,
      );
      return {
        response: {
          statusCode: status,
          headers: { 'content-type': 'application/x-amz-json-1.0' },
          body: Buffer.from(JSON.stringify(body)),
        },
      };
    },
  } as never;
}

const textOf = (body: string | Uint8Array = '{}'): string =>
  typeof body === 'string' ? body : new TextDecoder().decode(body);

/** Makes the table if it is not there. */
export async function ensureTable(
  client: DynamoDBDocumentClient,
  name: string,
  schema: object = tableSchema,
): Promise<void> {
  try {
    await client.send(new DescribeTableCommand({ TableName: name }) as never);
  } catch (error) {
    if (!(error instanceof ResourceNotFoundException)) throw error;
    try {
      await client.send(new CreateTableCommand({ TableName: name, ...schema }) as never);
    } catch (again) {
      if (!(again instanceof ResourceInUseException)) throw again;
    }
  }
}
