import { beforeAll, expect, test } from '@jest/globals';
import { operations } from '../../lambdas/contract/operations.ts';
import type { Member, Shape } from '../../lambdas/contract/shape.ts';
import { memberPath, shapeOf } from '../../lambdas/http/decode.ts';
import { exampleOf } from '../helpers/examples.ts';
import { rowsOf } from '../helpers/flow.ts';
import { originalOperations } from '../helpers/published-client.ts';
import { testService } from '../helpers/service.ts';
import type { World } from '../helpers/world.ts';

// Every member of every request, wrong in turn and in every way that its shape allows it to be wrong: the
// answer is a ValidationException that names the member, and nothing has changed.

const service = testService();
let world: World;
let before: unknown;
let requests = 0;
beforeAll(async () => {
  world = await service.shared();
  // what the examples name, as far as it goes: a request that slipped through would have something to change
  await world.trained('my_project-1');
  before = await rowsOf(world);
});

interface Wrong {
  /** As messages name it. */
  readonly at: string;
  readonly value: unknown;
  /** The request's members, one of them wrong. */
  readonly input: Readonly<Record<string, unknown>>;
}

/** Texts that no pattern of the contract allows; a path label or a header cannot hold all of them. */
const strange = ['\u0000', 'a\nb', '\u2028', '../..', '__proto__ ', '%2e%2e%2f', '{"a":1}', '\u{1f600}'];

/**
 * What is wrong for a shape by its kind. @param text whether the value travels as a text: there is no other
 * kind of value there
 */
function wrongValues(shape: Shape, text: boolean): unknown[] {
  const kinds = (allowed: string): unknown[] =>
    text
      ? []
      : [null, 5, 'text', true, [], {}, ['a'], { a: 1 }].filter(
          (each) => kindOf(each) !== allowed && each !== null,
        );
  switch (shape.type) {
    case 'string': {
      const bad =
        shape.enum !== undefined
          ? ['', 'NEVER', 'toString']
          : shape.pattern === undefined
            ? []
            : strange.filter(
                (each) => !new RegExp(`^(?:${shape.pattern})$`, `s${shape.flags ?? ''}`).test(each),
              );
      return [
        ...kinds('string'),
        ...bad,
        ...(shape.max === undefined ? [] : ['x'.repeat(shape.max + 1)]),
        ...((shape.min ?? 0) > 0 ? [''] : []),
      ];
    }
    case 'integer':
      return [
        ...kinds('number'),
        ...(text ? ['1.5', '-1', '0x10', '1e2', ' 1', '99999999999'] : [1.5, -(2 ** 40), 2 ** 31, '1']),
      ];
    case 'boolean':
      return text ? ['yes', '1', 'TRUE', ''] : kinds('boolean');
    case 'timestamp':
      return text
        ? ['yesterday', '2020-01-01', '1577836800', '2020-01-01T00:00:00+01:00', '2020-13-01T00:00:00Z']
        : kinds('number');
    case 'blob':
      return [...kinds('string'), '***', 'YQ', 'YQ=', '_-_-', ...((shape.min ?? 0) > 0 ? [''] : [])];
    case 'list':
      return [
        ...kinds('list'),
        ...(shape.max === undefined ? [] : [new Array<unknown>(shape.max + 1).fill(exampleOf(shape.of))]),
      ];
    case 'structure':
      return kinds('structure');
    case 'float':
    case 'double':
      return kinds('number');
  }
}

const kindOf = (value: unknown): string =>
  Array.isArray(value) ? 'list' : typeof value === 'object' ? 'structure' : typeof value;

