import { describe, expect, test } from '@jest/globals';
import { testService } from '../helpers/service.ts';
import type { World } from '../helpers/world.ts';

// What may stand in a request's body, and what is said of it if it may not. Nothing here exists: a 404 says
// that the body was fine.

const service = testService();

const path = '/2020-11-20/projects/parts/models/1/start';
const fine = 404;

async function send(
  world: World,
  body: string | Uint8Array,
  contentType = 'application/json',
): Promise<{ status: number; message: string }> {
  const response = await fetch(`${world.url}${path}`, {
    method: 'POST',
    body: Buffer.from(body),
    headers: { 'content-type': contentType },
  });
  const { Message } = (await response.json()) as { Message: string };
  return { status: response.status, message: Message };
}

const noObject = { status: 400, message: 'The request body must be a JSON object in UTF-8.' };
const wrong = (value: string, rule: string, member = 'minInferenceUnits') => ({
  status: 400,
  message: `1 validation error detected: Value ${value} at '${member}' failed to satisfy constraint: ${rule}`,
});
const missing = wrong('null', 'Member must not be null');
const noInteger = (value: string) => wrong(value, 'Member must be an integer');

describe('a body', () => {
  test.each([
    ['a list', '[]'],
    ['a list of objects', '[{"MinInferenceUnits":1}]'],
    ['null', 'null'],
    ['a text', '"MinInferenceUnits"'],
    ['a number', '1'],
    ['true', 'true'],
    ['half of an object', '{"MinInferenceUnits":1'],
    ['two objects', '{"MinInferenceUnits":1}{}'],
    ['a trailing comma', '{"MinInferenceUnits":1,}'],
    ['a comment', '{/**/"MinInferenceUnits":1}'],
    ['a number that JSON has not', '{"MinInferenceUnits":NaN}'],
    ['a hexadecimal number', '{"MinInferenceUnits":0x1}'],
    ['XML', '<MinInferenceUnits>1</MinInferenceUnits>'],
    ['bytes that are no UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
    ['UTF-16', Buffer.from('{"MinInferenceUnits":1}', 'utf16le')],
  ])('that is %s is refused, and not repeated', async (_name, body) => {
    expect(await send(await service.shared(), body)).toEqual(noObject);
  });

  test.each([
    ['nothing', '', missing],
    ['an empty object', '{}', missing],
    ['a null member', '{"MinInferenceUnits":null}', missing],
    ['a member in another case', '{"minInferenceUnits":1}', missing],
    ['a member by way of a prototype', '{"__proto__":{"MinInferenceUnits":1}}', missing],
    ['a member by way of a constructor', '{"constructor":{"prototype":{"MinInferenceUnits":1}}}', missing],
    [
      'a key twice: the last counts',
      '{"MinInferenceUnits":1,"MinInferenceUnits":0}',
      wrong("'0'", 'Member must have value greater than or equal to 1'),
    ],
  ])('%s', async (_name, body, expected) => {
    expect(await send(await service.shared(), body)).toEqual(expected);
  });

  test.each([
    [
      'members that nobody knows',
      '{"MinInferenceUnits":1,"Turbo":true,"__proto__":{"MaxInferenceUnits":0},"":[]}',
    ],
    ['optional members that are null', '{"MinInferenceUnits":1,"MaxInferenceUnits":null}'],
    ['spaces and lines', ' \r\n\t{ "MinInferenceUnits" : 1 }\n '],
    ['escapes', '{"\\u004dinInferenceUnits":1}'],
    ['a byte order mark', '\ufeff{"MinInferenceUnits":1}'],
  ])('%s are fine', async (_name, body) => {
    expect((await send(await service.shared(), body)).status).toBe(fine);
  });

  test.each(['application/x-amz-json-1.1', 'text/plain', 'application/json; charset=utf-8'])(
    'its type does not matter: %s',
    async (type) => {
      expect((await send(await service.shared(), '{"MinInferenceUnits":1}', type)).status).toBe(fine);
    },
  );
});

describe('an integer', () => {
  test.each([
    ['1.5', noInteger("'1.5'")],
    ['"1"', noInteger("'1'")],
    ['true', noInteger("'true'")],
    ['[1]', noInteger("'[1]'")],
    ['{}', noInteger("'{}'")],
    ['1e400', noInteger("'null'")],
    [`${'['.repeat(100_000)}${']'.repeat(100_000)}`, noInteger("'[...]'")],
    [`${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`, noInteger("'{...}'")],
    ['2147483648', wrong("'2147483648'", 'Member must have value less than or equal to 2147483647')],
    ['-2147483649', wrong("'-2147483649'", 'Member must have value greater than or equal to 1')],
    ['0', wrong("'0'", 'Member must have value greater than or equal to 1')],
    ['-0', wrong("'0'", 'Member must have value greater than or equal to 1')],
  ])('%.20s is refused', async (value, expected) => {
    expect(await send(await service.shared(), `{"MinInferenceUnits":${value}}`)).toEqual(expected);
  });

  test.each([
    ['1.0', fine],
    ['5e0', fine],
    ['0.2e1', fine],
    ['1e3', 402],
    ['2147483647', 402],
  ])('%s is one: %d', async (value, status) => {
    expect((await send(await service.shared(), `{"MinInferenceUnits":${value}}`)).status).toBe(status);
  });
});

test('a message repeats a hundred characters at most, and none that could forge a line of a log', async () => {
  const world = await service.shared();
  const { message } = await send(
    world,
    JSON.stringify({ MinInferenceUnits: `a\r\n\u2028\u0007${'x'.repeat(500)}` }),
  );
  expect(message).toBe(
    `1 validation error detected: Value 'a????${'x'.repeat(95)}...' at 'minInferenceUnits' failed to satisfy constraint: Member must be an integer`,
  );
});

test('of very many violations twenty are told, and how many there are', async () => {
  const world = await service.shared();
  const Tags = Array.from({ length: 150 }, () => ({ Key: '#', Value: 1 }));
  const response = await world.post(
    '/2020-11-20/tags/arn%3Aaws%3Alookoutvision%3Aus-east-1%3A111122223333%3Amodel%2Fparts%2F1',
    { Tags },
  );
  const { Message } = (await response.json()) as { Message: string };
  expect(Message).toMatch(/^300 validation errors detected: /);
  expect(Message.match(/failed to satisfy constraint/g)).toHaveLength(20);
});

test('a structure where a text belongs, a text where a structure belongs, and what is missing: each by its path', async () => {
  const world = await service.shared();
  const body = { Source: { S3: 'models' }, Description: { a: 1 }, Tags: [{ Key: 'a' }, 'b', null] };
  const response = await world.post('/2020-11-20/projects/parts/models/import', body, {
    'x-amzn-client-token': '?',
  });
  expect(await response.json()).toMatchObject({
    Message: [
      "7 validation errors detected: Value 'models' at 'source.s3' failed to satisfy constraint: Member must be a structure",
      "Value '[]' at 'source' failed to satisfy constraint: Member must have exactly one of: s3, or modelPackageArn, or image and modelDataUrl",
      "Value '{\"a\":1}' at 'description' failed to satisfy constraint: Member must be a string",
      "Value null at 'tags.1.member.value' failed to satisfy constraint: Member must not be null",
      "Value 'b' at 'tags.2.member' failed to satisfy constraint: Member must be a structure",
      "Value null at 'tags.3.member' failed to satisfy constraint: Member must be a structure",
      "Value '?' at 'clientToken' failed to satisfy constraint: Member must satisfy regular expression pattern: ^[a-zA-Z0-9-]+$",
    ].join('; '),
  });
});
