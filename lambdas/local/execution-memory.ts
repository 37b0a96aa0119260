import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { PutCommand, ScanCommand, UpdateCommand, type DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Clock, Execution } from '../domain/ports.ts';

export type ExecutionStatus = 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED';

/** For how long Step Functions refuses the name of an execution that has ended, in seconds. */
const nameLifetime = 90 * 24 * 3600;

export const executionSchema = {
  AttributeDefinitions: [{ AttributeName: 'name', AttributeType: 'S' }],
  KeySchema: [{ AttributeName: 'name', KeyType: 'HASH' }],
  BillingMode: 'PAY_PER_REQUEST',
} as const;

/**
 * Which executions there are and were, across restarts: Step Functions remembers names, so its stand-in must.
 */
export class ExecutionMemory {
  readonly #client: DynamoDBDocumentClient;
  readonly #table: string;
  readonly #clock: Clock;

  constructor(client: DynamoDBDocumentClient, table: string, clock: Clock) {
    this.#client = client;
    this.#table = table;
    this.#clock = clock;
  }

  /** @returns false if an execution of this name is or was there */
  async open({ workflow, name, input }: Execution): Promise<boolean> {
    const now = this.#clock.now();
    try {
      await this.#client.send(
        new PutCommand({
          TableName: this.#table,
          Item: { name, workflow, input, status: 'RUNNING', startedAt: now },
          ConditionExpression: 'attribute_not_exists(#name) OR expiresAt <= :now',
          ExpressionAttributeNames: { '#name': 'name' },
          ExpressionAttributeValues: { ':now': Math.floor(now / 1000) },
        }),
      );
      return true;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false;
      throw error;
    }
  }

  async close(name: string, status: ExecutionStatus, cause?: string): Promise<void> {
    const now = this.#clock.now();
    await this.#client.send(
      new UpdateCommand({
        TableName: this.#table,
        Key: { name },
        UpdateExpression: 'SET #status = :status, stoppedAt = :now, expiresAt = :expires, cause = :cause',
        ExpressionAttributeNames: { '#status': 'status' },
        ExpressionAttributeValues: {
          ':status': status,
          ':now': now,
          ':expires': Math.floor(now / 1000) + nameLifetime,
          ':cause': cause ?? '',
        },
      }),
    );
  }

  /** The executions that a dead host left open end as aborted: nobody runs them any more. */
  async abandonAll(): Promise<void> {
    for await (const row of scan(this.#client, this.#table)) {
      if (row['status'] === 'RUNNING') await this.close(String(row['name']), 'ABORTED', 'the host ended');
    }
  }
}

export async function* scan(
  client: DynamoDBDocumentClient,
  table: string,
): AsyncGenerator<Record<string, unknown>> {
  let from: Record<string, unknown> | undefined;
  do {
    const { Items, LastEvaluatedKey } = await client.send(
      new ScanCommand({ TableName: table, ExclusiveStartKey: from }),
    );
    yield* Items ?? [];
    from = LastEvaluatedKey;
  } while (from !== undefined);
}
