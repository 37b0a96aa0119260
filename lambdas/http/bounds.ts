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
  readonly waiting: (() => Promise<void>)[];
}

/**
 * Lets so many requests of one connection be under way at once. A client may send many requests without
 * waiting for their answers; those behind wait here, and while many wait the connection is not read.
 */
export class Lanes {
  readonly #atOnce: number;
  readonly #lanes = new WeakMap<Socket, Lane>();

  constructor(atOnce: number) {
    this.#atOnce = atOnce;
  }

  /** @param work must not reject */
  run(socket: Socket, work: () => Promise<void>): void {
    const lane = this.#lanes.get(socket) ?? { running: 0, paused: false, waiting: [] };
    this.#lanes.set(socket, lane);
    if (lane.running < this.#atOnce) return this.#start(socket, lane, work);
    lane.waiting.push(work);
    // Each time anew: Node itself resumes a connection, to read the body of a request that begins.
    if (lane.waiting.length < this.#atOnce) return;
    lane.paused = true;
    socket.pause();
  }

  #start(socket: Socket, lane: Lane, work: () => Promise<void>): void {
    lane.running += 1;
    void work().finally(() => {
      lane.running -= 1;
      const next = socket.destroyed ? undefined : lane.waiting.shift();
      if (next !== undefined) return this.#start(socket, lane, next);
      if (socket.destroyed) lane.waiting.length = 0;
      if (!lane.paused || lane.waiting.length > 0) return;
      lane.paused = false;
      socket.resume();
    });
  }
}
