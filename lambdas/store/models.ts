import type { ModelStatus } from '../contract/shapes.ts';
import { servingStates } from '../domain/lifecycle.ts';
import type { Model, ModelKey, OperationRecord } from '../domain/model.ts';
import {
  absent,
  check,
  equals,
  oneOf,
  put,
  remove,
  update,
  type Change,
  type Condition,
  type TransactionItem,
  type Row,
} from './expression.ts';
import { dueShard, keys, prefixes } from './keys.ts';
import type { Table } from './table.ts';

/**
 * Which operation, and which attempt at it, a task works for. Whoever comes later finds the fence moved, and
 * ends quietly.
 */
export interface Fence extends ModelKey {
  readonly operationId: string;
  readonly attempt: number;
}

/** What of a model a write may change. */
export type ModelChange = Partial<
  Pick<
    Model,
    | 'status'
    | 'statusMessage'
    | 'operation'
    | 'deploymentId'
    | 'units'
    | 'artifact'
    | 'evaluation'
    | 'evaluationFiles'
    | 'output'
    | 'dueAt'
  >
>;

const modelOf = ({ pk: _, sk: __, dueShard: ___, ...row }: Row): Model => row as unknown as Model;

const fenced = (fence: Fence): readonly Condition[] => [
  equals('operation.id', fence.operationId),
  equals('operation.attempt', fence.attempt),
];

export class Models {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  async get(key: ModelKey): Promise<Model | undefined> {
    const row = await this.#table.get(keys.model(key));
    return row && modelOf(row);
  }

  /** The newest first, from the one before `before` on. */
  async *list(project: string, before?: string): AsyncGenerator<Model> {
    const { pk, prefix } = prefixes.models(project);
    const rows = this.#table.query({
      KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
      // The bound itself is left out below: a key condition knows no "starts with, and less than".
      ExpressionAttributeValues: {
        ':pk': pk,
        ':from': prefix,
        ':to': before === undefined ? `${prefix}~` : keys.model({ project, version: before }).sk,
      },
      ScanIndexForward: false,
    });
    for await (const row of rows) {
      const model = modelOf(row);
      if (model.version !== before) yield model;
    }
  }

  /** The model with the highest version that satisfies `where`, else the highest, else undefined. */
  async highest(project: string, where?: (model: Model) => boolean): Promise<Model | undefined> {
    let newest: Model | undefined;
    for await (const model of this.list(project)) {
      newest ??= model;
      if (where === undefined || where(model)) return model;
    }
    return newest;
  }

  create(model: Model): TransactionItem {
    return put(
      'model',
      keys.model(model),
      { ...model, dueShard: dueShard(model.operation.id) },
      absent('pk'),
    );
  }

  /** Begins an operation from one of the states in which it may begin. */
  begin(
    key: ModelKey,
    from: readonly ModelStatus[],
    change: ModelChange & { readonly operation: OperationRecord; readonly dueAt: number },
  ): TransactionItem {
    return update('model', keys.model(key), { set: change }, oneOf('status', from));
  }

  /** A task's write: only while its fence stands and the model is where the task believes it to be. */
  move(
    fence: Fence,
    from: readonly ModelStatus[],
    change: Change & { readonly set?: ModelChange },
  ): TransactionItem {
    return update('model', keys.model(fence), change, ...fenced(fence), oneOf('status', from));
  }

  /** Believes that the fence stands, without changing anything: for writes to other rows. */
  guard(fence: Fence, from: readonly ModelStatus[]): TransactionItem {
    const [first, ...rest] = fenced(fence);
    return check('model', keys.model(fence), first as Condition, ...rest, oneOf('status', from));
  }

  /**
   * What the engine did of its own accord to a model that serves: only while it is the same deployment, and
   * still serves.
   */
  drift(model: Model, change: ModelChange): TransactionItem {
    return update(
      'model',
      keys.model(model),
      { set: change },
      equals('deploymentId', model.deploymentId),
      oneOf('status', servingStates),
    );
  }

  exists(key: ModelKey): TransactionItem {
    return check('model', keys.model(key), oneOf('status', taggable));
  }

  /** Believes that the model is in one of these states, without changing anything. */
  isIn(key: ModelKey, states: readonly ModelStatus[]): TransactionItem {
    return check('model', keys.model(key), oneOf('status', states));
  }

  delete(fence: Fence): TransactionItem {
    return remove('model', keys.model(fence), ...fenced(fence), equals('status', 'DELETING'));
  }

  /**
   * Takes an operation over from an execution that was not heard of in time: only if it is still under way
   * and nobody has looked since `model` was read.
   */
  takeOver(model: Model, next: OperationRecord, dueAt: number): TransactionItem {
    const fence = { ...model, operationId: model.operation.id, attempt: model.operation.attempt };
    return update(
      'model',
      keys.model(model),
      { set: { operation: next, dueAt } },
      ...fenced(fence),
      equals('status', model.status),
      equals('dueAt', model.dueAt),
    );
  }
}

const taggable: readonly ModelStatus[] = [
  'TRAINING',
  'TRAINED',
  'TRAINING_FAILED',
  'STARTING_HOSTING',
  'HOSTED',
  'HOSTING_FAILED',
  'STOPPING_HOSTING',
  'SYSTEM_UPDATING',
];
