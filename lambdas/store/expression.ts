/**
 * Conditions and updates of DynamoDB, written so that a reader sees what a write believes and what it
 * changes.
 */

/** Collects names and values for one request. */
class Bindings {
  readonly names: Record<string, string> = {};
  readonly values: Record<string, unknown> = {};

  path(path: string): string {
    return path
      .split('.')
      .map((part) => {
        this.names[`#${part}`] = part;
        return `#${part}`;
      })
      .join('.');
  }

  value(value: unknown): string {
    const name = `:v${Object.keys(this.values).length}`;
    this.values[name] = value;
    return name;
  }
}

export type Condition = (bind: Bindings) => string;

export const absent =
  (path: string): Condition =>
  (b) =>
    `attribute_not_exists(${b.path(path)})`;
export const present =
  (path: string): Condition =>
  (b) =>
    `attribute_exists(${b.path(path)})`;
export const equals =
  (path: string, value: unknown): Condition =>
  (b) =>
    `${b.path(path)} = ${b.value(value)}`;
export const atMost =
  (path: string, value: number): Condition =>
  (b) =>
    `${b.path(path)} <= ${b.value(value)}`;
export const oneOf =
  (path: string, values: readonly unknown[]): Condition =>
  (b) =>
    `${b.path(path)} IN (${values.map((value) => b.value(value)).join(', ')})`;
export const either =
  (...conditions: readonly Condition[]): Condition =>
  (b) =>
    `(${conditions.map((each) => each(b)).join(' OR ')})`;

export const both =
  (...conditions: readonly Condition[]): Condition =>
  (b) =>
    `(${conditions.map((each) => each(b)).join(' AND ')})`;

export interface Change {
  /** Members whose value is undefined are left as they are. */
  readonly set?: Readonly<Record<string, unknown>>;
  readonly remove?: readonly string[];
  /** Counters: a missing one counts as 0. */
  readonly add?: Readonly<Record<string, number>>;
  /** What is put behind the last item of a list; a missing one is empty. */
  readonly append?: Readonly<Record<string, unknown>>;
}

export type Key = { readonly pk: string; readonly sk: string };
export type Row = Readonly<Record<string, unknown>>;

/** One write of a transaction, named so that a refusal can be told by name. */
export interface TransactionItem {
  readonly name: string;
  readonly action: 'Put' | 'Update' | 'Delete' | 'ConditionCheck';
  readonly request: Readonly<Record<string, unknown>>;
}

function bound(bind: Bindings, conditions: readonly Condition[]): Record<string, unknown> {
  const condition = conditions.map((each) => each(bind)).join(' AND ');
  return {
    ...(condition !== '' && { ConditionExpression: condition }),
    ...(Object.keys(bind.names).length > 0 && { ExpressionAttributeNames: bind.names }),
    ...(Object.keys(bind.values).length > 0 && { ExpressionAttributeValues: bind.values }),
  };
}

export function put(name: string, key: Key, row: Row, ...conditions: readonly Condition[]): TransactionItem {
  return { name, action: 'Put', request: { Item: { ...key, ...row }, ...bound(new Bindings(), conditions) } };
}

export function update(
  name: string,
  key: Key,
  change: Change,
  ...conditions: readonly Condition[]
): TransactionItem {
  const bind = new Bindings();
  const sets = Object.entries(change.set ?? {})
    .filter(([, value]) => value !== undefined)
    .map(([path, value]) => `${bind.path(path)} = ${bind.value(value)}`);
  const appends = Object.entries(change.append ?? {}).map(([path, item]) => {
    const list = bind.path(path);
    return `${list} = list_append(if_not_exists(${list}, ${bind.value([])}), ${bind.value([item])})`;
  });
  const removes = (change.remove ?? []).map((path) => bind.path(path));
  const adds = Object.entries(change.add ?? {}).map(
    ([path, value]) => `${bind.path(path)} ${bind.value(value)}`,
  );
  const clauses = [
    ['SET', [...sets, ...appends]],
    ['REMOVE', removes],
    ['ADD', adds],
  ] as const;
  const expression = clauses
    .filter(([, list]) => list.length > 0)
    .map(([verb, list]) => `${verb} ${list.join(', ')}`)
    .join(' ');
  return {
    name,
    action: 'Update',
    request: { Key: key, UpdateExpression: expression, ...bound(bind, conditions) },
  };
}

export function remove(name: string, key: Key, ...conditions: readonly Condition[]): TransactionItem {
  return { name, action: 'Delete', request: { Key: key, ...bound(new Bindings(), conditions) } };
}

export function check(
  name: string,
  key: Key,
  ...conditions: readonly [Condition, ...Condition[]]
): TransactionItem {
  return { name, action: 'ConditionCheck', request: { Key: key, ...bound(new Bindings(), conditions) } };
}
