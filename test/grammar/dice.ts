/** Numbers that look random, and are the same in every run. */
export interface Dice {
  /** A whole number from 0 to n - 1. */
  below(n: number): number;
}

/** mulberry32. */
export function seeded(seed: number): Dice {
  let state = seed;
  return {
    below(n) {
      state = (state + 0x6d2b79f5) | 0;
      let t = Math.imul(state ^ (state >>> 15), 1 | state);
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
      return ((t ^ (t >>> 14)) >>> 0) % n;
    },
  };
}
