import { ValidationError } from '../contract/errors.ts';
import { operations, type Input, type OperationName } from '../contract/operations.ts';
import type { Member, Shape } from '../contract/shape.ts';
import { decodeStructure, memberPath, shapeOf, takeMember } from './decode.ts';
import type { HttpRequest } from './message.ts';
import { isObject } from '../contract/json.ts';
import { Violations } from '../contract/violations.ts';

/**
 * Reads an operation's parameters from where the contract says they travel, and validates all of them before
 * anything is touched.
 * @throws ValidationError with every violation
 */
export function readInput<N extends OperationName>(name: N, request: HttpRequest): Input<N> {
  const shape = shapeOf(operations[name].input) as Extract<Shape, { type: 'structure' }>;
  const members = Object.entries(shape.members);
  const violations = new Violations();
  const input = members.some(([, { in: place }]) => place === undefined)
    ? (decodeStructure(shape, jsonBody(request.body), '', violations) ?? {})
    : {};
  for (const [member, row] of members) {
    if (row.in === undefined) continue;
    const raw = wireValue(row, member, request);
    if (row.in === 'raw') input[member] = raw;
    else takeMember(input, member, row, raw, memberPath('', member), 'text', violations);
  }
  violations.throwIfAny();
  return input as Input<N>;
}

function wireValue(member: Member, name: string, request: HttpRequest): unknown {
  const wireName = member.as ?? name;
  switch (member.in ?? 'query') {
    case 'path':
      return request.labels[wireName] ?? '';
    case 'header':
      return request.headers[wireName.toLowerCase()];
    case 'raw':
      return request.body;
    case 'query': {
      const values = request.query.filter(([key]) => key === wireName).map(([, value]) => value);
      if (shapeOf(member.shape).type === 'list') return values;
      // a scalar that repeats is not a scalar, and is refused as such
      return values.length > 1 ? values : values[0];
    }
  }
}

/** No body is an empty object: the members that are required will be missed by name. */
function jsonBody(body: Uint8Array): unknown {
  if (body.byteLength === 0) return {};
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
    if (isObject(value)) return value;
  } catch {
    // told below, in the service's own words: a parser's message would repeat the body
  }
  throw new ValidationError('The request body must be a JSON object in UTF-8.');
}
