import { errorStatus } from '../errors.ts';
import { operationNames, type OperationName } from '../operations.ts';
import type { Member, Shape } from '../shape.ts';
import { errorMembers, errorNames, errorScalars } from './error-shapes.ts';
import { extensionMark, extensionNote, identity, type Deployment } from './identity.ts';
import { errorsOf, reachableShapes, rowOf, shapeNamed, structureNamed, type Structure } from './reach.ts';

type Json = Readonly<Record<string, unknown>>;

/**
 * The description that botocore, and so boto3 and the AWS CLI, make a client from: `service-2.json`. Other
 * SDKs' generators read the same format. Inputs and outputs are named for their operation, as in the
 * original, whatever they share in the contract.
 */
export function serviceModel({ signingName = identity.signingName }: Deployment = {}): Json {
  const shapes: Record<string, Json> = {};
  const tokens = tokenShapes();
  for (const name of operationNames) {
    const { input, output } = rowOf(name);
    shapes[`${name}Request`] = structure(structureNamed(input), tokens);
    shapes[`${name}Response`] = structure(structureNamed(output), tokens);
  }
  const streams = streamShapes();
  for (const name of reachableShapes())
    shapes[name] = {
      ...described(shapeNamed(name), tokens),
      ...(streams.has(name) && { requiresLength: true, streaming: true }),
    };
  for (const [name, shape] of Object.entries(errorScalars)) shapes[name] = described(shape, tokens);
  for (const name of errorNames) {
    const status = errorStatus[name];
    shapes[name] = {
      ...structure({ type: 'structure', members: errorMembers[name] }, tokens),
      error: { httpStatusCode: status },
      exception: true,
      ...(status >= 500 && { fault: true }),
    };
  }
  return {
    version: '2.0',
    metadata: {
      apiVersion: identity.apiVersion,
      endpointPrefix: identity.endpointPrefix,
      jsonVersion: '1.1',
      protocol: 'rest-json',
      protocols: ['rest-json'],
      serviceFullName: identity.fullName,
      serviceId: identity.serviceId,
      signatureVersion: 'v4',
      signingName,
      uid: `${identity.endpointPrefix}-${identity.apiVersion}`,
      auth: ['aws.auth#sigv4'],
    },
    operations: Object.fromEntries([...operationNames].sort().map((name) => [name, operation(name)])),
    shapes: Object.fromEntries(Object.entries(shapes).sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

function operation(name: OperationName): Json {
  const row = rowOf(name);
  return {
    name,
    // The format's default is 200, and the original left it out where it is that.
    http: {
      method: row.method,
      requestUri: row.path,
      ...(row.status !== 200 && { responseCode: row.status }),
    },
    input: { shape: `${name}Request` },
    output: { shape: `${name}Response` },
    errors: errorsOf(row).map((shape) => ({ shape })),
    ...(row.extension && { documentation: extensionNote, [extensionMark]: true }),
  };
}

function structure({ members }: Structure, tokens: ReadonlySet<string>): Json {
  const rows = Object.entries(members);
  const required = rows.filter(([, member]) => member.required).map(([name]) => name);
  const payload = rows.find(([, member]) => member.in === 'raw')?.[0];
  return {
    type: 'structure',
    ...(required.length > 0 && { required }),
    members: Object.fromEntries(rows.map(([name, member]) => [name, reference(member, tokens)])),
    ...(payload !== undefined && { payload }),
  };
}

const locations = { path: 'uri', query: 'querystring', header: 'header' } as const;

const reference = ({ shape, in: place, as }: Member, tokens: ReadonlySet<string>): Json => ({
  shape,
  ...(tokens.has(shape) && { idempotencyToken: true }),
  ...(place !== undefined && place !== 'raw' && { location: locations[place] }),
  ...(as !== undefined && { locationName: as }),
});

function described(shape: Shape, tokens: ReadonlySet<string>): Json {
  switch (shape.type) {
    case 'structure':
      return structure(shape, tokens);
    case 'list':
      return { type: 'list', member: { shape: shape.of }, ...bounds(shape) };
    case 'string':
      return {
        type: 'string',
        ...(shape.enum !== undefined && { enum: shape.enum }),
        ...bounds(shape),
        ...(shape.pattern !== undefined && { pattern: shape.pattern }),
      };
    case 'integer':
    case 'blob':
      return { type: shape.type, ...bounds(shape) };
    case 'float':
    case 'double':
    case 'boolean':
    case 'timestamp':
      return { type: shape.type };
  }
}

const bounds = ({ min, max }: { readonly min?: number; readonly max?: number }): Json => ({
  ...(max !== undefined && { max }),
  ...(min !== undefined && { min }),
});

/**
 * Shapes of the members that clients fill in themselves when their caller does not: those of the operations
 * that take a token.
 */
const tokenShapes = (): ReadonlySet<string> =>
  new Set(
    operationNames
      .filter((name) => rowOf(name).token)
      .flatMap((name) => Object.entries(structureNamed(rowOf(name).input).members))
      .filter(([member]) => member === 'ClientToken')
      .map(([, { shape }]) => shape),
  );

const streamShapes = (): ReadonlySet<string> =>
  new Set(
    operationNames
      .flatMap((name) => Object.values(structureNamed(rowOf(name).input).members))
      .filter((member) => member.in === 'raw')
      .map(({ shape }) => shape),
  );
