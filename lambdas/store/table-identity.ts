import { DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Clock } from '../domain/ports.ts';
import { absent, put } from './expression.ts';
import { ConditionFailed, Table } from './table.ts';

const key = { pk: 'STACK', sk: 'TABLE' } as const;

/**
 * Tells a table from a restored copy of another. DynamoDB gives every table an id of its own, a restored one
 * too; the id that is written in the table is that of the table in which it was written.
 */
export class TableIdentity {
  readonly #client: DynamoDBDocumentClient;
  readonly #table: Table;

  constructor(client: DynamoDBDocumentClient, tableName: string, clock: Clock) {
    this.#client = client;
    this.#table = new Table(client, tableName, clock);
  }

  /** A table that was never marked is marked as itself: it is new. */
  async look(): Promise<'own' | 'restored'> {
    const { Table: described } = (await this.#client.send(
      new DescribeTableCommand({ TableName: this.#table.name }) as never,
    )) as unknown as { Table?: { TableId?: string } };
    const tableId = described?.TableId;
    if (tableId === undefined) throw new Error(`DynamoDB gives no id for the table ${this.#table.name}`);
    const row = (await this.#table.get(key)) ?? (await this.#mark(tableId));
    return row['tableId'] === tableId ? 'own' : 'restored';
  }

  async #mark(tableId: string): Promise<Readonly<Record<string, unknown>>> {
    try {
      await this.#table.commit([put('identity', key, { tableId }, absent('pk'))]);
      return { tableId };
    } catch (error) {
      if (error instanceof ConditionFailed) return error.row('identity') ?? {};
      throw error;
    }
  }
}
