import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import {
  ConditionalCheckFailedException,
  type ReturnValuesOnConditionCheckFailure,
} from '@aws-sdk/client-dynamodb';
import { DeleteCommand, PutCommand, type DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { StorageUnavailable, type Clock } from '../domain/ports.ts';

/** Seconds for which a table is owned, and between two heartbeats. */
export interface OwnerTimes {
  readonly lease: number;
  readonly heartbeat: number;
}

const usualTimes: OwnerTimes = { lease: 30, heartbeat: 8 };

interface OwnerRow {
  readonly owner: string;
  /** Who that is, for people. */
  readonly host: string;
  readonly pid: number;
  readonly dataDir: string;
  /** Epoch milliseconds. */
  readonly since: number;
  readonly until: number;
}

const key = { pk: 'OWNER', sk: 'OWNER' };

/**
 * Makes one host the owner of a table that several could reach. Two hosts would each end what the other
 * hosts, because neither finds the other's units. The owner renews its lease; one that could not renew it in
 * time must take no further step, for another may own the table by then.
 */
export class TableOwner {
  readonly #client: DynamoDBDocumentClient;
  readonly #table: string;
  readonly #clock: Clock;
  readonly #times: OwnerTimes;
  readonly #lost: (error: Error) => void;
  readonly #row: Omit<OwnerRow, 'until'>;
  #until = 0;
  #timer: NodeJS.Timeout | undefined;
  #gone = false;

  private constructor(
    client: DynamoDBDocumentClient,
    table: string,
    dataDir: string,
    { clock, lost, times }: { clock: Clock; lost: (error: Error) => void; times: OwnerTimes },
  ) {
    this.#client = client;
    this.#table = table;
    this.#clock = clock;
    this.#times = times;
    this.#lost = lost;
    this.#row = { owner: randomUUID(), host: hostname(), pid: process.pid, dataDir, since: clock.now() };
  }

  /**
   * @param client one that carries no guard of this owner
   * @param lost told once when the table is another host's, or may be
   * @throws Error that says who owns the table, since when and until when
   */
  static async take(
    client: DynamoDBDocumentClient,
    table: string,
    dataDir: string,
    clock: Clock,
    lost: (error: Error) => void,
    times: OwnerTimes = usualTimes,
  ): Promise<TableOwner> {
    const owner = new TableOwner(client, table, dataDir, { clock, lost, times });
    const other = await owner.#renew();
    if (other !== undefined)
      throw new Error(
        `The table is owned by another host: process ${other.pid} on ${other.host}, with the data folder ` +
          `${other.dataDir}, since ${new Date(other.since).toISOString()}. End it, or give this host a ` +
          `DynamoDB of its own. If it is dead, the table is free at ${new Date(other.until).toISOString()}.`,
      );
    owner.#timer = setInterval(() => void owner.#beat(), times.heartbeat * 1000);
    return owner;
  }

  /** Whether the lease still runs: called before each request of the host's. @throws StorageUnavailable */
  require(): void {
    if (!this.#gone && this.#clock.now() < this.#until) return;
    throw new StorageUnavailable(new Error('This host no longer owns its table.'));
  }

  /** Gives the table up, so that the next host need not wait. */
  async release(): Promise<void> {
    clearInterval(this.#timer);
    if (this.#gone) return;
    this.#gone = true;
    await this.#client
      .send(
        new DeleteCommand({
          TableName: this.#table,
          Key: key,
          ConditionExpression: '#owner = :me',
          ExpressionAttributeNames: { '#owner': 'owner' },
          ExpressionAttributeValues: { ':me': this.#row.owner },
        }),
      )
      .catch(() => undefined); // then it runs out
  }

  async #beat(): Promise<void> {
    if (this.#gone) return;
    try {
      const other = await this.#renew();
      if (other !== undefined)
        this.#lose(`Process ${other.pid} on ${other.host} owns the table of this host now.`);
    } catch (error) {
      if (this.#clock.now() >= this.#until)
        this.#lose(`The table could not be reached to go on owning it: ${String(error)}`);
    }
  }

  #lose(reason: string): void {
    if (this.#gone) return;
    this.#gone = true;
    clearInterval(this.#timer);
    this.#lost(new Error(`${reason} A host without its table cannot go on.`));
  }

  /** @returns who owns the table, if it is another one */
  async #renew(): Promise<OwnerRow | undefined> {
    const now = this.#clock.now();
    const until = now + this.#times.lease * 1000;
    try {
      await this.#client.send(
        new PutCommand({
          TableName: this.#table,
          Item: { ...key, v: 1, ...this.#row, until },
          ConditionExpression: 'attribute_not_exists(pk) OR #owner = :me OR #until <= :now',
          ExpressionAttributeNames: { '#owner': 'owner', '#until': 'until' },
          ExpressionAttributeValues: { ':me': this.#row.owner, ':now': now },
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD' satisfies ReturnValuesOnConditionCheckFailure,
        }),
      );
      this.#until = until;
      return undefined;
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException) || error.Item === undefined) throw error;
      return unmarshall(error.Item) as OwnerRow;
    }
  }
}
