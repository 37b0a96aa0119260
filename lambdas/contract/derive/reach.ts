import { commonErrors, type ErrorName } from '../errors.ts';
import { operationNames, operations, type OperationName, type OperationRow } from '../operations.ts';
import type { Member, Shape } from '../shape.ts';
import { shapes } from '../shapes.ts';

const table: Readonly<Record<string, Shape>> = shapes;

export function shapeNamed(name: string): Shape {
  const shape = table[name];
  if (shape === undefined) throw new Error(`The contract names a shape that it does not have: ${name}.`);
  return shape;
}

export type Structure = Extract<Shape, { type: 'structure' }>;

export function structureNamed(name: string): Structure {
  const shape = shapeNamed(name);
  if (shape.type !== 'structure')
    throw new Error(`${name} must be a structure: it is an operation's input or output.`);
  return shape;
}

export const rowOf = (name: OperationName): OperationRow => operations[name];

export const membersOf = (structure: Structure): [name: string, member: Member][] =>
  Object.entries(structure.members);

/** All errors that an operation may answer. */
export const errorsOf = (row: OperationRow): ErrorName[] =>
  [...new Set([...commonErrors, ...row.errors])].sort();

/** The shapes that operations reach below their inputs and outputs, sorted by name. */
export function reachableShapes(): string[] {
  const found = new Set<string>();
  const visit = (name: string): void => {
    if (found.has(name)) return;
    found.add(name);
    below(shapeNamed(name)).forEach(visit);
  };
  for (const name of operationNames) {
    const { input, output, dryRun } = rowOf(name);
    if (dryRun !== undefined) visit(dryRun);
    below(structureNamed(input))
      .concat(below(structureNamed(output)))
      .forEach(visit);
  }
  return [...found].sort();
}

function below(shape: Shape): string[] {
  if (shape.type === 'structure') return Object.values(shape.members).map(({ shape: of }) => of);
  return shape.type === 'list' ? [shape.of] : [];
}
