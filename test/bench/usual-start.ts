import { randomUUID } from 'node:crypto';
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { GetCommand, PutCommand, UpdateCommand, type DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { fingerprint, tokenLifetime } from '../../lambdas/domain/tokens.ts';
import { dueShard, keys } from '../../lambdas/store/keys.ts';
import type { Execution } from '../../lambdas/domain/ports.ts';

/**
 * What StartModel promises, the way it is usually written: the documented behaviour of an idempotency library
 * (a record in progress, put under a condition; the work; the record completed with the answer), and inside
 * of it a read, a conditional update, a counter and a record, one call each. The library itself is no
 * dependency of this project; its requests are what is repeated here. Unlike a transaction, it can end
 * between any two.
 */
export async function usualStart(
  client: DynamoDBDocumentClient,
  table: string,
  start: (execution: Execution) => Promise<unknown>,
  {
    project,
    version,
    token,
    units,
    limit,
  }: { project: string; version: string; token: string; units: number; limit: number },
): Promise<{ status: number; body: object }> {
  const now = Date.now();
  const seconds = Math.floor(now / 1000);
  const record = keys.token('UsualStart', token);
  const hash = fingerprint({ project, version, units });
  try {
    await client.send(
      new PutCommand({
        TableName: table,
        Item: {
          ...record,
          status: 'INPROGRESS',
          hash,
          expiresAt: seconds + tokenLifetime,
          inProgressUntil: now + 30_000,
        },
        ConditionExpression:
          'attribute_not_exists(pk) OR expiresAt < :now OR (#status = :going AND inProgressUntil < :milliseconds)',
        ExpressionAttributeNames: { '#status': 'status' },
        ExpressionAttributeValues: { ':now': seconds, ':milliseconds': now, ':going': 'INPROGRESS' },
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      }),
    );
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException)
      return { status: 202, body: { Status: 'STARTING_HOSTING' } };
    throw error;
  }
  const { Item: model } = await client.send(
    new GetCommand({ TableName: table, Key: keys.model({ project, version }), ConsistentRead: true }),
  );
  if (model === undefined) return { status: 404, body: {} };
  if (model['status'] !== 'TRAINED') return { status: 409, body: {} };
  const id = randomUUID().replaceAll('-', '').slice(0, 25);
  const operation = {
    id,
    attempt: 1,
    kind: 'start' as const,
    actor: 'bench',
    at: now,
    deadline: now + 3_600_000,
  };
  await client.send(
    new UpdateCommand({
      TableName: table,
      Key: keys.quota('RUNNING_MODELS'),
      UpdateExpression: 'ADD used :one',
      ConditionExpression: 'attribute_not_exists(used) OR used < :limit',
      ExpressionAttributeValues: { ':one': 1, ':limit': limit },
    }),
  );
  await client.send(
    new UpdateCommand({
      TableName: table,
      Key: keys.model({ project, version }),
      UpdateExpression:
        'SET #status = :next, statusMessage = :message, #units = :units, #operation = :operation, deploymentId = :id, dueAt = :due',
      ConditionExpression: '#status = :trained',
      ExpressionAttributeNames: { '#status': 'status', '#units': 'units', '#operation': 'operation' },
      ExpressionAttributeValues: {
        ':next': 'STARTING_HOSTING',
        ':message': 'The model is starting.',
        ':units': { min: units },
        ':operation': operation,
        ':id': id,
        ':due': now + 3_600_000,
        ':trained': 'TRAINED',
      },
    }),
  );
  await client.send(
    new PutCommand({
      TableName: table,
      ConditionExpression: 'attribute_not_exists(pk)',
      Item: {
        ...keys.deployment({ project, version, id }),
        v: 1,
        id,
        project,
        version,
        units: { min: units },
        startedBy: 'bench',
        startedAt: now,
        reserved: true,
        dueAt: now + 3_600_000,
        dueShard: dueShard(id),
      },
    }),
  );
  await start({
    workflow: 'hosting',
    name: `${id}-1`,
    input: { v: 1, kind: 'start', project, version, operationId: id, attempt: 1 },
  });
  const body = { Status: 'STARTING_HOSTING' };
  await client.send(
    new UpdateCommand({
      TableName: table,
      Key: record,
      UpdateExpression: 'SET #status = :done, answer = :answer, expiresAt = :expires',
      ExpressionAttributeNames: { '#status': 'status' },
      ExpressionAttributeValues: {
        ':done': 'COMPLETED',
        ':answer': body,
        ':expires': seconds + tokenLifetime,
      },
    }),
  );
  return { status: 202, body };
}
