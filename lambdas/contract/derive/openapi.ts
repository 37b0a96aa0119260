import { errorStatus, type ErrorName } from '../errors.ts';
import { operationNames, type OperationName } from '../operations.ts';
import type { Member, Shape } from '../shape.ts';
import { errorMembers, errorNames, errorScalars } from './error-shapes.ts';
import { extensionMark, extensionNote, identity } from './identity.ts';
import {
  errorsOf,
  membersOf,
  reachableShapes,
  rowOf,
  shapeNamed,
  structureNamed,
  type Structure,
} from './reach.ts';

type Json = Readonly<Record<string, unknown>>;

const ref = (kind: 'schemas' | 'responses', name: string): Json => ({ $ref: `#/components/${kind}/${name}` });

/** The OpenAPI 3.1 document of the whole API, for gateways, generators of clients, and people. */
export function openApi(): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const name of operationNames) {
    const { method, path } = rowOf(name);
    (paths[path] ??= {})[method.toLowerCase()] = operation(name);
  }
  return {
    openapi: '3.1.1',
    info: { title: identity.fullName, version: identity.apiVersion },
    servers: [{ url: 'http://127.0.0.1:8080', description: 'The local host; a deployment has its own URL.' }],
    security: [{ sigv4: [] }],
    paths,
    components: {
      securitySchemes: {
        sigv4: {
          type: 'apiKey',
          in: 'header',
          name: 'Authorization',
          'x-amazon-apigateway-authtype': 'awsSigv4',
          description:
            `AWS Signature Version 4, for the service ${identity.signingName} or, behind API Gateway, ` +
            'execute-api.',
        },
      },
      schemas: schemas(),
      responses: Object.fromEntries(errorNames.map((name) => [name, errorResponse(name)])),
    },
  };
}

function operation(name: OperationName): Json {
  const row = rowOf(name);
  const input = membersOf(structureNamed(row.input));
  const raw = input.find(([, { in: place }]) => place === 'raw');
  return {
    operationId: name,
    ...(row.extension && { description: extensionNote, [extensionMark]: true }),
    parameters: [
      ...input.flatMap(([member, each]) => parameter(member, each)),
      ...(row.dryRun === undefined ? [] : [dryRunHeader]),
    ],
    ...(raw !== undefined && {
      requestBody: { required: true, content: { 'image/jpeg': {}, 'image/png': {} } },
    }),
    ...(raw === undefined &&
      input.some(([, { in: place }]) => place === undefined) && {
        requestBody: {
          required: true,
          content: { 'application/json': { schema: ref('schemas', `${name}Request`) } },
        },
      }),
    responses: {
      [row.status]: {
        description: 'Done, or accepted.',
        headers: requestId,
        content: {
          'application/json': { schema: ref('schemas', `${name}Response`) },
          ...(row.csv !== undefined && { 'text/csv': {} }),
        },
      },
      ...(row.dryRun !== undefined && {
        200: {
          description: 'What it would do; nothing was changed.',
          headers: requestId,
          content: { 'application/json': { schema: ref('schemas', row.dryRun) } },
        },
      }),
      ...Object.fromEntries(errorsOf(row).map((error) => [errorStatus[error], ref('responses', error)])),
    },
  };
}

const dryRunHeader: Json = {
  name: 'x-crowsnest-dry-run',
  in: 'header',
  description: 'Extension: `true` tells what the call would do, and changes nothing.',
  schema: { type: 'string', enum: ['true', 'false'] },
};

/** A picture's media type is its Content-Type, which OpenAPI states by the request body. */
function parameter(name: string, { shape, in: place, as = name, required }: Member): Json[] {
  if (place === undefined || place === 'raw' || as === 'Content-Type') return [];
  const { type } = shapeNamed(shape);
  return [
    {
      name: as,
      in: place,
      ...((required ?? place === 'path') && { required: true }),
      ...(type === 'list' && { style: 'form', explode: true }),
      schema: type === 'timestamp' ? { type: 'string', format: 'date-time' } : ref('schemas', shape),
    },
  ];
}

function schemas(): Json {
  const all: Record<string, Json> = {};
  for (const name of operationNames) {
    const row = rowOf(name);
    const body = structureNamed(row.input);
    if (membersOf(body).some(([, { in: place }]) => place === undefined))
      all[`${name}Request`] = object(body);
    all[`${name}Response`] = object(structureNamed(row.output));
  }
  for (const name of reachableShapes()) all[name] = schema(shapeNamed(name));
  for (const [name, shape] of Object.entries(errorScalars)) all[name] = schema(shape);
  for (const name of errorNames) all[name] = object({ type: 'structure', members: errorMembers[name] });
  return Object.fromEntries(Object.entries(all).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The members that travel in the JSON body. */
function object({ members, oneOf }: Structure): Json {
  const rows = Object.entries(members).filter(([, { in: place }]) => place === undefined);
  const required = rows.filter(([, member]) => member.required).map(([name]) => name);
  return {
    type: 'object',
    properties: Object.fromEntries(rows.map(([name, { shape }]) => [name, ref('schemas', shape)])),
    ...(required.length > 0 && { required }),
    ...(oneOf !== undefined && { oneOf: oneOf.map((group) => ({ required: group })) }),
  };
}

/** Base64 makes four characters of three bytes. */
const encoded = (bytes: number): number => 4 * Math.ceil(bytes / 3);

function schema(shape: Shape): Json {
  switch (shape.type) {
    case 'structure':
      return object(shape);
    case 'list':
      return {
        type: 'array',
        items: ref('schemas', shape.of),
        ...(shape.min !== undefined && { minItems: shape.min }),
        ...(shape.max !== undefined && { maxItems: shape.max }),
      };
    case 'string':
      return {
        type: 'string',
        ...(shape.enum !== undefined && { enum: shape.enum }),
        ...(shape.min !== undefined && { minLength: shape.min }),
        ...(shape.max !== undefined && { maxLength: shape.max }),
        // The contract's patterns are full matches, a schema's are not.
        ...(shape.pattern !== undefined && { pattern: `^(?:${shape.pattern})$` }),
      };
    case 'integer':
      return {
        type: 'integer',
        format: 'int32',
        ...(shape.min !== undefined && { minimum: shape.min }),
        ...(shape.max !== undefined && { maximum: shape.max }),
      };
    case 'blob':
      return {
        type: 'string',
        contentEncoding: 'base64',
        ...(shape.min !== undefined && { minLength: encoded(shape.min) }),
        ...(shape.max !== undefined && { maxLength: encoded(shape.max) }),
      };
    case 'float':
    case 'double':
      return { type: 'number' };
    case 'boolean':
      return { type: 'boolean' };
    case 'timestamp':
      return { type: 'number', description: 'Seconds since the epoch, with a fraction.' };
  }
}

const requestId: Json = { 'x-amzn-RequestId': { schema: { type: 'string' } } };

const errorResponse = (name: ErrorName): Json => ({
  description: name,
  headers: {
    ...requestId,
    'x-amzn-ErrorType': { schema: { const: name } },
    ...Object.fromEntries(
      Object.values(errorMembers[name])
        .filter(({ in: place }) => place === 'header')
        .map(({ as = '', shape }) => [as, { schema: ref('schemas', shape) }]),
    ),
  },
  content: { 'application/json': { schema: ref('schemas', name) } },
});
