/** Chance that can be had again: the same seed gives the same numbers. */
export interface Chance {
  (): number;
  /** A whole number from 0 to `below` - 1. */
  below(below: number): number;
  of<T>(list: readonly T[]): T;
}

export function chance(seed: number): Chance {
  let state = seed >>> 0;
  const next = (): number => {
    // mulberry32: a counter, stirred
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  return Object.assign(next, { below, of: <T>(list: readonly T[]): T => list[below(list.length)] as T });
}
