import { Readable } from 'node:stream';
import * as sdk from '@aws-sdk/client-lookoutvision';
import { describe, expect, test } from '@jest/globals';
import { errorMembers, errorNames } from '../../lambdas/contract/derive/error-shapes.ts';
import { commonErrors } from '../../lambdas/contract/errors.ts';
import { operations, type OperationName } from '../../lambdas/contract/operations.ts';
import { encodeValue } from '../../lambdas/http/encode.ts';
import { readInput } from '../../lambdas/http/read-input.ts';
import { match } from '../../lambdas/http/routes.ts';
import { exampleOf } from '../helpers/examples.ts';
import {
  originalOperations,
  outlineOf,
  published,
  publishedError,
  publishedErrors,
} from '../helpers/published-client.ts';

// The contract, row by row, against the published JavaScript client: what its types say, what it sends, what
// it makes of what it is sent.

test('there are 22 operations, and the client has a command for each', () => {
  expect(originalOperations).toHaveLength(22);
  expect(originalOperations.filter((name) => !(`${name}Command` in sdk))).toEqual([]);
});

test.each(errorNames)('the client has a class for %s, with the members that the service sends', (name) => {
  expect(name in sdk).toBe(true);
  expect(outlineOf(name, { type: 'structure', members: errorMembers[name] })).toEqual(publishedError(name));
});

describe.each(originalOperations)('%s', (name) => {
  const row = operations[name];

  test("takes and gives the members that the client's types have, required or not, of the same kinds", () => {
    // In the client's types a token is as optional as in the contract; it makes one when none is given.
    expect(outlineOf(row.input)).toEqual(published(`${name}Request`));
    expect(outlineOf(row.output)).toEqual(published(`${name}Response`));
  });

  test('may answer the errors that the client names', () => {
    expect([...commonErrors, ...row.errors].sort()).toEqual(publishedErrors(name));
  });

  test('reads every member that the client can send, from where it sends it', async () => {
    const example = exampleOf(row.input) as Record<string, unknown>;
    const { method, path, query, headers, body } = await sentBy(name, example);
    const matched = match(method, path);
    if (!('name' in matched)) throw new Error(`no operation has ${method} ${path}`);
    expect(matched.name).toBe(name);
    const pairs = Object.entries(query).flatMap(([key, value]) =>
      [value].flat().map((each) => [key, each] as const),
    );
    expect(readInput(name, { labels: matched.labels, query: pairs, headers, body })).toEqual(
      inMilliseconds(example),
    );
  });

  test('gives every member of its answer so that the client reads it', async () => {
    const example = exampleOf(row.output) as Record<string, unknown>;
    const { $metadata: _, ...received } = await receivedBy(
      name,
      row.status,
      JSON.stringify(encodeValue(row.output, inMilliseconds(example))),
    );
    expect(received).toEqual(example);
  });
});

/** Dates as the contract has them: epoch milliseconds. */
function inMilliseconds(value: unknown): unknown {
  if (value instanceof Date) return value.getTime();
  if (value instanceof Uint8Array) return Buffer.from(value);
  if (Array.isArray(value)) return value.map(inMilliseconds);
  return typeof value === 'object' && value !== null
    ? Object.fromEntries(Object.entries(value).map(([key, each]) => [key, inMilliseconds(each)]))
    : value;
}

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string | string[]>>;
  readonly headers: Readonly<Record<string, string>>;
  /** Absent where nothing is sent. */
  readonly body?: Uint8Array | string;
}

interface Answer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** The client with something else in the place of the network. */
async function call(
  name: OperationName,
  input: object,
  handle: (request: Sent) => Answer,
): Promise<Record<string, unknown>> {
  const commands = sdk as unknown as Readonly<Record<string, new (given: object) => never>>;
  const Command = commands[`${name}Command`];
  if (Command === undefined) throw new Error(`there is no ${name}Command`);
  const client = new sdk.LookoutVisionClient({
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
    requestHandler: { handle: (request: Sent) => Promise.resolve({ response: handle(request) }) } as never,
  });
  return { ...((await client.send(new Command(input))) as object) };
}

async function sentBy(name: OperationName, input: object): Promise<Sent & { readonly body: Uint8Array }> {
  let seen: Sent | undefined;
  await call(name, input, (request) => {
    seen = request;
    return answer(200, '{}');
  });
  if (seen === undefined) throw new Error('nothing was sent');
  return { ...seen, body: Buffer.from(seen.body ?? '') };
}

const receivedBy = (
  name: OperationName,
  statusCode: number,
  body: string,
): Promise<Record<string, unknown>> =>
  call(name, exampleOf(operations[name].input) as object, () => answer(statusCode, body));

const answer = (statusCode: number, body: string): Answer => ({
  statusCode,
  headers: { 'content-type': 'application/json' },
  body: Readable.from([Buffer.from(body)]),
});
