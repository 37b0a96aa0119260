import {
  operations,
  type Input,
  type OperationName,
  type Output,
} from '../../lambdas/contract/operations.ts';
import type { Shape } from '../../lambdas/contract/shape.ts';
import { shapes } from '../../lambdas/contract/shapes.ts';
import { currentKey, settings, type SessionKey } from './session.ts';
import { sign } from './sign.ts';

/** What the service answered instead of what it was asked for. */
export class ApiError extends Error {
  override readonly name: string;
  readonly status: number;
  constructor(name: string, message: string, status: number) {
    super(message);
    this.name = name;
    this.status = status;
  }
}

/** So often a call is repeated that was refused because too much is going on. */
const repetitions = 4;

type Structure = Extract<Shape, { readonly type: 'structure' }>;
const shapeOf = (name: string): Shape => (shapes as Readonly<Record<string, Shape>>)[name] as Shape;
const structureOf = (name: string): Structure => shapeOf(name) as Structure;

/**
 * Calls an operation, as any client does: the contract says where each parameter travels.
 * @param key whose call it is; whoever is signed in, unless told
 * @throws ApiError
 */
export async function call<N extends OperationName>(
  name: N,
  input: Input<N>,
  key = currentKey(),
): Promise<Output<N>> {
  const row = operations[name];
  const given: Record<string, unknown> = Object.assign(
    'token' in row ? { ClientToken: newToken() } : {},
    input,
  );
  for (let attempt = 0; ; attempt += 1) {
    const response = await send(requestOf(row.method, row.path, structureOf(row.input), given), key);
    const text = await response.text();
    const answer = (text === '' ? {} : parsed(text)) as Record<string, unknown>;
    if (response.ok) return decoded(row.output, answer) as Output<N>;
    if (response.status === 429 && attempt < repetitions) {
      await new Promise((resolve) =>
        setTimeout(resolve, 1000 * Number(response.headers.get('retry-after') ?? 1)),
      );
      continue;
    }
    throw new ApiError(
      response.headers.get('x-amzn-errortype') ?? `HTTP ${response.status}`,
      typeof answer['Message'] === 'string' ? answer['Message'] : `The host answered ${response.status}.`,
      response.status,
    );
  }
}

interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly query: Record<string, string>;
  readonly headers: Record<string, string>;
  readonly body: string | Uint8Array | undefined;
}

function requestOf(
  method: string,
  path: string,
  shape: Structure,
  given: Record<string, unknown>,
): ApiRequest {
  const query: Record<string, string> = {};
  const headers: Record<string, string> = {};
  const json: Record<string, unknown> = {};
  let [to, raw, hasJson]: [string, Uint8Array | undefined, boolean] = [path, undefined, false];
  for (const [member, { shape: of, in: place, as: wire = member }] of Object.entries(shape.members)) {
    if (place === undefined) hasJson = true;
    const value = given[member];
    if (value === undefined) continue;
    if (place === 'path') to = to.replace(`{${wire}}`, encodeURIComponent(textOf(value)));
    else if (place === 'query') query[wire] = textOf(value);
    else if (place === 'header') headers[wire.toLowerCase()] = textOf(value);
    else if (place === 'raw') raw = value as Uint8Array;
    else json[member] = encoded(of, value);
  }
  if (hasJson) headers['content-type'] = 'application/json';
  return { method, path: to, query, headers, body: raw ?? (hasJson ? JSON.stringify(json) : undefined) };
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

async function send(request: ApiRequest, key: SessionKey | undefined): Promise<Response> {
  const { method, path, query, body } = request;
  const headers = key === undefined ? request.headers : await sign(request, key, settings().region);
  const search = new URLSearchParams(query).toString().replaceAll('+', '%20');
  try {
    return await fetch(`${path}${search === '' ? '' : `?${search}`}`, {
      method,
      headers,
      ...(body !== undefined && { body: body as BodyInit }),
    });
  } catch {
    throw new ApiError('NoAnswer', 'The host does not answer. Is it running?', 0);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

/** As the wire has it: timestamps in seconds, bytes in base64. */
function encoded(name: string, value: unknown): unknown {
  const shape = shapeOf(name);
  if (shape.type === 'timestamp') return (value as number) / 1000;
  if (shape.type === 'blob') return base64(value as Uint8Array);
  if (shape.type === 'list') return (value as unknown[]).map((item) => encoded(shape.of, item));
  return shape.type === 'structure' ? eachMember(shape, value, encoded) : value;
}

function decoded(name: string, value: unknown): unknown {
  const shape = shapeOf(name);
  if (shape.type === 'timestamp') return (value as number) * 1000;
  if (shape.type === 'blob') return Uint8Array.from(atob(value as string), (letter) => letter.charCodeAt(0));
  if (shape.type === 'list') return (value as unknown[]).map((item) => decoded(shape.of, item));
  return shape.type === 'structure' ? eachMember(shape, value, decoded) : value;
}

function eachMember(
  { members }: Structure,
  value: unknown,
  turn: (name: string, value: unknown) => unknown,
): Record<string, unknown> {
  const given = value as Record<string, unknown>;
  return Object.fromEntries(
    Object.entries(members)
      .filter(([member]) => given[member] !== undefined && given[member] !== null)
      .map(([member, { shape }]) => [member, turn(shape, given[member])]),
  );
}

function base64(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 0x8000)
    text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(text);
}

/** `crypto.randomUUID` is there only where the page came by https or from this machine. */
export const newToken = (): string =>
  [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
