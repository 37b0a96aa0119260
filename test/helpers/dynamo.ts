import { createServer, request, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { documentClient, ensureTable, startDatabase, type Database } from '../../lambdas/local/database.ts';

/** One request as it passed on its way to the emulator. */
export interface Passed {
  readonly operation: string;
  readonly table: string;
}

/**
 * The embedded DynamoDB, in memory, behind a proxy that counts what passes and can answer in its place: what
 * an emulator never does by itself, as a transaction conflict.
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
  readonly #proxy: Server;
  readonly client: DynamoDBDocumentClient;

  private constructor(database: Database, proxy: Server) {
    this.#database = database;
    this.#proxy = proxy;
    this.client = documentClient(`http://127.0.0.1:${(proxy.address() as AddressInfo).port}`);
  }

  static async start(): Promise<TestDynamo> {
    const database = await startDatabase(undefined, {
      register: () => undefined,
      unregister: () => undefined,
    });
    const target = new URL(database.endpoint);
    const proxy = createServer((req, res) => {
      const chunks: Buffer[] = [];
      req
        .on('data', (chunk: Buffer) => chunks.push(chunk))
        .on('end', () => {
          const body = Buffer.concat(chunks);
          const called = String(req.headers['x-amz-target'] ?? '');
          const instead = self.#note(called, body);
          const lost = instead === undefined && self.loseAnswer(called.split('.')[1] ?? '');
          if (instead !== undefined) {
            res
              .writeHead(instead.status, { 'content-type': 'application/x-amz-json-1.0' })
              .end(JSON.stringify(instead.body));
            return;
          }
          request(
            {
              host: target.hostname,
              port: target.port,
              method: req.method,
              path: req.url,
              headers: req.headers,
            },
            (answer) => {
              if (lost) return void answer.resume().on('end', () => res.destroy());
              res.writeHead(answer.statusCode ?? 500, answer.headers);
              answer.pipe(res);
            },
          )
            .on('error', () => res.destroy())
            .end(body);
        });
    });
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    const self = new TestDynamo(database, proxy);
    return self;
  }

  #note(target: string, body: Buffer): { readonly status: number; readonly body: object } | undefined {
    const operation = target.split('.')[1] ?? '';
    const parsed = JSON.parse(body.toString()) as Record<string, unknown>;
    const first = (parsed['TransactItems'] as Record<string, { TableName: string }>[] | undefined)?.[0];
    const table = first === undefined ? parsed['TableName'] : Object.values(first)[0]?.TableName;
    this.passed.push({ operation, table: String(table) });
    return this.intercept(operation, parsed);
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
    this.#proxy.closeAllConnections();
    this.#proxy.close();
    await this.#database.close();
  }
}
