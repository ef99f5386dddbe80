/**
 * xoshiro128** 1.1 (Blackman & Vigna, *Scrambled Linear Pseudorandom Number Generators*, 2021): 128 bits of state, period
 * 2^128 - 1, and only 32-bit operations, so every engine draws the same numbers.
 */
import { mixBits } from '../base/numbers.ts';
export type RandomState = Uint32Array; // [4], never all zero

/** Fills the state from a seed in 0 … 2^53 - 1. */
export function seedRandom(state: RandomState, seed: number): void {
  const low = (seed % 2 ** 32) | 0;
  const high = Math.floor(seed / 2 ** 32);
  // Weyl steps of 2^32 / φ keep the four words apart; the mixers are bijections, so they cannot all become zero at once.
  for (let i = 0; i < 4; i++) state[i] = mixBits(mixBits(low + Math.imul(i + 1, 0x9e3779b9)) ^ high);
}

function nextUint32(s: RandomState): number {
  const scrambled = Math.imul(s[1]!, 5);
  const result = Math.imul((scrambled << 7) | (scrambled >>> 25), 9);
  const shifted = s[1]! << 9;
  s[2]! ^= s[0]!;
  s[3]! ^= s[1]!;
  s[1]! ^= s[2]!;
  s[0]! ^= s[3]!;
  s[2]! ^= shifted;
  s[3] = (s[3]! << 11) | (s[3]! >>> 21);
  return result >>> 0;
}

/** Uniform in [0, 1) with 53 random bits. */
export function uniform(state: RandomState): number {
  const high = nextUint32(state) >>> 5;
  const low = nextUint32(state) >>> 6;
  return (high * 2 ** 26 + low) / 2 ** 53;
}
