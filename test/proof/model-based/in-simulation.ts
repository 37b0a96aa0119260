import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { DeleteTableCommand } from '@aws-sdk/client-dynamodb';
import { ensureTable } from '../../../lambdas/local/table-client.ts';
import type { Simulation } from './simulation.ts';

/**
 * Lives through something in a simulation with a table of its own, without chance.
 * @throws what `life` throws, with the last steps that led there
 */
export async function inSimulation<T>(
  client: DynamoDBDocumentClient,
  world: Simulation,
  life: () => Promise<T>,
): Promise<T> {
  await ensureTable(client, world.table);
  const { random } = Math;
  Math.random = () => 0.5; // jitter, which no history may depend on
  try {
    return await life();
  } catch (error) {
    (error as Error).message += `\nlast steps:\n  ${world.trace.slice(-60).join('\n  ')}\n`;
    throw error;
  } finally {
    Math.random = random;
    await client.send(new DeleteTableCommand({ TableName: world.table }) as never);
  }
}
