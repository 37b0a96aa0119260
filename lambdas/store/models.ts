import type { ModelStatus } from '../contract/shapes.ts';
import { servingStates } from '../domain/lifecycle.ts';
import type { Model, ModelKey } from '../domain/model.ts';
import type { Fence } from '../domain/operation.ts';
import { check, equals, oneOf, remove, type TransactionItem, type Row } from './expression.ts';
import { fenced, FencedRows } from './fenced.ts';
import { keys, prefixes } from './keys.ts';
import type { Table } from './table.ts';

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

export class Models extends FencedRows<ModelKey, Model, ModelChange> {
  constructor(table: Table) {
    super(table, { name: 'model', keyOf: keys.model, read: modelOf });
  }

  /** The newest first, from the one before `before` on. */
  async *list(project: string, before?: string): AsyncGenerator<Model> {
    const { pk, prefix } = prefixes.models(project);
    const rows = this.table.query({
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

  /**
   * What the engine did of its own accord to a model that serves: only while it is the same deployment, and
   * still serves.
   */
  drift(model: Model, change: ModelChange): TransactionItem {
    return this.change(
      model,
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

  delete(fence: ModelKey & Fence): TransactionItem {
    return remove('model', keys.model(fence), ...fenced(fence), equals('status', 'DELETING'));
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
