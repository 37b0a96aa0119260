import { violation } from '../contract/violations.ts';

/**
 * The default and the most. Both equal the quotas of projects and of models, and most published scripts read
 * one page only: pages are full.
 */
export const fullPage = 100;

/** Where in a list an item can stand: behind a project or a job, before a version, behind a line. */
export const cursors = {
  name: /^[a-zA-Z0-9_-]{1,255}$/,
  version: /^[1-9][0-9]{0,9}$/,
  position: /^[1-9][0-9]{0,9}$/,
} as const;

/**
 * Reads one page.
 * @param scope what the token belongs to: a token of another operation, project or filter is refused
 * @param form what cursors look like
 * @param cursor where in the list an item stands
 */
export async function page<Item>(
  request: { readonly NextToken?: string; readonly MaxResults?: number },
  scope: readonly string[],
  form: RegExp,
  list: (after: string | undefined) => AsyncIterable<Item>,
  cursor: (item: Item) => string,
): Promise<{ readonly items: readonly Item[]; readonly next: { readonly NextToken?: string } }> {
  const size = request.MaxResults ?? fullPage;
  const items: Item[] = [];
  for await (const item of list(readToken(request.NextToken, scope, form))) {
    if (items.length === size)
      return { items, next: { NextToken: writeToken(scope, cursor(items[size - 1] as Item)) } };
    items.push(item);
  }
  return { items, next: {} };
}

/** Standard base64: the service's pattern for tokens does not know `-` and `_`. */
export const writeToken = (scope: readonly string[], after: string): string =>
  Buffer.from(JSON.stringify([...scope, after])).toString('base64');

/**
 * Tokens are no secret, so anybody can write one: what is in it becomes part of a key, and must look like one
 * that was given out.
 * @throws ValidationError for a token that is not of this scope and form
 */
export function readToken(
  token: string | undefined,
  scope: readonly string[],
  form: RegExp,
): string | undefined {
  if (token === undefined || token === '') return undefined;
  const refusal = violation(
    'nextToken',
    'Member must be a token that this operation returned for the same parameters',
  );
  let parts: unknown;
  try {
    parts = JSON.parse(Buffer.from(token, 'base64').toString());
  } catch {
    throw refusal;
  }
  if (!Array.isArray(parts) || parts.length !== scope.length + 1) throw refusal;
  const after: unknown = parts[scope.length];
  if (typeof after !== 'string' || !form.test(after) || scope.some((part, index) => parts[index] !== part))
    throw refusal;
  return after;
}
