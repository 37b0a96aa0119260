import { modelStatuses } from '../contract/model-statuses.ts';
import { endReasons } from '../contract/runs.ts';
import type { ModelStatus } from '../contract/shapes.ts';
import { servingStates } from '../domain/lifecycle.ts';
import type { Artifact, Evaluation, Model, ModelKey, ModelOperation, ModelSource } from '../domain/model.ts';
import type { Fence } from '../domain/operation.ts';
import type { Cause } from '../domain/run.ts';
import { absent, check, equals, oneOf, remove, type TransactionItem } from './expression.ts';
import { fenced, FencedRows } from './fenced.ts';
import { keys, prefixes } from './keys.ts';
import { artifactFormats, operationMembers, units } from './members.ts';
import { among, optional, real, rowOf, structure, text, time } from './row-reader.ts';
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

const place = structure<{ readonly bucket: string; readonly prefix: string }>({ bucket: text, prefix: text });

/** @throws LaterRow, UnreadableRow */
export const modelOf = rowOf<Model>({
  project: text,
  version: text,
  createdAt: time,
  description: optional(text),
  status: among(modelStatuses),
  statusMessage: text,
  operation: structure<ModelOperation>({
    ...operationMembers,
    kind: among(['import', 'train', 'start', 'stop', 'delete']),
    cause: optional(structure<Cause>({ reason: among(endReasons), message: text })),
  }),
  deploymentId: optional(text),
  units: optional(units),
  source: structure<ModelSource>({
    S3: optional(structure<NonNullable<ModelSource['S3']>>({ Bucket: text, Prefix: optional(text) })),
    ModelPackageArn: optional(text),
    Image: optional(text),
    ModelDataUrl: optional(text),
  }),
  artifact: optional(
    structure<Artifact>({ bucket: text, prefix: text, format: optional(among(artifactFormats)) }),
  ),
  evaluation: optional(
    structure<Evaluation>({ f1Score: real, precision: real, recall: real, evaluatedAt: time }),
  ),
  output: optional(place),
  datasets: optional(structure<NonNullable<Model['datasets']>>({ train: text, test: optional(text) })),
  evaluationFiles: optional(
    structure<NonNullable<Model['evaluationFiles']>>({ bucket: text, manifest: text, result: text }),
  ),
  kmsKeyId: optional(text),
  dueAt: optional(time),
});

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

  /**
   * Somebody wants the model that a policy stopped: the sweep starts it. Believes that it is still where it
   * was.
   */
  wake({ operation: { id }, ...key }: Model, now: number): TransactionItem {
    return this.change(
      key,
      { set: { dueAt: now } },
      equals('operation.id', id),
      equals('status', 'TRAINED'),
      absent('dueAt'),
    );
  }

  /** It was not started, and is not asked for any more. */
  sleep({ operation: { id }, ...key }: Model): TransactionItem {
    return this.change(key, { remove: ['dueAt'] }, equals('operation.id', id), equals('status', 'TRAINED'));
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

const taggable = modelStatuses.filter((status) => status !== 'DELETING');
