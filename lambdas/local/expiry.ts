import { DeleteCommand, type DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Clock } from '../domain/ports.ts';
import { scan } from './execution-memory.ts';

/**
 * What TTL does in AWS: removes rows some time after `expiresAt`. Nothing depends on it but the size of the
 * table.
 */
export async function removeExpired(
  client: DynamoDBDocumentClient,
  table: string,
  keyOf: (row: Record<string, unknown>) => Record<string, unknown>,
  clock: Clock,
): Promise<void> {
  const now = Math.floor(clock.now() / 1000);
  for await (const row of scan(client, table)) {
    if (typeof row['expiresAt'] !== 'number' || row['expiresAt'] > now) continue;
    await client
      .send(
        new DeleteCommand({
          TableName: table,
          Key: keyOf(row),
          ConditionExpression: 'expiresAt <= :now',
          ExpressionAttributeValues: { ':now': now },
        }),
      )
      .catch((error: unknown) => {
        // it was made anew meanwhile
        if (!(error instanceof Error && error.name === 'ConditionalCheckFailedException')) throw error;
      });
  }
}
