import { createHash } from 'node:crypto';
import type { Log } from '../domain/ports.ts';
import { EngineBusy } from './engine.ts';
import { PictureRefused } from '../domain/verdict.ts';

/**
 * How many pictures are remembered, and for how long, in milliseconds: who shows one again after that costs
 * another unit or two.
 */
const most = 1000;
const memory = 600_000;

interface Entry {
  readonly at: number;
  /**
   * Why the second unit was lost over the picture; without it the picture has but been there when one was
   * lost.
   */
  readonly reason?: string;
}

/** A picture that somebody waits for the verdict of. */
export interface Tried {
  readonly picture: Uint8Array;
  /** A unit was lost while it had this picture. */
  suspect: boolean;
}

export interface Loss {
  readonly reason: string;
  /** Whether the picture may be the cause. */
  readonly blamed: boolean;
  /** Whether the unit had no other picture. */
  readonly alone: boolean;
  /** Whether its sender has waited too long for another try. */
  readonly late: boolean;
}

/**
 * Pictures that inference units were lost over, by their content. One loss proves nothing: units die for many
 * reasons, and another picture may have been there. A picture that was alone with a second unit that was lost
 * is not given to a third.
 */
export class Suspects {
  readonly #entries = new Map<string, Entry>();
  readonly #log: Log;

  constructor(log: Log) {
    this.#log = log;
  }

  /**
   * @throws PictureRefused if units were lost over this very picture before. @returns whether it is suspect
   */
  check(picture: Uint8Array, now: number): boolean {
    if (this.#entries.size === 0) return false; // hashing is for the days on which something is wrong
    const digest = digestOf(picture);
    const entry = this.#entries.get(digest);
    if (entry === undefined) return false;
    if (now - entry.at > memory) return !this.#entries.delete(digest);
    if (entry.reason !== undefined) throw refused(entry.reason);
    return true;
  }

  /** @returns what the picture's sender is told, or nothing if it is worth another try */
  afterLoss(job: Tried, { reason, blamed, alone, late }: Loss, now: number): Error | undefined {
    if (blamed && job.suspect && alone) {
      this.#note(job.picture, { at: now, reason });
      this.#log.warn('A picture is refused: two inference units were lost over it', {
        bytes: job.picture.byteLength,
        reason,
      });
      return refused(reason);
    }
    if (blamed) {
      job.suspect = true;
      this.#note(job.picture, { at: now });
    }
    return late
      ? new EngineBusy(`The inference unit that had the picture was lost: ${reason}. Try again.`)
      : undefined;
  }

  acquit(picture: Uint8Array): void {
    this.#entries.delete(digestOf(picture));
  }

  #note(picture: Uint8Array, entry: Entry): void {
    const digest = digestOf(picture);
    this.#entries.delete(digest); // so that the oldest note is the first
    this.#entries.set(digest, entry);
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > most && oldest !== undefined) this.#entries.delete(oldest);
  }
}

const digestOf = (picture: Uint8Array): string => createHash('sha256').update(picture).digest('base64');

const refused = (reason: string): PictureRefused =>
  new PictureRefused(
    'The picture cannot be judged by this model: two inference units were lost over it, the second ' +
      `because ${reason}.`,
  );
