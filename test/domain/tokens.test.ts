import { describe, expect, test } from '@jest/globals';
import { fingerprint } from '../../lambdas/domain/tokens.ts';

describe('a fingerprint', () => {
  const parameters = {
    ProjectName: 'parts',
    ModelVersion: '1',
    Source: { S3: { Bucket: 'models', Prefix: 'a/' } },
    Tags: [{ Key: 'k', Value: 'v' }],
  };

  test('does not depend on the order of members, on members that are not there, or on the token', () => {
    const reordered = {
      ClientToken: 'one',
      Tags: [{ Value: 'v', Key: 'k' }],
      Source: { S3: { Prefix: 'a/', Bucket: 'models' } },
      ModelVersion: '1',
      Description: undefined,
      ProjectName: 'parts',
    };
    expect(fingerprint(reordered)).toBe(fingerprint(parameters));
    expect(fingerprint({ ...parameters, ClientToken: 'two' })).toBe(fingerprint(parameters));
  });

  test('does not depend on the spacing of the JSON that they came in', () => {
    const compact = JSON.stringify(parameters);
    expect(fingerprint(JSON.parse(JSON.stringify(parameters, null, 4)) as Record<string, unknown>)).toBe(
      fingerprint(JSON.parse(compact) as Record<string, unknown>),
    );
  });

  test.each([
    ['a value', { a: 1 }, { a: 2 }],
    ['a type', { a: 1 }, { a: '1' }],
    ['the order of a list', { a: ['x', 'y'] }, { a: ['y', 'x'] }],
    ['where a list ends', { a: ['x,y'] }, { a: ['x', 'y'] }],
    ['a member', { a: 1 }, { a: 1, b: 1 }],
    ['a name', { a: 1 }, { b: 1 }],
    ['the depth', { a: { b: 1 } }, { a: 1, b: 1 }],
    ['what looks like quotes', { a: '","b":"' }, { a: '', b: '' }],
    ['bytes', { Body: Uint8Array.of(1, 2) }, { Body: Uint8Array.of(2, 1) }],
    ['no bytes', { Body: new Uint8Array(0) }, { Body: Uint8Array.of(0) }],
    ['what is empty', { a: {} }, { a: [] }],
    ['false and absent', { a: false }, {}],
  ])('tells apart %s', (_, one: object, other: object) => {
    expect(fingerprint({ ...one })).not.toBe(fingerprint({ ...other }));
  });

  test('of bytes is that of the same bytes, whatever holds them', () => {
    expect(fingerprint({ Body: Buffer.from([1, 2]) })).toBe(fingerprint({ Body: Uint8Array.of(1, 2) }));
  });
});
