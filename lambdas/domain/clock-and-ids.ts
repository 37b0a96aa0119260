import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock, Ids } from './ports.ts';

export const systemClock: Clock = {
  now: Date.now,
  sleep: async (milliseconds) => {
    await sleep(milliseconds);
  },
};

/**
 * Nine characters of time, sixteen of chance: 80 bits of chance make a collision no concern. Within a process
 * they are in the order of making.
 */
export function idsOf(clock: Pick<Clock, 'now'>): Ids {
  let last = 0;
  return {
    next: () => {
      last = Math.max(clock.now(), last + 1);
      const chance = BigInt(`0x${randomBytes(10).toString('hex')}`)
        .toString(36)
        .padStart(16, '0');
      return `${last.toString(36).padStart(9, '0')}${chance}`;
    },
  };
}
