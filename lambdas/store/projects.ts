import { absent, atMost, equals, present, put, remove, update, type TransactionItem } from './expression.ts';
import { keys, prefixes } from './keys.ts';
import { recordLifetime } from './members.ts';
import { rowOf, text, time, whole } from './row-reader.ts';
import type { Table } from './table.ts';

export interface Project {
  readonly v: 1;
  readonly name: string;
  readonly createdAt: number;
  /** The version that the next model gets. Versions are never used again. */
  readonly nextVersion: number;
  readonly models: number;
  readonly datasets: number;
}

/** @throws LaterRow, UnreadableRow */
export const projectOf = rowOf<Project>(
  { name: text, createdAt: time, nextVersion: whole, models: whole, datasets: whole },
  ({ sk: name }) => ({ name }),
);

export class Projects {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  async get(name: string): Promise<Project | undefined> {
    const row = await this.#table.get(keys.project(name));
    return row && projectOf(row);
  }

  /** By name, from the one behind `after` on. */
  async *list(after?: string): AsyncGenerator<Project> {
    const rows = this.#table.query({
      KeyConditionExpression: after === undefined ? 'pk = :pk' : 'pk = :pk AND sk > :after',
      ExpressionAttributeValues: {
        ':pk': prefixes.projects,
        ...(after !== undefined && { ':after': after }),
      },
    });
    for await (const row of rows) yield projectOf(row);
  }

  create(name: string, now: number): TransactionItem {
    return put(
      'project',
      keys.project(name),
      { v: 1, createdAt: now, nextVersion: 1, models: 0, datasets: 0 },
      absent('pk'),
    );
  }

  /**
   * The names of all projects that there are, and of those that are gone and whose runs are still told of.
   */
  async *everyName(): AsyncGenerator<string> {
    const names = new Set<string>();
    for await (const { name } of this.list()) {
      names.add(name);
      yield name;
    }
    const former = this.#table.query({
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: { ':pk': prefixes.formerProjects },
    });
    for await (const { sk } of former) if (!names.has(String(sk))) yield String(sk);
  }

  /** Goes with `delete`: the records of its runs outlive a project. */
  remember(name: string, now: number): TransactionItem {
    const expiresAt = Math.floor(now / 1000) + recordLifetime;
    return put('former', keys.formerProject(name), { expiresAt });
  }

  /** Believes that nothing is left in it. */
  delete(name: string): TransactionItem {
    return remove('project', keys.project(name), present('pk'), equals('models', 0), equals('datasets', 0));
  }

  /** Takes the version that was read as the next one, if there is room for another model. */
  takeVersion({ name, nextVersion }: Project, modelLimit: number): TransactionItem {
    return update(
      'project',
      keys.project(name),
      { set: { nextVersion: nextVersion + 1 }, add: { models: 1 } },
      equals('nextVersion', nextVersion),
      atMost('models', modelLimit - 1),
    );
  }

  addDataset(name: string): TransactionItem {
    return update('project', keys.project(name), { add: { datasets: 1 } }, present('pk'));
  }

  dropDataset(name: string): TransactionItem {
    return update('project', keys.project(name), { add: { datasets: -1 } }, present('pk'));
  }

  dropModel(name: string): TransactionItem {
    return update('project', keys.project(name), { add: { models: -1 } }, present('pk'));
  }
}
