import { fenceOf, type Fence, type Operation, type Underway } from '../domain/operation.ts';
import {
  absent,
  check,
  equals,
  oneOf,
  put,
  update,
  type Change,
  type Condition,
  type Key,
  type Row,
  type TransactionItem,
} from './expression.ts';
import { dueShard } from './keys.ts';
import type { Table } from './table.ts';

/** The conditions under which a task may write: its operation and its attempt are in charge. */
export const fenced = ({ operationId, attempt }: Fence): readonly [Condition, Condition] => [
  equals('operation.id', operationId),
  equals('operation.attempt', attempt),
];

/** What a kind of row is called in transactions, where its rows are, and how they are read. */
interface Kind<Subject, Of> {
  readonly name: string;
  readonly keyOf: (subject: Subject) => Key;
  readonly read: (row: Row) => Of;
}

/**
 * Rows that have an operation under way, one at a time: models, datasets, packaging jobs. An operation begins
 * from a state in which it may begin, its tasks move the row while their fence stands, and whoever finds it
 * due takes it over.
 */
export abstract class FencedRows<
  Subject,
  Of extends Subject & Underway,
  Changes extends Readonly<Record<string, unknown>>,
> {
  protected readonly table: Table;
  readonly #kind: Kind<Subject, Of>;

  protected constructor(table: Table, kind: Kind<Subject, Of>) {
    this.table = table;
    this.#kind = kind;
  }

  async get(subject: Subject): Promise<Of | undefined> {
    const row = await this.table.get(this.#kind.keyOf(subject));
    return row && this.#kind.read(row);
  }

  /** @param free under which condition the row's place is free; it has none, unless given */
  create(row: Of, free: Condition = absent('pk')): TransactionItem {
    const { name, keyOf } = this.#kind;
    return put(name, keyOf(row), { ...(row as Row), dueShard: dueShard(row.operation.id) }, free);
  }

  /** Begins an operation from one of the states in which it may begin. */
  begin(
    subject: Subject,
    from: readonly Of['status'][],
    change: Changes & { readonly operation: Of['operation']; readonly dueAt: number },
    ...beliefs: readonly Condition[]
  ): TransactionItem {
    return this.change(subject, { set: change }, oneOf('status', from), ...beliefs);
  }

  /** A task's write: only while its fence stands and the row is where the task believes it to be. */
  move(
    fence: Subject & Fence,
    from: readonly Of['status'][],
    change: Change & { readonly set?: Changes },
  ): TransactionItem {
    return this.change(fence, change, ...fenced(fence), oneOf('status', from));
  }

  /** Believes that the fence stands, without changing anything: for writes to other rows. */
  guard(fence: Subject & Fence, from: readonly Of['status'][]): TransactionItem {
    const { name, keyOf } = this.#kind;
    return check(name, keyOf(fence), ...fenced(fence), oneOf('status', from));
  }

  /**
   * Takes an operation over from an execution that was not heard of in time: only if it is still under way
   * and nobody has looked since `row` was read.
   */
  takeOver(row: Of, next: Operation, dueAt: number): TransactionItem {
    return this.change(
      row,
      { set: { operation: next, dueAt } },
      ...fenced(fenceOf(row)),
      equals('status', row.status),
      equals('dueAt', row.dueAt),
    );
  }

  protected change(subject: Subject, change: Change, ...conditions: readonly Condition[]): TransactionItem {
    const { name, keyOf } = this.#kind;
    return update(name, keyOf(subject), change, ...conditions);
  }
}
