import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import * as client from '@aws-sdk/client-lookoutvision';
import ts from 'typescript';
import { operations, type OperationName } from '../../lambdas/contract/operations.ts';
import { errorScalars } from '../../lambdas/contract/derive/error-shapes.ts';
import type { Shape } from '../../lambdas/contract/shape.ts';
import { shapeOf } from '../../lambdas/http/decode.ts';

// What the published client knows of the service's shapes is in its type declarations: members, which are
// required, and the kinds of their values.

/**
 * A value in the client's own terms: a name of TypeScript's, the values of an enumeration, a list, or
 * members.
 */
export type Outline =
  | string
  | { readonly values: readonly string[] }
  | { readonly of: Outline }
  | { readonly members: Readonly<Record<string, OutlinedMember>> };
interface OutlinedMember {
  readonly required: boolean;
  readonly is: Outline;
}

const types = join(
  dirname(createRequire(import.meta.url).resolve('@aws-sdk/client-lookoutvision/package.json')),
  'dist-types',
);
const declarations = ts.createSourceFile(
  'models.d.ts',
  readFileSync(join(types, 'models/models_0.d.ts'), 'utf8'),
  ts.ScriptTarget.Latest,
);
const interfaces = new Map(
  declarations.statements.filter(ts.isInterfaceDeclaration).map((each) => [each.name.text, each]),
);

/** The members of an interface of the client, and below. */
export function published(name: string): Outline {
  const declared = interfaces.get(name);
  if (declared === undefined) throw new Error(`The client has no ${name}.`);
  const members = declared.members
    .filter(ts.isPropertySignature)
    .map(
      (member) =>
        [
          (member.name as ts.Identifier).text,
          { required: member.questionToken === undefined, is: kindOf(member.type) },
        ] as const,
    );
  return { members: Object.fromEntries(members) };
}

function kindOf(node: ts.TypeNode | undefined): Outline {
  const text = node?.getText(declarations).replace(/ \| undefined$/, '') ?? '';
  if (text.endsWith('[]')) return { of: named(text.slice(0, -2)) };
  return named(text);
}

function named(name: string): Outline {
  if (interfaces.has(name)) return published(name);
  const values = (client as Readonly<Record<string, unknown>>)[name];
  if (typeof values === 'object' && values !== null)
    return { values: Object.values(values as Record<string, string>).sort() };
  return name === 'StreamingBlobTypes' ? 'Uint8Array' : name;
}

/** The same of one of its exceptions. */
export function publishedError(name: string): Outline {
  const declared = declarations.statements
    .filter(ts.isClassDeclaration)
    .find((each) => each.name?.text === name);
  const members = (declared?.members ?? ts.factory.createNodeArray())
    .filter(ts.isPropertyDeclaration)
    .map(
      (member) =>
        [
          (member.name as ts.Identifier).text,
          { required: member.questionToken === undefined, is: kindOf(member.type) },
        ] as const,
    );
  return {
    members: Object.fromEntries(members.filter(([member]) => member !== 'name' && member !== '$fault')),
  };
}

/** The exceptions that an operation's documentation in the client names. */
export const publishedErrors = (operation: string): string[] =>
  [
    ...readFileSync(join(types, `commands/${operation}Command.d.ts`), 'utf8').matchAll(
      /@throws \{@link (\w+Exception)\} \(/g,
    ),
  ]
    .map(([, name = '']) => name)
    .sort();

const scalars: Readonly<Record<Exclude<Shape['type'], 'structure' | 'list'>, string>> = {
  string: 'string',
  integer: 'number',
  float: 'number',
  double: 'number',
  boolean: 'boolean',
  timestamp: 'Date',
  blob: 'Uint8Array',
};

/** The same of a shape of the contract. */
export function outlineOf(name: string, shape = errorScalars[name] ?? shapeOf(name)): Outline {
  if (shape.type === 'structure') {
    return {
      members: Object.fromEntries(
        Object.entries(shape.members).map(([member, { shape: of, required = false }]) => [
          member,
          { required, is: outlineOf(of) },
        ]),
      ),
    };
  }
  if (shape.type === 'list') return { of: outlineOf(shape.of) };
  return shape.type === 'string' && shape.enum !== undefined
    ? { values: [...shape.enum].sort() }
    : scalars[shape.type];
}

/** The operations that the original had. */
export const originalOperations = (Object.keys(operations) as OperationName[]).filter(
  (name) => !('extension' in operations[name]),
);

/** What the original did not have, by name. */
export const extensionOperations = [
  'CreateDownloadUrls',
  'CreateUploadUrls',
  'DeleteHostingPolicy',
  'DeleteModelHostingPolicy',
  'DescribeRun',
  'GetHostingPolicy',
  'GetModelHostingPolicy',
  'GetUsage',
  'ImportDataset',
  'ImportModel',
  'ListHostedModels',
  'ListHostingPolicies',
  'ListRuns',
  'PutHostingPolicy',
  'PutModelHostingPolicy',
  'StopAllModels',
  'StopProjectModels',
];
