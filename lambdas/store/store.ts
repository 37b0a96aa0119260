import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Clock } from '../domain/ports.ts';
import { Changes } from './changes.ts';
import { Components } from './components.ts';
import { Datasets } from './datasets.ts';
import { Deployments } from './deployments.ts';
import { ScheduledDeletions } from './scheduled-deletions.ts';
import { Due } from './due.ts';
import { Entries } from './entries.ts';
import type { TransactionItem } from './expression.ts';
import { Jobs } from './jobs.ts';
import { Models } from './models.ts';
import { Policies } from './policies.ts';
import { Projects } from './projects.ts';
import { Quotas } from './quotas.ts';
import { Table } from './table.ts';
import { Tags } from './tags.ts';
import { Tokens } from './tokens.ts';

/**
 * The aggregates of the one table. They read on their own and hand out parts; who decides what belongs
 * together commits them.
 */
export class Store {
  readonly projects: Projects;
  readonly models: Models;
  readonly deployments: Deployments;
  readonly datasets: Datasets;
  readonly entries: Entries;
  readonly changes: Changes;
  readonly jobs: Jobs;
  readonly policies: Policies;
  readonly components: Components;
  readonly scheduledDeletions: ScheduledDeletions;
  readonly quotas: Quotas;
  readonly tokens: Tokens;
  readonly tags: Tags;
  readonly due: Due;
  readonly #table: Table;

  constructor(client: DynamoDBDocumentClient, tableName: string, clock: Clock) {
    this.#table = new Table(client, tableName, clock);
    this.projects = new Projects(this.#table);
    this.models = new Models(this.#table);
    this.deployments = new Deployments(this.#table);
    this.datasets = new Datasets(this.#table);
    this.entries = new Entries(this.#table);
    this.changes = new Changes(this.#table);
    this.jobs = new Jobs(this.#table);
    this.policies = new Policies(this.#table, this.deployments);
    this.components = new Components(this.#table);
    this.scheduledDeletions = new ScheduledDeletions(this.#table);
    this.quotas = new Quotas(this.#table);
    this.tokens = new Tokens(this.#table);
    this.tags = new Tags(this.#table);
    this.due = new Due(this.#table);
  }

  /**
   * Writes all parts or none.
   * @throws ConditionFailed if a condition did not hold, ThrottlingError if other writers stayed in the way
   */
  commit(...parts: readonly TransactionItem[]): Promise<void> {
    return this.#table.commit(parts);
  }
}