function* wrongIn(
  shapeName: string,
  path: string,
  place: Member['in'],
  put: (value: unknown) => Readonly<Record<string, unknown>>,
): Generator<Wrong, void, undefined> {
  const shape = shapeOf(shapeName);
  const values = wrongValues(shape, place !== undefined);
  for (const value of values)
    if (!(place === 'path' && (value === '' || typeof value !== 'string')))
      yield { at: path, value, input: put(value) };
  if (shape.type === 'list')
    yield* wrongIn(shape.of, `${path}.2.member`, place === undefined ? undefined : 'query', (value) =>
      put([exampleOf(shape.of), value]),
    );
  if (shape.type !== 'structure') return;
  const whole = exampleOf(shapeName) as Readonly<Record<string, unknown>>;
  for (const [name, member] of Object.entries(shape.members)) {
    const { [name]: _, ...others } = whole;
    if (member.required === true) yield { at: memberPath(path, name), value: undefined, input: put(others) };
    yield* wrongIn(member.shape, memberPath(path, name), undefined, (value) =>
      put({ ...whole, [name]: value }),
    );
  }
}

function* wrongRequests(
  input: Extract<Shape, { type: 'structure' }>,
  whole: Readonly<Record<string, unknown>>,
): Generator<Wrong, void, undefined> {
  for (const [name, member] of Object.entries(input.members)) {
    if (member.in === 'raw') continue;
    const { [name]: _, ...others } = whole;
    const at = memberPath('', name);
    if (member.required === true && member.in === undefined) yield { at, value: undefined, input: others };
    yield* wrongIn(member.shape, at, member.in, (value) => ({ ...whole, [name]: value }));
  }
}

/** Sends it as it is, wherever its members travel. @returns undefined if HTTP cannot carry it */
async function send(
  row: (typeof operations)[keyof typeof operations],
  input: Readonly<Record<string, unknown>>,
): Promise<{ status: number; type: string | null; message: string } | undefined> {
  const shape = shapeOf(row.input) as Extract<Shape, { type: 'structure' }>;
  const headers: Record<string, string> = {};
  const query: string[] = [];
  const body: Record<string, unknown> = {};
  let path: string = row.path;
  for (const [name, value] of Object.entries(input)) {
    const { in: place, as = name } = shape.members[name] as Member;
    const text = (each: unknown): string => (each instanceof Date ? each.toISOString() : String(each));
    if (place === undefined) body[name] = value;
    if (place === 'path') path = path.replace(`{${as}}`, encodeURIComponent(text(value)));
    if (place === 'query')
      query.push(...[value].flat().map((each) => `${as}=${encodeURIComponent(text(each))}`));
    if (place === 'header') headers[as] = text(value);
    if (place === 'header' && !/^[\t\x20-\x7e]*$/.test(text(value))) return undefined;
  }
  const content =
    Object.keys(body).length > 0
      ? {
          body: JSON.stringify(body, (_, each: unknown) =>
            each instanceof Uint8Array ? Buffer.from(each).toString('base64') : each,
          ),
        }
      : {};
  const response = await fetch(`${world.url}${path}${query.length > 0 ? `?${query.join('&')}` : ''}`, {
    method: row.method,
    headers,
    ...content,
  });
  const { Message = '' } = (await response.json()) as { Message?: string };
  return { status: response.status, type: response.headers.get('x-amzn-errortype'), message: Message };
}

test.each(originalOperations)('%s', async (name) => {
  const row = operations[name];
  const whole = exampleOf(row.input) as Readonly<Record<string, unknown>>;
  let sent = 0;
  for (const { at, value, input } of wrongRequests(
    shapeOf(row.input) as Extract<Shape, { type: 'structure' }>,
    whole,
  )) {
    const answer = await send(row, input);
    if (answer === undefined) continue;
    sent += 1;
    expect({ at, value, ...answer }).toEqual({
      at,
      value,
      status: 400,
      type: 'ValidationException',
      message: expect.stringContaining(`at '${at}' failed to satisfy constraint: `),
    });
  }
  requests += sent;
  expect(sent).toBeGreaterThan(0);
});

test('of all these requests, none has changed anything', async () => {
  expect(requests).toBeGreaterThan(800);
  expect(await rowsOf(world)).toEqual(before);
});
