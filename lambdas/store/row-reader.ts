import { isObject } from '../contract/json.ts';
import type { Row } from './expression.ts';

/**
 * A row that cannot be read: the message names its key, the member and the rule. Nothing has been written.
 */
export class UnreadableRow extends Error {
  override readonly name: string = 'UnreadableRow';
  readonly key: string;
  /** The path of the member, as `operation.attempt`. */
  readonly member: string;

  constructor(row: Row, member: string, rule: string) {
    const key = `${String(row['pk'])}/${String(row['sk'])}`;
    super(`the row ${key} cannot be read: ${member} ${rule}`);
    this.key = key;
    this.member = member;
  }
}

/** A row that a later release has written: this one must neither interpret nor change it. */
export class LaterRow extends UnreadableRow {
  override readonly name = 'LaterRow';

  constructor(row: Row, version: number, known: number) {
    super(
      row,
      'v',
      `is ${version}, and this release reads rows up to version ${known}; run the later release`,
    );
  }
}

/** What is wrong with a value, and where: found before the row that holds it is known. */
class Misfit extends Error {
  readonly member: string;
  readonly rule: string;

  constructor(member: string, rule: string) {
    super(`${member} ${rule}`);
    this.member = member;
    this.rule = rule;
  }
}

/** Gives the value back as what it was checked to be, and throws a Misfit if it is something else. */
export type Reader<T> = (value: unknown, member: string) => T;

interface Optional<T> {
  readonly optional: Reader<T>;
}

/** A reader for every member of T. Those that T may lack, and only those, are `optional`. */
type Members<T> = {
  readonly [K in keyof T]-?: object extends Pick<T, K> ? Optional<Exclude<T[K], undefined>> : Reader<T[K]>;
};

export const optional = <T>(reader: Reader<T>): Optional<T> => ({ optional: reader });

export const text: Reader<string> = (value, member) => {
  if (typeof value !== 'string') throw new Misfit(member, 'must be a string');
  return value;
};

/** A count or a size: DynamoDB's numbers may be anything else, ours are not. */
export const whole: Reader<number> = (value, member) => {
  if (!Number.isSafeInteger(value)) throw new Misfit(member, 'must be an integer');
  return value as number;
};

export const real: Reader<number> = (value, member) => {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new Misfit(member, 'must be a number');
  return value;
};

/** A point in time or a length of it, in epoch milliseconds: pauses with jitter have fractions. */
export const time: Reader<number> = (value, member) => real(value, member);

export const yesOrNo: Reader<boolean> = (value, member) => {
  if (typeof value !== 'boolean') throw new Misfit(member, 'must be true or false');
  return value;
};

export const bytes: Reader<Uint8Array> = (value, member) => {
  if (!(value instanceof Uint8Array)) throw new Misfit(member, 'must be binary');
  return value;
};

export const among =
  <const T>(values: readonly T[]): Reader<T> =>
  (value, member) => {
    if (!(values as readonly unknown[]).includes(value))
      throw new Misfit(member, `must be one of ${values.join(', ')}`);
    return value as T;
  };

export const listOf =
  <T>(reader: Reader<T>): Reader<readonly T[]> =>
  (value, member) => {
    if (!Array.isArray(value)) throw new Misfit(member, 'must be a list');
    value.forEach((each, index) => reader(each, `${member}[${index}]`));
    return value as readonly T[];
  };

/** A map of any content: what a request held, checked when it was written. */
export const map: Reader<Readonly<Record<string, unknown>>> = (value, member) => {
  if (!isObject(value)) throw new Misfit(member, 'must be a map');
  return value;
};

/** The value itself, not a copy. Members that are not listed stay: a later release may have added them. */
export function structure<T extends object>(members: Members<T>): Reader<T> {
  const readers = Object.entries<Reader<unknown> | Optional<unknown>>(members);
  return (value, member) => {
    const row = map(value, member);
    for (const [name, reader] of readers) {
      const path = member === '' ? name : `${member}.${name}`;
      const each = row[name];
      if (typeof reader === 'function') {
        if (each === undefined) throw new Misfit(path, 'is missing');
        reader(each, path);
      } else if (each !== undefined) reader.optional(each, path);
    }
    return row as T;
  };
}

/**
 * Reads a row as an aggregate: without the members that are the table's, and with whatever `keyed` takes from
 * the key. A row without `v` is of the first version.
 * @throws LaterRow if a later release wrote it, UnreadableRow if it has another shape
 */
export function rowOf<T extends { readonly v: 1 }>(
  members: Omit<Members<T>, 'v'>,
  keyed: (row: Row) => Row = () => ({}),
): (row: Row) => T {
  const read = structure<T>({ ...members, v: among([1]) } as unknown as Members<T>);
  return (row) => {
    const { pk: _, sk: __, dueShard: ___, ...rest } = row;
    const { v = 1 } = rest;
    if (typeof v === 'number' && Number.isInteger(v) && v > 1) throw new LaterRow(row, v, 1);
    return checked(row, () => read({ ...rest, ...keyed(row), v }, ''));
  };
}

/** Reads a row that has no version of its own. */
export function plainRow<T extends object>(members: Members<T>): (row: Row) => T {
  const read = structure<T>(members);
  return (row) => checked(row, () => read(row, ''));
}

function checked<T>(row: Row, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof Misfit) throw new UnreadableRow(row, error.member, error.rule);
    throw error;
  }
}
