import type { DatabasePipe, ToolAnswer } from './database-pipe.ts';

type Members = Readonly<Record<string, unknown>>;
type Attributes = Readonly<Record<string, unknown>>;

/** An answer as DynamoDB's HTTP API gives it. */
export interface DatabaseAnswer {
  readonly status: number;
  readonly body: Members;
}

const conditional = [
  'TableName',
  'ConditionExpression',
  'ExpressionAttributeNames',
  'ExpressionAttributeValues',
  'ReturnValues',
] as const;
const page = [
  'TableName',
  'IndexName',
  'FilterExpression',
  'ProjectionExpression',
  'ExpressionAttributeNames',
  'ExpressionAttributeValues',
  'ExclusiveStartKey',
  'Limit',
  'Select',
] as const;

/** Which tool carries out which operation, and the members that it takes over. */
const tools: Readonly<Record<string, { readonly tool: string; readonly members: readonly string[] }>> = {
  GetItem: {
    tool: 'get_item',
    members: ['TableName', 'Key', 'ProjectionExpression', 'ExpressionAttributeNames'],
  },
  PutItem: { tool: 'put_item', members: [...conditional, 'Item'] },
  UpdateItem: { tool: 'update_item', members: [...conditional, 'Key', 'UpdateExpression'] },
  DeleteItem: { tool: 'delete_item', members: [...conditional, 'Key'] },
  Query: { tool: 'query', members: [...page, 'KeyConditionExpression', 'ScanIndexForward'] },
  Scan: { tool: 'scan', members: [...page, 'Segment', 'TotalSegments'] },
  BatchGetItem: { tool: 'batch_get_item', members: ['RequestItems'] },
  BatchWriteItem: { tool: 'batch_write_item', members: ['RequestItems'] },
  TransactGetItems: { tool: 'transact_get_items', members: ['TransactItems'] },
  TransactWriteItems: { tool: 'transact_write_items', members: ['TransactItems', 'ClientRequestToken'] },
  ListTables: { tool: 'list_tables', members: [] },
  DescribeTable: { tool: 'describe_table', members: ['TableName'] },
  DeleteTable: { tool: 'delete_table', members: ['TableName'] },
  CreateTable: {
    tool: 'create_table',
    members: [
      'TableName',
      'KeySchema',
      'AttributeDefinitions',
      'BillingMode',
      'GlobalSecondaryIndexes',
      'LocalSecondaryIndexes',
    ],
  },
};

/** What has no meaning here: every read is strong, nothing is metered, and refused rows are read below. */
const meaningless: ReadonlySet<string> = new Set([
  'ConsistentRead',
  'ReturnConsumedCapacity',
  'ReturnItemCollectionMetrics',
  'ReturnValuesOnConditionCheckFailure',
]);

const oneRow: ReadonlySet<string> = new Set(['PutItem', 'UpdateItem', 'DeleteItem']);

/** Operations that change rows: what they answer counts only while the files are where they were. */
export const writes: ReadonlySet<string> = new Set([
  ...oneRow,
  'BatchWriteItem',
  'TransactWriteItems',
  'CreateTable',
  'DeleteTable',
]);

/** Half of a surrogate pair, which `JSON.stringify` writes as an escape. */
const brokenText = /(?<!\\)(?:\\\\)*\\ud[89a-f]/;

/** DynamoDB's operations by way of the pipe's tools. */
export class DatabaseCalls {
  readonly #pipe: DatabasePipe;
  /** The names of a table's key attributes. */
  readonly #keys = new Map<string, Promise<readonly string[]>>();
  /** The last conditional write under way; the next one waits for it. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(pipe: DatabasePipe) {
    this.#pipe = pipe;
  }

  /**
   * Carries out one request.
   * @throws NoAnswer
   */
  async call(operation: string, request: Members): Promise<DatabaseAnswer> {
    // A parser of JSON that is stricter than ours would not answer at all.
    if (brokenText.test(JSON.stringify(request)))
      return refused({ error_type: 'SerializationException', message: 'A text is not valid Unicode.' });
    if (operation === 'TransactWriteItems') return this.#alone(() => this.#transaction(request));
    if (oneRow.has(operation)) return this.#alone(() => this.#single(operation, request));
    return answerOf(await this.#tool(operation, request));
  }

  #tool(operation: string, request: Members): Promise<ToolAnswer> {
    const known = tools[operation];
    if (known === undefined) throw new Error(`the embedded database is not asked for ${operation}`);
    const given: Record<string, unknown> = operation === 'DescribeTable' ? { raw: true } : {};
    for (const [member, value] of Object.entries(request)) {
      if (value === undefined || meaningless.has(member)) continue;
      if (!known.members.includes(member))
        throw new Error(`the embedded database does not take ${member} of ${operation}`);
      given[snake(member)] = value;
    }
    return this.#pipe.call(known.tool, given);
  }

