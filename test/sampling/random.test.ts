import { expect, test } from 'vitest';
import { randomSeed } from '../../src/base/numbers.ts';
import { seedRandom, uniform } from '../../src/sampling/random.ts';

/** xoshiro128** in 64-bit integers, from the paper's figure. */
function* reference(words: Uint32Array): Generator<number> {
  const mask = 0xffffffffn;
  const rotl = (x: bigint, k: bigint): bigint => ((x << k) | (x >> (32n - k))) & mask;
  let [a, b, c, d] = Array.from(words, BigInt) as [bigint, bigint, bigint, bigint];
  for (;;) {
    yield Number((rotl((b * 5n) & mask, 7n) * 9n) & mask);
    const t = (b << 9n) & mask;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= t;
    d = rotl(d, 11n);
  }
}

test('the generator is xoshiro128**, two words to a number', () => {
  const state = Uint32Array.of(1, 2, 3, 4);
  const words = reference(state);
  expect(words.next().value).toBe(11520); // the known first output from 1, 2, 3, 4
  const again = reference(state);
  for (let i = 0; i < 1000; i++) {
    const high = again.next().value! >>> 5;
    const low = again.next().value! >>> 6;
    expect(uniform(state)).toBe((high * 2 ** 26 + low) / 2 ** 53);
  }
});

test('seeds that differ in one bit, low or high, give unrelated numbers', () => {
  const firsts = new Set<number>();
  const state = new Uint32Array(4);
  for (let bit = 0; bit < 53; bit++) {
    seedRandom(state, 2 ** bit);
    firsts.add(uniform(state));
  }
  seedRandom(state, 0);
  expect(state.some((word) => word !== 0)).toBe(true);
  firsts.add(uniform(state));
  expect(firsts.size).toBe(54);
  const mean = [...firsts].reduce((a, b) => a + b, 0) / firsts.size;
  expect(Math.abs(mean - 0.5)).toBeLessThan(0.16); // 4 standard deviations
});

test('numbers are uniform in [0, 1)', () => {
  const state = new Uint32Array(4);
  seedRandom(state, 1);
  const bins = new Array<number>(20).fill(0);
  for (let i = 0; i < 40_000; i++) bins[Math.floor(uniform(state) * 20)]!++;
  const chiSquare = bins.reduce((sum, count) => sum + (count - 2000) ** 2 / 2000, 0);
  expect(chiSquare).toBeLessThan(43.8); // 19 degrees of freedom: exceeded once in a thousand seeds
});

test('a drawn seed is one that a caller could give', () => {
  const seeds = Array.from({ length: 20 }, randomSeed);
  for (const seed of seeds) expect(Number.isSafeInteger(seed) && seed >= 0).toBe(true);
  expect(new Set(seeds).size).toBeGreaterThan(10);
});
