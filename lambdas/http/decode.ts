import type { Member, Shape } from '../contract/shape.ts';
import { shapes, type ShapeName } from '../contract/shapes.ts';
import type { Violations } from '../contract/violations.ts';

/** Where a value comes from: a text (path, query, header) or the JSON body. */
type Origin = 'text' | 'json';
type StructureShape = Extract<Shape, { type: 'structure' }>;

const largestInteger = 2 ** 31 - 1;

export const shapeOf = (name: string): Shape => shapes[name as ShapeName];

/** AWS's messages name members as the service's own code does: in lower camel case. */
export const memberPath = (parent: string, name: string): string =>
  `${parent === '' ? '' : `${parent}.`}${name.charAt(0).toLowerCase()}${name.slice(1)}`;

const patterns = new Map<string, RegExp>();

function pattern(source: string, flags: string): RegExp {
  const known = patterns.get(source) ?? new RegExp(`^(?:${source})$`, `s${flags}`);
  patterns.set(source, known);
  return known;
}

/**
 * Turns what came over the wire into the value that the shape describes.
 * @returns undefined if it violates the shape; `violations` then says how
 */
function decodeValue(
  name: string,
  raw: unknown,
  path: string,
  origin: Origin,
  violations: Violations,
): unknown {
  const shape = shapeOf(name);
  switch (shape.type) {
    case 'structure':
      return decodeStructure(shape, raw, path, violations);
    case 'list':
      return decodeList(shape, raw, path, origin, violations);
    case 'string':
      return decodeString(shape, raw, path, violations);
    case 'integer':
      return decodeInteger(shape, raw, path, origin, violations);
    case 'float':
    case 'double':
      return typeof raw === 'number' ? raw : violations.add(path, raw, 'Member must be a number');
    case 'boolean':
      return decodeBoolean(raw, path, origin, violations);
    case 'timestamp':
      return decodeTimestamp(raw, path, origin, violations);
    case 'blob':
      return decodeBlob(shape, raw, path, violations);
  }
}

/**
 * The members of `shape` that travel in a JSON object. Members that it does not know are ignored; null is
 * absent.
 */
export function decodeStructure(
  shape: StructureShape,
  raw: unknown,
  path: string,
  violations: Violations,
): Record<string, unknown> | undefined {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw))
    return violations.add(path, raw, 'Member must be a structure');
  const result: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(shape.members)) {
    if (member.in !== undefined) continue;
    const value: unknown = Object.hasOwn(raw, name) ? (raw as Record<string, unknown>)[name] : undefined;
    takeMember(result, name, member, value ?? undefined, memberPath(path, name), 'json', violations);
  }
  if (shape.oneOf !== undefined) requireOneOf(shape.oneOf, result, path, violations);
  if (shape.notBelow !== undefined) requireNotBelow(shape.notBelow, result, path, violations);
  return result;
}

export function takeMember(
  into: Record<string, unknown>,
  name: string,
  member: Member,
  raw: unknown,
  path: string,
  origin: Origin,
  violations: Violations,
): void {
  if (raw === undefined) {
    if (member.required) violations.add(path, null, 'Member must not be null');
    return;
  }
  const value = decodeValue(member.shape, raw, path, origin, violations);
  if (value !== undefined) into[name] = value;
}

function requireOneOf(
  groups: readonly (readonly string[])[],
  given: Record<string, unknown>,
  path: string,
  violations: Violations,
): void {
  const whole = groups.filter((group) => group.every((name) => given[name] !== undefined));
  const touched = groups.filter((group) => group.some((name) => given[name] !== undefined));
  if (whole.length === 1 && touched.length === 1) return;
  const forms = groups.map((group) => group.map((name) => memberPath('', name)).join(' and ')).join(', or ');
  violations.add(path, Object.keys(given), `Member must have exactly one of: ${forms}`);
}

function requireNotBelow(
  [name, bound]: readonly [string, string],
  given: Record<string, unknown>,
  path: string,
  violations: Violations,
): void {
  const [value, least] = [given[name], given[bound]];
  if (typeof value !== 'number' || typeof least !== 'number' || value >= least) return;
  violations.add(
    memberPath(path, name),
    value,
    `Member must have value greater than or equal to ${memberPath(path, bound)}`,
  );
}

