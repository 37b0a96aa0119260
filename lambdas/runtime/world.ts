import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock, Ids } from '../domain/ports.ts';

export const systemClock: Clock = {
  now: Date.now,
  sleep: async (milliseconds) => {
    await sleep(milliseconds);
  },
};

/** Nine characters of time, sixteen of chance: 80 bits of chance make a collision within a millisecond no concern. */
export const idsOf = (clock: Pick<Clock, 'now'>): Ids => ({
  next: () => {
    const time = clock.now().toString(36).padStart(9, '0');
    const chance = BigInt(`0x${randomBytes(10).toString('hex')}`).toString(36).padStart(16, '0');
    return `${time}${chance}`;
  },
});
