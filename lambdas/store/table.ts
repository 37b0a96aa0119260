import {
  ConditionalCheckFailedException,
  TransactionCanceledException,
  TransactionConflictException,
  type AttributeValue,
} from '@aws-sdk/client-dynamodb';
import {
  BatchWriteCommand,
  DeleteCommand,
  GetCommand,
  PutCommand,
  QueryCommand,
  TransactWriteCommand,
  UpdateCommand,
  type BatchWriteCommandInput,
  type BatchWriteCommandOutput,
  type DynamoDBDocumentClient,
  type QueryCommandInput,
  type TransactWriteCommandInput,
} from '@aws-sdk/lib-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { ThrottlingError } from '../contract/errors.ts';
import type { Clock } from '../domain/ports.ts';
import type { Key, TransactionItem, Row } from './expression.ts';

/**
 * For how long a write that collides with another is tried again before the caller is asked to, in
 * milliseconds.
 */
const retryBudget = 3000;

/**
 * What one request of a bulk write may hold, and how many are on their way at once: a partition takes a
 * thousand small rows a second.
 */
const batchSize = 25;
const batchesAtOnce = 8;

/** For how long a bulk write waits for room, in milliseconds: less than a task may take. */
const bulkRetryBudget = 20_000;

type WriteRequests = NonNullable<BatchWriteCommandInput['RequestItems']>[string];

/** How DynamoDB refuses a whole request that is one too many, after the SDK's own tries. */
const throttled = new Set([
  'ProvisionedThroughputExceededException',
  'ThrottlingException',
  'RequestLimitExceeded',
]);

/** Reasons that say "not now" rather than "no". */
const transient = new Set(['TransactionConflict', 'ThrottlingError', 'ProvisionedThroughputExceeded']);

/** A write whose condition did not hold; nothing was written. */
export class ConditionFailed extends Error {
  override readonly name = 'ConditionFailed';
  readonly #rows: ReadonlyMap<string, Row | undefined>;

  constructor(rows: ReadonlyMap<string, Row | undefined>) {
    super(`the condition of ${[...rows.keys()].join(', ')} did not hold`);
    this.#rows = rows;
  }

  /** Whether the condition of this part failed. */
  at(part: string): boolean {
    return this.#rows.has(part);
  }

  /** The row as the condition saw it, or undefined if there was none. */
  row(part: string): Row | undefined;
  /** The same, read as what it is. @throws LaterRow, UnreadableRow */
  row<T>(part: string, read: (row: Row) => T): T | undefined;
  row<T>(part: string, read?: (row: Row) => T): Row | T | undefined {
    const row = this.#rows.get(part);
    return row === undefined || read === undefined ? row : read(row);
  }
}

/**
 * The one table. Reads are strong; writes state what they believe, and several of them happen together or not
 * at all.
 */
export class Table {
  readonly #client: DynamoDBDocumentClient;
  readonly #clock: Clock;
  readonly name: string;

  constructor(client: DynamoDBDocumentClient, name: string, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
    this.name = name;
  }

