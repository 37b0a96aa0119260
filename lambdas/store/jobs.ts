import { busyJobs, endedJobs, type JobKey, type PackagingJob } from '../domain/packaging.ts';
import { absent, atMost, both, either, oneOf, type TransactionItem } from './expression.ts';
import { FencedRows } from './fenced.ts';
import { keys, prefixes } from './keys.ts';
import { operation } from './members.ts';
import type { Project } from './projects.ts';
import { type Reader, among, map, optional, rowOf, text, time } from './row-reader.ts';
import type { Table } from './table.ts';

export type JobChange = Partial<
  Pick<PackagingJob, 'status' | 'statusMessage' | 'updatedAt' | 'operation' | 'dueAt'>
>;

/** @throws LaterRow, UnreadableRow */
export const jobOf = rowOf<PackagingJob>({
  project: text,
  name: text,
  version: text,
  createdAt: time,
  updatedAt: time,
  status: among([...busyJobs, ...endedJobs]),
  statusMessage: text,
  description: optional(text),
  // What the request held is checked against the contract when it is written.
  greengrass: map as Reader<PackagingJob['greengrass']>,
  componentVersion: text,
  operation,
  reserved: optional(among([true])),
  dueAt: optional(time),
});

/**
 * Packaging jobs are kept for ever. Those of a project that was deleted and made again are not the new one's.
 */
export class Jobs extends FencedRows<JobKey, PackagingJob, JobChange> {
  constructor(table: Table) {
    super(table, { name: 'job', keyOf: keys.job, read: jobOf });
  }

  /** By name, behind `after`. */
  async *list(project: Project, after?: string): AsyncGenerator<PackagingJob> {
    const { pk, prefix } = prefixes.jobs(project.name);
    const rows = this.table.query({
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
  createIn({ createdAt }: Project, job: PackagingJob): TransactionItem {
    return this.create(
      job,
      either(absent('pk'), both(atMost('createdAt', createdAt - 1), oneOf('status', endedJobs))),
    );
  }
}
