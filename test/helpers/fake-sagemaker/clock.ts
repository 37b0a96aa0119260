import type { Clock } from '../../../lambdas/domain/ports.ts';

/** Time that passes when a test says so, or when somebody sleeps. */
export class VirtualClock implements Clock {
  #now: number;
  readonly slept: number[] = [];

  constructor(start = Date.UTC(2026, 0, 5, 6)) {
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  sleep(milliseconds: number): Promise<void> {
    this.slept.push(milliseconds);
    this.pass(milliseconds);
    return Promise.resolve();
  }

  pass(milliseconds: number): void {
    this.#now += milliseconds;
  }
}

export const seconds = (count: number): number => count * 1000;
export const minutes = (count: number): number => seconds(60 * count);
