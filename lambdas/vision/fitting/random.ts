/** Random numbers from a seed, so that the same pictures and the same seed give the same model. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** A whole number in [0, below). */
  below(limit: number): number;
  /** Normally distributed, mean 0, deviation 1. */
  normal(): number;
}

/** The generator "mulberry32": 32 bits of state are plenty for shuffles and first weights. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    next,
    below: (limit) => Math.floor(next() * limit),
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
  };
}

/** @returns the items in random order; the given list stays as it is */
export function shuffled<T>(items: readonly T[], random: Random): T[] {
  const pool = [...items];
  const order: T[] = [];
  while (pool.length > 0) {
    const at = random.below(pool.length);
    const last = pool.length - 1;
    const picked = pool[at] as T;
    pool[at] = pool[last] as T;
    pool.length = last;
    order.push(picked);
  }
  return order;
}