  async get(key: Key): Promise<Row | undefined> {
    const { Item } = await this.#client.send(
      new GetCommand({ TableName: this.name, Key: key, ConsistentRead: true }),
    );
    return Item;
  }

  /** Rows in order, page after page, as far as the reader goes. */
  async *query(query: Omit<QueryCommandInput, 'TableName'>): AsyncGenerator<Row> {
    for await (const page of this.pages(query)) yield* page;
  }

  /**
   * The same, in the pages in which the table gives them: 1 MB, or `Limit` rows. A page may be empty and not
   * the last.
   */
  async *pages(query: Omit<QueryCommandInput, 'TableName'>): AsyncGenerator<readonly Row[]> {
    let from: QueryCommandInput['ExclusiveStartKey'];
    do {
      const page = await this.#client.send(
        new QueryCommand({
          ConsistentRead: query.IndexName === undefined,
          ...query,
          TableName: this.name,
          ExclusiveStartKey: from,
        }),
      );
      yield page.Items ?? [];
      from = page.LastEvaluatedKey;
    } while (from !== undefined);
  }

  /**
   * Writes rows that nobody reads yet, or removes rows that nobody reads any more: without conditions, in any
   * order. When it throws, some may have been written, and none is on its way.
   * @param keys no two alike
   */
  async bulk(rows: readonly (Key & Row)[], keys: readonly Key[] = []): Promise<void> {
    const requests = [
      ...rows.map((Item) => ({ PutRequest: { Item } })),
      ...keys.map((Key) => ({ DeleteRequest: { Key } })),
    ];
    const batches = Array.from({ length: Math.ceil(requests.length / batchSize) }, (_, index) =>
      requests.slice(index * batchSize, (index + 1) * batchSize),
    );
    for (let at = 0; at < batches.length; at += batchesAtOnce) {
      const outcomes = await Promise.allSettled(
        batches.slice(at, at + batchesAtOnce).map((batch) => this.#batch(batch)),
      );
      const failure = outcomes.find((outcome) => outcome.status === 'rejected');
      if (failure !== undefined) throw failure.reason;
    }
  }

  /** What the table had no room for is sent again, ever later. */
  async #batch(requests: WriteRequests): Promise<void> {
    const giveUpAt = this.#clock.now() + bulkRetryBudget;
    let left: WriteRequests | undefined = requests;
    for (let attempt = 0; ; attempt += 1) {
      const answer: BatchWriteCommandOutput = await this.#client.send(
        new BatchWriteCommand({ RequestItems: { [this.name]: [...left] } }),
      );
      left = answer.UnprocessedItems?.[this.name];
      if (left === undefined || left.length === 0) return;
      const pause = Math.random() * Math.min(50 * 2 ** attempt, 2000);
      if (this.#clock.now() + pause >= giveUpAt)
        throw new Error(`the table had no room for ${left.length} rows`);
      await this.#clock.sleep(pause);
    }
  }

  /**
   * Writes all parts or none.
   * @throws ConditionFailed if a condition did not hold, ThrottlingError if other writers were in the way for
   *   three seconds
   */
  async commit(parts: readonly TransactionItem[]): Promise<void> {
    const giveUpAt = this.#clock.now() + retryBudget;
    for (let attempt = 0; ; attempt += 1) {
      const outcome = await this.#try(parts);
      if (outcome === 'done') return;
      if (outcome instanceof ConditionFailed) throw outcome;
      // full jitter, or those who collided would collide again
      const pause = Math.random() * Math.min(20 * 2 ** attempt, 500);
      if (this.#clock.now() + pause >= giveUpAt) {
        throw new ThrottlingError(
          'Too many requests are changing the same resource. Try your call again.',
          1,
        );
      }
      await this.#clock.sleep(pause);
    }
  }

  async #try(parts: readonly TransactionItem[]): Promise<'done' | 'collided' | ConditionFailed> {
    const [first] = parts;
    try {
      if (parts.length === 1 && first !== undefined && first.action !== 'ConditionCheck')
        await this.#single(first);
      else
        await this.#client.send(
          new TransactWriteCommand({ TransactItems: parts.map((part) => this.#item(part)) }),
        );
      return 'done';
    } catch (error) {
      if (
        error instanceof TransactionConflictException ||
        (error instanceof Error && throttled.has(error.name))
      )
        return 'collided';
      if (error instanceof ConditionalCheckFailedException)
        return new ConditionFailed(new Map([[first?.name ?? '', plain(error.Item)]]));
      if (!(error instanceof TransactionCanceledException)) throw error;
      const reasons = error.CancellationReasons ?? [];
      if (reasons.some(({ Code }) => transient.has(Code ?? ''))) return 'collided';
      const refused = reasons.flatMap(({ Code, Item }, index) =>
        Code === 'ConditionalCheckFailed' ? [[parts[index]?.name ?? '', plain(Item)] as const] : [],
      );
      if (refused.length === 0) throw error;
      return new ConditionFailed(new Map(refused));
    }
  }

  #request({ request }: TransactionItem): Record<string, unknown> {
    return { TableName: this.name, ReturnValuesOnConditionCheckFailure: 'ALL_OLD', ...request };
  }

  #item(part: TransactionItem): NonNullable<TransactWriteCommandInput['TransactItems']>[number] {
    return { [part.action]: this.#request(part) };
  }

  async #single(part: TransactionItem): Promise<void> {
    const request = this.#request(part);
    if (part.action === 'Put') await this.#client.send(new PutCommand(request as never));
    else if (part.action === 'Update') await this.#client.send(new UpdateCommand(request as never));
    else await this.#client.send(new DeleteCommand(request as never));
  }
}

/** Errors carry rows as they travel, undecoded. */
const plain = (item: Record<string, AttributeValue> | undefined): Row | undefined =>
  item === undefined ? undefined : unmarshall(item);
