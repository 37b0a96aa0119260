import { operationNames, type OperationName } from '../operations.ts';
import { membersOf, rowOf, shapeNamed, structureNamed } from './reach.ts';

interface Paginator {
  readonly input_token: string;
  readonly output_token: string;
  readonly limit_key: string;
  readonly result_key: string;
}

/** `paginators-1.json`: every operation that takes and gives a `NextToken`, and lists one thing. */
export const paginators = (): { readonly pagination: Readonly<Record<string, Paginator>> } => ({
  pagination: Object.fromEntries(
    [...operationNames].sort().flatMap((name) => {
      const found = paginator(name);
      return found === undefined ? [] : [[name, found] as const];
    }),
  ),
});

function paginator(name: OperationName): Paginator | undefined {
  const { input, output } = rowOf(name);
  const given = structureNamed(output);
  if (structureNamed(input).members['NextToken'] === undefined || given.members['NextToken'] === undefined)
    return undefined;
  const lists = membersOf(given)
    .filter(([, { shape }]) => shapeNamed(shape).type === 'list')
    .map(([member]) => member);
  const [result, ...more] = lists;
  if (result === undefined || more.length > 0)
    throw new Error(`${name} has pages, so its output must have one list; it has ${lists.length}.`);
  return { input_token: 'NextToken', output_token: 'NextToken', limit_key: 'MaxResults', result_key: result };
}
