import { statSync } from 'node:fs';
import { rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GetCommand, type DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Log } from '../domain/ports.ts';

/** Fixed words, without paths: anybody may ask. */
export interface HealthReport {
  readonly status: 'ok' | 'failing';
  readonly table?: 'no answer';
  readonly dataFolder?: 'missing' | 'not writable' | 'no answer';
  readonly disk?: 'full';
}

/** How long a part may take to answer, and how long an answer is given again, in milliseconds. */
const timeout = 3000;
const freshFor = 1000;

/** Below so many free bytes no picture can be kept. */
const leastFree = 16 * 2 ** 20;

/** What `GET /health` answers: the table is read, and the data folder written, each time anew. */
export class Health {
  readonly #client: DynamoDBDocumentClient;
  readonly #table: string;
  readonly #folder: string;
  readonly #place: string | undefined;
  readonly #log: Log;
  #last: { readonly at: number; readonly report: Promise<HealthReport> } | undefined;
  #wasFailing = false;

  constructor(client: DynamoDBDocumentClient, table: string, folder: string, log: Log) {
    this.#client = client;
    this.#table = table;
    this.#folder = folder;
    this.#log = log;
    this.#place = placeOf(folder);
  }

  /** Never rejects. Asked again within a second, it gives the same answer. */
  check(): Promise<HealthReport> {
    const now = performance.now();
    if (this.#last === undefined || now - this.#last.at > freshFor)
      this.#last = { at: now, report: this.#look() };
    return this.#last.report;
  }

  async #look(): Promise<HealthReport> {
    const [table, folder] = await Promise.all([
      bounded(this.#readTable(), { table: 'no answer' } as const),
      bounded(this.#writeFolder(), { dataFolder: 'no answer' } as const),
    ]);
    const failures = { ...table, ...folder };
    const failing = Object.keys(failures).length > 0;
    if (failing !== this.#wasFailing) {
      if (failing) this.#log.error('the host is not healthy', failures);
      else this.#log.info('the host is healthy again');
    }
    this.#wasFailing = failing;
    return { status: failing ? 'failing' : 'ok', ...failures };
  }

  async #readTable(): Promise<Partial<HealthReport>> {
    try {
      await this.#client.send(
        new GetCommand({ TableName: this.#table, Key: { pk: 'HEALTH', sk: 'HEALTH' }, ConsistentRead: true }),
      );
      return {};
    } catch {
      return { table: 'no answer' };
    }
  }

  async #writeFolder(): Promise<Partial<HealthReport>> {
    if (placeOf(this.#folder) !== this.#place) return { dataFolder: 'missing' };
    const probe = join(this.#folder, '.health');
    try {
      await writeFile(probe, Buffer.alloc(4096), { flush: true });
      const { bavail, bsize } = await statfs(this.#folder);
      return bavail * bsize < leastFree ? { disk: 'full' } : {};
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      return code === 'ENOSPC' || code === 'EDQUOT' ? { disk: 'full' } : { dataFolder: 'not writable' };
    } finally {
      await rm(probe, { force: true }).catch(() => undefined);
    }
  }
}

function placeOf(folder: string): string | undefined {
  try {
    const { dev, ino } = statSync(folder, { bigint: true });
    return `${dev}-${ino}`;
  } catch {
    return undefined;
  }
}

async function bounded<T>(work: Promise<T>, otherwise: T): Promise<T> {
  const { promise, resolve } = Promise.withResolvers<T>();
  const timer = setTimeout(() => resolve(otherwise), timeout);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}
