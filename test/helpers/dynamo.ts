import { DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { DatabaseAnswer } from '../../lambdas/local/database-calls.ts';
import { startDatabase, type Database } from '../../lambdas/local/database.ts';
import { documentClient, ensureTable } from '../../lambdas/local/table-client.ts';

/** One request as it passed on its way to the emulator. */
export interface Passed {
  readonly operation: string;
  readonly table: string;
}

/**
 * The embedded DynamoDB, in memory, behind a door that counts what passes and can answer in its place: what an
 * emulator never does by itself, as a transaction conflict.
 */
export class TestDynamo {
  readonly passed: Passed[] = [];
  /** Answers instead of the emulator, or lets the request pass. */
  intercept: (
    operation: string,
    body: Record<string, unknown>,
  ) => { readonly status: number; readonly body: object } | undefined = () => undefined;
  /** Carries a request out, and then loses the answer with the connection. */
  loseAnswer: (operation: string) => boolean = () => false;
  /** What to close first, however the tests went. */
  readonly closers: (() => Promise<void>)[] = [];
  readonly #database: Database;
  readonly client: DynamoDBDocumentClient;

  private constructor(database: Database) {
    this.#database = database;
    this.client = documentClient({ call: (operation, request) => this.#pass(operation, request) });
  }

  static async start(): Promise<TestDynamo> {
    return new TestDynamo(
      await startDatabase(undefined, { register: () => undefined, unregister: () => undefined }),
    );
  }

  /** One request, as a client of the emulator's HTTP API would send it. */
  call(operation: string, request: Readonly<Record<string, unknown>>): Promise<DatabaseAnswer> {
    return this.#pass(operation, request);
  }

  async #pass(operation: string, request: Readonly<Record<string, unknown>>): Promise<DatabaseAnswer> {
    const instead = this.#note(operation, request);
    if (instead !== undefined) return { status: instead.status, body: { ...instead.body } };
    const lost = this.loseAnswer(operation);
    const answer = await this.#database.call(operation, request);
    if (lost) throw Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
    return answer;
  }

  #note(
    operation: string,
    parsed: Readonly<Record<string, unknown>>,
  ): { readonly status: number; readonly body: object } | undefined {
    const first = (parsed['TransactItems'] as Record<string, { TableName: string }>[] | undefined)?.[0];
    const table = first === undefined ? parsed['TableName'] : Object.values(first)[0]?.TableName;
    this.passed.push({ operation, table: String(table) });
    return this.intercept(operation, { ...parsed });
  }

  /** From now on everything passes, and is answered. */
  reset(): void {
    this.intercept = () => undefined;
    this.loseAnswer = () => false;
  }

  async table(name: string, schema?: object): Promise<string> {
    await ensureTable(this.client, name, schema);
    await this.client.send(new DescribeTableCommand({ TableName: name }) as never);
    return name;
  }

  async close(): Promise<void> {
    for (const each of this.closers) await each();
    this.client.destroy();
    await this.#database.close();
  }
}
