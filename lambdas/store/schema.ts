import type { CreateTableCommandInput } from '@aws-sdk/client-dynamodb';
import { dueIndex } from './keys.ts';

/** The table as data: the stack makes it from this, and so does the local host. */
export const tableSchema = {
  AttributeDefinitions: [
    { AttributeName: 'pk', AttributeType: 'S' },
    { AttributeName: 'sk', AttributeType: 'S' },
    { AttributeName: dueIndex.partition, AttributeType: 'S' },
    { AttributeName: dueIndex.sort, AttributeType: 'N' },
  ],
  KeySchema: [
    { AttributeName: 'pk', KeyType: 'HASH' },
    { AttributeName: 'sk', KeyType: 'RANGE' },
  ],
  GlobalSecondaryIndexes: [
    {
      IndexName: dueIndex.name,
      KeySchema: [
        { AttributeName: dueIndex.partition, KeyType: 'HASH' },
        { AttributeName: dueIndex.sort, KeyType: 'RANGE' },
      ],
      Projection: { ProjectionType: 'KEYS_ONLY' },
    },
  ],
  BillingMode: 'PAY_PER_REQUEST',
} as const satisfies Omit<CreateTableCommandInput, 'TableName'>;
