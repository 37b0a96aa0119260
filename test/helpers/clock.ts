import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../lambdas/domain/ports.ts';

/**
 * Time that passes when a test says so; whoever sleeps moves it on, after a moment in which others get their
 * turn.
 */
export class TestClock implements Clock {
  #now: number;

  constructor(now = Date.parse('2026-01-15T12:00:00Z')) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  advance(seconds: number): void {
    this.#now += seconds * 1000;
  }

  async sleep(milliseconds: number): Promise<void> {
    await sleep(1);
    this.#now += milliseconds;
  }
}
