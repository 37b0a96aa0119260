import {
  operationNames,
  operations,
  type OperationName,
  type OperationRow,
} from '../../../lambdas/contract/operations.ts';
import type { Member, Shape } from '../../../lambdas/contract/shape.ts';
import { shapes, type ShapeName } from '../../../lambdas/contract/shapes.ts';
import type { Chance } from '../random.ts';

export interface HostileRequest {
  readonly operation: OperationName;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

const shapeOf = (name: string): Shape => shapes[name as ShapeName];

/** What should be fine, so that requests get far enough to do harm. */
const fine: Readonly<Record<string, readonly string[]>> = {
  ProjectName: ['parts', 'bolts', 'a-b_c', 'latest', 'import', 'constructor', 'toString'],
  ModelVersion: ['1', '2', '3', 'latest', '2147483647', '9999999999'],
  ModelVersionNoLatest: ['1', '2', '3', '9999999999'],
  ClientToken: ['a', 'token-1', 'x'.repeat(64)],
  ContentType: ['image/png', 'image/jpeg'],
  S3BucketName: ['models', 'samples'],
  S3KeyPrefix: ['part/', '', 'a/b/c'],
  S3ObjectKey: ['part/model.json'],
  TagArn: [
    'arn:aws:lookoutvision:us-east-1:111122223333:model/parts/1',
    'arn:aws:lookoutvision:us-east-1:111122223333:model/parts/2',
  ],
};

const texts = [
  '',
  ' ',
  '0',
  '-1',
  '1e9',
  'null',
  'undefined',
  '..',
  '../..',
  '../../etc/passwd',
  '..%2f..%2fetc',
  '%2e%2e',
  '%',
  '%zz',
  '%00',
  '\u0000',
  '\r\nX-A: b',
  'a\nb',
  '\u2028',
  '\ud800',
  '\u202e',
  'ä'.repeat(256),
  '💣',
  '__proto__',
  'constructor',
  'prototype',
  'hasOwnProperty',
  '$where',
  "' OR 1=1 --",
  '<script>',
  '${jndi:ldap://x}',
  '{{7*7}}',
  '#',
  '?',
  '/',
  '//',
  '\\',
  '.',
  'P#parts',
  'MODEL#0000000001',
  'T#StartModel#a',
  'arn:aws:lookoutvision:us-east-1:111122223333:model/parts/1/../2',
  'arn:aws:lookoutvision:eu-west-1:999999999999:model/parts/1',
  's3://../x',
  'x'.repeat(300),
  'x'.repeat(5000),
  'NaN',
  'Infinity',
  '007',
  '1.0',
  '+1',
  '９',
  'ａ',
  'a'.repeat(255),
  '(a+)+$',
  `${'a'.repeat(60)}!`,
  'eyJ4IjoxfQ==',
  'W10=',
  'WyJMaXN0TW9kZWxzIiwicGFydHMiLCJcdTAwMDAiXQ==',
];
const numbers = [0, -0, -1, 1, 2, 5, 6, 1.5, 1e308, -1e308, 2 ** 31, 2 ** 31 - 1, 2 ** 53, 1e-7];

function junk(chance: Chance, depth = 0): unknown {
  const kinds: readonly (() => unknown)[] = [
    () => chance.of(texts),
    () => chance.of(numbers),
    () => null,
    () => chance() < 0.5,
    () => [],
    () => ({}),
    () => Array.from({ length: chance.below(300) }, () => chance.of(texts)),
    () => (depth > 3 ? {} : { [chance.of(texts)]: junk(chance, depth + 1) }),
    () => (depth > 3 ? [] : [junk(chance, depth + 1)]),
    () => JSON.parse('{"__proto__":{"admin":true},"constructor":{"prototype":{"x":1}}}') as unknown,
  ];
  return chance.of(kinds)();
}

/** A value of a shape, mostly; now and then something else, somewhere in it. */
function value(name: string, chance: Chance, wild: number): unknown {
  if (chance() < wild) return junk(chance);
  const shape = shapeOf(name);
  const known = fine[name];
  if (known !== undefined) return chance.of(known);
  switch (shape.type) {
    case 'structure': {
      const members = Object.entries(shape.members).filter(([, { in: place }]) => place === undefined);
      const wanted =
        shape.oneOf === undefined || chance() < wild
          ? members.map(([member]) => member)
          : chance.of(shape.oneOf);
      const entries = members.filter(
        ([member, { required }]) =>
          wanted.includes(member) && (required === true || shape.oneOf !== undefined || chance() < 0.5),
      );
      return Object.fromEntries(entries.map(([member, { shape: of }]) => [member, value(of, chance, wild)]));
    }
    case 'list':
      return Array.from({ length: chance.below(4) }, () => value(shape.of, chance, wild));
    case 'string':
      return shape.enum === undefined ? chance.of(['a', 'b1', 'Zz']) : chance.of(shape.enum);
    case 'integer':
      return 1 + chance.below(6);
    case 'float':
    case 'double':
      return chance();
    case 'boolean':
      return chance() < 0.5;
    case 'timestamp':
      return 1.7e9;
    case 'blob':
      return 'AAAA';
  }
}

/** A request that is one of ours but for some of its parts. */
export function hostileRequest(chance: Chance): HostileRequest {
  const operation = chance.of(operationNames);
  const row: OperationRow = operations[operation];
  const wild = chance.of([0, 0, 0.05, 0.3]);
  const members = Object.entries<Member>(
    (shapeOf(row.input) as Extract<Shape, { type: 'structure' }>).members,
  );
  const at = (place: Member['in']): [string, Member][] => members.filter(([, member]) => member.in === place);
  let path = row.path;
  for (const [name, member] of at('path')) {
    const text = String(value(member.shape, chance, wild));
    path = path.replace(
      `{${member.as ?? name}}`,
      chance() < 0.9 ? encodeURIComponent(text.toWellFormed()) : text.replace(/[^\x21-\x7e]/g, '%'),
    );
  }
  const query = at('query')
    .filter(() => chance() < 0.6)
    .map(
      ([name, member]) =>
        `${member.as ?? name}=${encodeURIComponent(String(value(member.shape, chance, wild)).toWellFormed())}`,
    );
  if (chance() < wild)
    query.push(
      chance.of([
        '=',
        '&&&',
        '__proto__=1',
        'maxResults=1&maxResults=2',
        'nextToken=%ff',
        `x=${'y'.repeat(4000)}`,
      ]),
    );
  const headers: Record<string, string> = {
    'content-type': chance.of(['application/json', 'image/png', 'text/plain', 'multipart/form-data']),
  };
  for (const [name, member] of at('header')) {
    if (chance() < 0.6)
      headers[(member.as ?? name).toLowerCase()] = String(value(member.shape, chance, wild)).replace(
        /[^\x20-\x7e]/g,
        '?',
      );
  }
  if (chance() < wild)
    Object.assign(
      headers,
      chance.of<Record<string, string>>([
        { origin: 'http://evil.example' },
        { host: 'evil.example' },
        { authorization: 'AWS4-HMAC-SHA256 Credential=x' },
        { 'x-amz-date': 'yesterday' },
        { 'content-encoding': 'gzip' },
        { 'x-http-method-override': 'DELETE' },
        { 'x-forwarded-host': 'evil' },
        { 'accept-encoding': 'br' },
        Object.fromEntries(Array.from({ length: 80 }, (_, index) => [`x-flood-${index}`, 'y'.repeat(50)])),
      ]),
    );
  const method =
    chance() < wild / 3
      ? chance.of(['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'HEAD'])
      : row.method;
  const text = query.length > 0 ? `${path}?${query.join('&')}` : path;
  return {
    operation,
    method,
    path: text.replace(/[^\x21-\x7e]/g, ''),
    headers,
    body: method === 'GET' || method === 'HEAD' ? new Uint8Array() : bodyOf(row, chance, wild),
  };
}

function bodyOf(row: OperationRow, chance: Chance, wild: number): Uint8Array {
  if (chance() < wild / 2) {
    return chance.of([
      Buffer.from('{'),
      Buffer.from('[]'),
      Buffer.from('null'),
      Buffer.from('"a"'),
      Buffer.from('{"a":1}{"b":2}'),
      Buffer.from([0xff, 0xfe, 0x00]),
      Buffer.from('['.repeat(20_000)),
      Buffer.from(`{"ProjectName":"${'x'.repeat(100_000)}"}`),
      Buffer.from('{"ProjectName":"a","ProjectName":"b"}'),
      Buffer.from('\ufeff{}'),
      Buffer.alloc(200_000),
      Buffer.from('{"a":1e999}'),
    ]);
  }
  return Buffer.from(JSON.stringify(value(row.input, chance, wild) ?? null));
}