  async #single(operation: string, request: Members): Promise<DatabaseAnswer> {
    const answer = await this.#tool(operation, request);
    if (!answer.failed || answer.content['error_type'] !== 'ConditionalCheckFailedException')
      return answerOf(answer);
    return refused(answer.content, { ...(await this.#asRefused(request)) });
  }

  async #transaction(request: Members): Promise<DatabaseAnswer> {
    const answer = await this.#tool('TransactWriteItems', request);
    const message = String(answer.content['message']);
    const codes = /\[([^\]]*)\]\s*$/.exec(message)?.[1];
    if (
      !answer.failed ||
      answer.content['error_type'] !== 'TransactionCanceledException' ||
      codes === undefined
    )
      return answerOf(answer);
    const items = request['TransactItems'] as readonly Readonly<Record<string, Members>>[];
    const CancellationReasons = await Promise.all(
      codes
        .split(',')
        .map((code) => code.trim())
        .map(async (Code, index) => {
          const part = Object.values(items[index] ?? {})[0];
          if (Code !== 'ConditionalCheckFailed' || part === undefined) return { Code };
          return { Code, Message: 'The conditional request failed', ...(await this.#asRefused(part)) };
        }),
    );
    return refused(answer.content, { CancellationReasons });
  }

  /**
   * The row that did not fit a condition. The tools don't tell it, so it is read before another write gets
   * its turn: it is the row that the condition saw.
   */
  async #asRefused(request: Members): Promise<{ readonly Item?: Attributes }> {
    if (request['ReturnValuesOnConditionCheckFailure'] !== 'ALL_OLD') return {};
    const table = String(request['TableName']);
    const { content } = await this.#pipe.call('get_item', {
      table_name: table,
      key: request['Key'] ?? (await this.#keyOf(table, request['Item'] as Attributes)),
    });
    const row = content['Item'] as Attributes | undefined;
    return row === undefined ? {} : { Item: row };
  }

  async #keyOf(table: string, row: Attributes): Promise<Attributes> {
    let names = this.#keys.get(table);
    if (names === undefined) {
      names = this.#pipe.call('describe_table', { table_name: table, raw: true }).then(({ content }) => {
        const { KeySchema } = content['Table'] as { KeySchema: readonly { AttributeName: string }[] };
        return KeySchema.map(({ AttributeName }) => AttributeName);
      });
      this.#keys.set(table, names);
      names.catch(() => this.#keys.delete(table));
    }
    return Object.fromEntries((await names).map((name) => [name, row[name]]));
  }

  #alone<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work, work);
    this.#turn = turn;
    return turn;
  }
}

/** `ExclusiveStartKey` as the tools write it: `exclusive_start_key`. */
const snake = (member: string): string =>
  member.replace(/[A-Z]/g, (letter, at) => `${at === 0 ? '' : '_'}${letter.toLowerCase()}`);

const answerOf = ({ failed, content }: ToolAnswer): DatabaseAnswer =>
  failed ? refused(content) : { status: 200, body: content };

function refused(content: Members, more: Members = {}): DatabaseAnswer {
  const { error_type: given } = content;
  const name = typeof given === 'string' ? given : 'InternalServerError';
  return {
    status: name.startsWith('Internal') ? 500 : 400,
    body: { __type: `com.amazonaws.dynamodb.v20120810#${name}`, message: content['message'], ...more },
  };
}
