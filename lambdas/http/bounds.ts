import type { Socket } from 'node:net';
import { ThrottlingError } from '../contract/errors.ts';

/** Bytes of bodies that are held at once, over all connections. */
export class BodyBudget {
  readonly #limit: number;
  #held = 0;

  /** @param limit bytes */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** @throws ThrottlingError if there is no room: what is held now is given back soon */
  take(bytes: number): void {
    if (this.#held + bytes > this.#limit)
      throw new ThrottlingError('More is being sent than this host can hold at once. Try again.');
    this.#held += bytes;
  }

  giveBack(bytes: number): void {
    this.#held -= bytes;
  }
}

interface Lane {
  running: number;
  paused: boolean;
  /** Whether it is to be paused when what has come is parsed. */
  pausing: boolean;
  readonly waiting: (() => Promise<void>)[];
}

/**
 * Lets so many requests of one connection be under way at once. A client may send many requests without
 * waiting for their answers; those behind wait here, and while many wait the connection is not read. What one
 * read has brought, 64 KB, is parsed all the same: where that comes to too much over all connections, the
 * connection that brings more is closed.
 */
export class Lanes {
  readonly #atOnce: number;
  readonly #mostWaiting: number;
  readonly #overflow: () => void;
  readonly #lanes = new WeakMap<Socket, Lane>();
  #waiting = 0;

  /**
   * @param atOnce requests of one connection
   * @param mostWaiting requests of all connections
   * @param overflow called where a connection is closed
   */
  constructor(atOnce: number, mostWaiting = Infinity, overflow: () => void = () => undefined) {
    this.#atOnce = atOnce;
    this.#mostWaiting = mostWaiting;
    this.#overflow = overflow;
  }

  /** @param work must not reject */
  run(socket: Socket, work: () => Promise<void>): void {
    if (socket.destroyed) return;
    const lane = this.#lanes.get(socket) ?? this.#open(socket);
    if (lane.running < this.#atOnce) return this.#start(socket, lane, work);
    if (this.#waiting >= this.#mostWaiting) {
      this.#overflow();
      return void socket.destroy();
    }
    lane.waiting.push(work);
    this.#waiting += 1;
    if (lane.pausing || lane.waiting.length < this.#atOnce) return;
    // Node resumes a connection after each request that it has parsed, and to read a body: a pause from
    // within a request would not last, and one that lasted would end unseen.
    lane.pausing = true;
    process.nextTick(() => {
      lane.pausing = false;
      if (lane.waiting.length < this.#atOnce) return;
      lane.paused = true;
      socket.pause();
    });
  }

  #open(socket: Socket): Lane {
    const lane: Lane = { running: 0, paused: false, pausing: false, waiting: [] };
    this.#lanes.set(socket, lane);
    socket.once('close', () => {
      this.#waiting -= lane.waiting.length;
      lane.waiting.length = 0;
    });
    return lane;
  }

  #start(socket: Socket, lane: Lane, work: () => Promise<void>): void {
    lane.running += 1;
    void work().finally(() => {
      lane.running -= 1;
      const next = socket.destroyed ? undefined : lane.waiting.shift();
      if (next !== undefined) {
        this.#waiting -= 1;
        return this.#start(socket, lane, next);
      }
      if (!lane.paused || lane.waiting.length > 0) return;
      lane.paused = false;
      socket.resume();
    });
  }
}
