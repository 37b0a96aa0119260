import { endedJobs, type JobKey, type JobOperation, type PackagingJob } from '../domain/packaging.ts';
import {
  absent,
  atMost,
  both,
  either,
  equals,
  oneOf,
  put,
  update,
  type Change,
  type Condition,
  type TransactionItem,
  type Row,
} from './expression.ts';
import { dueShard, keys, prefixes } from './keys.ts';
import type { Project } from './projects.ts';
import type { Table } from './table.ts';

export interface JobFence extends JobKey {
  readonly operationId: string;
  readonly attempt: number;
}

export type JobChange = Partial<
  Pick<PackagingJob, 'status' | 'statusMessage' | 'updatedAt' | 'operation' | 'dueAt'>
>;

const jobOf = ({ pk: _, sk: __, dueShard: ___, ...row }: Row): PackagingJob => row as unknown as PackagingJob;

const fenced = (fence: JobFence): readonly Condition[] => [
  equals('operation.id', fence.operationId),
  equals('operation.attempt', fence.attempt),
  oneOf('status', ['CREATED', 'RUNNING']),
];

/**
 * Packaging jobs are kept for ever. Those of a project that was deleted and made again are not the new one's.
 */
export class Jobs {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  /** For tasks: whatever became of the project. */
  async get(key: JobKey): Promise<PackagingJob | undefined> {
    const row = await this.#table.get(keys.job(key));
    return row && jobOf(row);
  }

  /** By name, behind `after`. */
  async *list(project: Project, after?: string): AsyncGenerator<PackagingJob> {
    const { pk, prefix } = prefixes.jobs(project.name);
    const rows = this.#table.query({
      KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
      // The bound itself is left out: no name holds a "!", which sorts before everything that one may hold.
      ExpressionAttributeValues: {
        ':pk': pk,
        ':from': after === undefined ? prefix : `${keys.job({ project: project.name, name: after }).sk}!`,
        ':to': `${prefix}~`,
      },
    });
    for await (const row of rows) {
      const job = jobOf(row);
      if (job.createdAt >= project.createdAt) yield job;
    }
  }

  /** Believes that the name is free in this project. */
  create(job: PackagingJob, { createdAt }: Project): TransactionItem {
    return put(
      'job',
      keys.job(job),
      { ...job, dueShard: dueShard(job.operation.id) },
      either(absent('pk'), both(atMost('createdAt', createdAt - 1), oneOf('status', endedJobs))),
    );
  }

  /** A task's write: only while its fence stands and the job has not ended. */
  move(fence: JobFence, change: Change & { readonly set?: JobChange }): TransactionItem {
    return update('job', keys.job(fence), change, ...fenced(fence));
  }

  takeOver(job: PackagingJob, next: JobOperation, dueAt: number): TransactionItem {
    return update(
      'job',
      keys.job(job),
      { set: { operation: next, dueAt } },
      ...fenced({ ...job, operationId: job.operation.id, attempt: job.operation.attempt }),
      equals('dueAt', job.dueAt),
    );
  }
}
