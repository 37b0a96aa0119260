import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import { AttributeType, BillingMode, ProjectionType, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import type { IRole } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { tableSchema } from '../../lambdas/store/schema.ts';
import { acknowledge } from '../acknowledge.ts';
import { allow } from './grant.ts';
import { kept } from './service-function.ts';
import { useKeys, type Keys } from './key.ts';

export interface StateTableProps {
  readonly keys: Keys;
  readonly pointInTimeRecovery: boolean;
  readonly keep: boolean;
  /** A table that was restored from this one, and is used instead. */
  readonly restored: string | undefined;
}

/** What a function may do to rows. Writes in a transaction need the rights of the writes they are made of. */
const rights = {
  read: ['dynamodb:GetItem', 'dynamodb:Query'],
  change: ['dynamodb:ConditionCheckItem', 'dynamodb:UpdateItem'],
  /** Changes one row at a time, whose own condition says whether. */
  note: ['dynamodb:UpdateItem'],
  put: ['dynamodb:PutItem'],
  delete: ['dynamodb:DeleteItem'],
  /**
   * Many rows at once, without conditions: written where nobody reads yet, or removed where nobody reads any
   * more.
   */
  bulk: ['dynamodb:BatchWriteItem'],
  identify: ['dynamodb:DescribeTable'],
} as const;

export type TableRight = keyof typeof rights;

/** The one table, made from the schema that the local host makes its own from. */
export class StateTable extends Construct {
  readonly table: Table;
  /** Of the table in use. */
  readonly tableName: string;
  readonly #arn: string;
  readonly #keys: Keys;

  constructor(scope: Construct, id: string, { keys, pointInTimeRecovery, keep, restored }: StateTableProps) {
    super(scope, id);
    const [partition, sort] = tableSchema.KeySchema;
    this.table = new Table(this, 'Table', {
      partitionKey: attribute(partition.AttributeName),
      sortKey: attribute(sort.AttributeName),
      billingMode: BillingMode.PAY_PER_REQUEST,
      timeToLiveAttribute: 'expiresAt',
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: pointInTimeRecovery },
      deletionProtection: keep,
      removalPolicy: keep ? kept : RemovalPolicy.DESTROY,
      ...(keys.current === undefined
        ? { encryption: TableEncryption.AWS_MANAGED }
        : { encryption: TableEncryption.CUSTOMER_MANAGED, encryptionKey: keys.current }),
    });
    for (const {
      IndexName,
      KeySchema: [hash, range],
    } of tableSchema.GlobalSecondaryIndexes) {
      this.table.addGlobalSecondaryIndex({
        indexName: IndexName,
        partitionKey: attribute(hash.AttributeName),
        sortKey: attribute(range.AttributeName),
        projectionType: ProjectionType.KEYS_ONLY,
      });
    }
    if (!pointInTimeRecovery)
      acknowledge(this.table, ['AwsSolutions-DDB3'], 'A stage to try things in: its rows need no way back.');
    this.tableName = restored ?? this.table.tableName;
    this.#arn =
      restored === undefined
        ? this.table.tableArn
        : Stack.of(this).formatArn({ service: 'dynamodb', resource: 'table', resourceName: restored });
    this.#keys = keys;
  }

  allow(role: IRole, ...which: readonly TableRight[]): void {
    allow(role, { actions: which.flatMap((right) => rights[right]), on: [this.#arn] });
    useKeys(this.#keys, role, 'dynamodb');
  }

  /** Who looks for what is due asks the index. */
  allowDue(role: IRole): void {
    const [index] = tableSchema.GlobalSecondaryIndexes;
    allow(role, { actions: ['dynamodb:Query'], on: [`${this.#arn}/index/${index.IndexName}`] });
  }
}

function attribute(name: string): { name: string; type: AttributeType } {
  const found = tableSchema.AttributeDefinitions.find(({ AttributeName }) => AttributeName === name);
  if (found === undefined) throw new Error(`the schema does not define the attribute ${name}`);
  return { name, type: found.AttributeType === 'N' ? AttributeType.NUMBER : AttributeType.STRING };
}