function decodeList(
  shape: Extract<Shape, { type: 'list' }>,
  raw: unknown,
  path: string,
  origin: Origin,
  violations: Violations,
): unknown[] | undefined {
  if (!Array.isArray(raw)) return violations.add(path, raw, 'Member must be a list');
  if (shape.max !== undefined && raw.length > shape.max) {
    return violations.add(
      path,
      `${raw.length} items`,
      `Member must have length less than or equal to ${shape.max}`,
    );
  }
  if (shape.min !== undefined && raw.length < shape.min) {
    return violations.add(
      path,
      `${raw.length} items`,
      `Member must have length greater than or equal to ${shape.min}`,
    );
  }
  return raw.map((item: unknown, index) =>
    decodeValue(shape.of, item, `${path}.${index + 1}.member`, origin, violations),
  );
}

function decodeString(
  shape: Extract<Shape, { type: 'string' }>,
  raw: unknown,
  path: string,
  violations: Violations,
): string | undefined {
  if (typeof raw !== 'string') return violations.add(path, raw, 'Member must be a string');
  const length = shape.flags === 'u' ? Array.from(raw).length : raw.length;
  if (shape.max !== undefined && length > shape.max) {
    // and no pattern is tried on it
    return violations.add(path, raw, `Member must have length less than or equal to ${shape.max}`);
  }
  if (shape.min !== undefined && length < shape.min)
    violations.add(path, raw, `Member must have length greater than or equal to ${shape.min}`);
  if (shape.pattern !== undefined && !pattern(shape.pattern, shape.flags ?? '').test(raw)) {
    violations.add(path, raw, `Member must satisfy regular expression pattern: ${shape.pattern}`);
  }
  if (shape.enum !== undefined && !shape.enum.includes(raw))
    violations.add(path, raw, `Member must satisfy enum value set: [${shape.enum.join(', ')}]`);
  return raw;
}

function decodeInteger(
  shape: Extract<Shape, { type: 'integer' }>,
  raw: unknown,
  path: string,
  origin: Origin,
  violations: Violations,
): number | undefined {
  const value =
    origin === 'text' && typeof raw === 'string' && /^-?[0-9]{1,10}$/.test(raw) ? Number(raw) : raw;
  if (typeof value !== 'number' || !Number.isInteger(value))
    return violations.add(path, raw, 'Member must be an integer');
  const max = shape.max ?? largestInteger;
  if (value > max) violations.add(path, raw, `Member must have value less than or equal to ${max}`);
  if (shape.min !== undefined && value < shape.min)
    violations.add(path, raw, `Member must have value greater than or equal to ${shape.min}`);
  return value;
}

function decodeBoolean(
  raw: unknown,
  path: string,
  origin: Origin,
  violations: Violations,
): boolean | undefined {
  if (typeof raw === 'boolean') return raw;
  if (origin === 'text' && (raw === 'true' || raw === 'false')) return raw === 'true';
  return violations.add(path, raw, 'Member must be a boolean');
}

/** Epoch seconds in a body, ISO 8601 with up to nine fractional digits in a query; milliseconds within. */
function decodeTimestamp(
  raw: unknown,
  path: string,
  origin: Origin,
  violations: Violations,
): number | undefined {
  if (origin === 'json' && typeof raw === 'number' && Number.isFinite(raw)) return raw * 1000;
  const iso = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/;
  const value = origin === 'text' && typeof raw === 'string' && iso.test(raw) ? Date.parse(raw) : NaN;
  return Number.isNaN(value) ? violations.add(path, raw, 'Member must be a timestamp') : value;
}

function decodeBlob(
  shape: Extract<Shape, { type: 'blob' }>,
  raw: unknown,
  path: string,
  violations: Violations,
): Uint8Array | undefined {
  // Nothing in this pattern repeats but single characters: the engine keeps a place on its stack for each
  // turn of anything else, and 14 MB overflow it.
  if (typeof raw !== 'string' || raw.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(raw))
    return violations.add(path, raw, 'Member must be base64');
  const bytes = Buffer.from(raw, 'base64');
  if (shape.max !== undefined && bytes.length > shape.max) {
    return violations.add(
      path,
      `${bytes.length} bytes`,
      `Member must have length less than or equal to ${shape.max}`,
    );
  }
  if (shape.min !== undefined && bytes.length < shape.min) {
    return violations.add(
      path,
      `${bytes.length} bytes`,
      `Member must have length greater than or equal to ${shape.min}`,
    );
  }
  return bytes;
}
