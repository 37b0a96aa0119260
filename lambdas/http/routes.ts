import { operationNames, operations, type OperationName } from '../contract/operations.ts';

interface Route {
  readonly name: OperationName;
  readonly method: string;
  readonly pattern: RegExp;
  readonly labels: readonly string[];
}

const labelled = /\{(\w+)\}/g;

/**
 * An ARN has slashes. SDKs encode them, but proxies on the way may decode them; it is the last of its path,
 * so it takes all there is.
 */
const labelPattern = (label: string): string => (label === 'resourceArn' ? '(.*)' : '([^/]*)');

/** Compiled once. */
const routes: readonly Route[] = operationNames.map((name) => {
  const { method, path } = operations[name];
  return {
    name,
    method,
    pattern: new RegExp(
      `^${path.replaceAll('.', '\\.').replace(labelled, (_, label: string) => labelPattern(label))}$`,
    ),
    labels: [...path.matchAll(labelled)].map(([, label = '']) => label),
  };
});

export type Match =
  | { readonly name: OperationName; readonly labels: Readonly<Record<string, string>> }
  /** The path is one of ours, the method is not; empty if the path is not either. */
  | { readonly allowed: readonly string[] };

/** @param path percent-encoded, as it came, without the query */
export function match(method: string, path: string): Match {
  const fitting = routes.flatMap((route) => {
    const found = route.pattern.exec(path);
    return found === null ? [] : [{ route, values: found.slice(1) }];
  });
  const chosen = fitting.find(({ route }) => route.method === method);
  if (chosen === undefined) return { allowed: [...new Set(fitting.map(({ route }) => route.method))] };
  return {
    name: chosen.route.name,
    labels: Object.fromEntries(
      chosen.route.labels.map((label, index) => [label, decode(chosen.values[index] ?? '')]),
    ),
  };
}

/** Decoded exactly once. What cannot be decoded stays as it is, and fails its pattern. */
export function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
