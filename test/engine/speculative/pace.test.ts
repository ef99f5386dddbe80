import { describe, expect, it } from 'vitest';
import { measuredPace, steadyPace, type Pace } from '../../../src/engine/speculative/pace.ts';

/** How many guesses each step made, and how many tokens came per time that a step without guesses takes. */
interface Simulation {
  readonly lengths: readonly number[];
  readonly speed: number;
}

/** Runs steps on a machine that takes `ms(n)` for n guesses, with a text where `hits` tells what comes true. */
function simulate(
  pace: Pace,
  nSteps: number,
  ms: (n: number) => number,
  hits: () => boolean,
  isFree = true,
): Simulation {
  let nTokens = 0;
  let totalMs = 0;
  const lengths = Array.from({ length: nSteps }, () => {
    const n = pace.length(7);
    const nSeen = n === 0 && isFree ? 1 : n; // a free guess is looked at even when it is not verified
    let nHits = 0;
    for (let hit = true; hit && nHits < nSeen; nHits += hit ? 1 : 0) pace.seen((hit = hits()));
    pace.ran(n, ms(n));
    nTokens += 1 + Math.min(n, nHits);
    totalMs += ms(n);
    return n;
  });
  return { lengths, speed: (nTokens / totalMs) * ms(0) };
}

/** True in `share` of the calls, spread like a random number's. */
function often(share: number): () => boolean {
  let state = 12345;
  return () => (state = (state * 48271) % 2147483647) / 2147483647 < share;
}

const mean = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0) / numbers.length;

describe('the measured pace', () => {
  const cheap = (n: number) => 10 + n; // weights are the bottleneck
  const dear = (n: number) => 10 * (1 + n); // arithmetic is

  it('makes long guesses where they come true and cost little', () => {
    const { lengths, speed } = simulate(measuredPace(7, true), 200, cheap, often(0.95));
    expect(mean(lengths.slice(50))).toBeGreaterThan(5);
    expect(speed).toBeGreaterThan(3);
  });

  it('makes short guesses where half of them come true', () => {
    const { lengths, speed } = simulate(measuredPace(7, true), 400, cheap, often(0.5));
    expect(mean(lengths)).toBeGreaterThan(0.8);
    expect(mean(lengths)).toBeLessThan(4);
    expect(speed).toBeGreaterThan(1.3);
  });

  it.each([true, false])('loses next to nothing where a guess costs as much as a step (free: %s)', (isFree) => {
    const { speed } = simulate(measuredPace(7, isFree), 500, dear, often(0.6), isFree);
    expect(speed).toBeGreaterThan(0.95);
  });

  it.each([true, false])('loses next to nothing where nothing comes true (free: %s)', (isFree) => {
    const { speed } = simulate(measuredPace(7, isFree), 500, cheap, often(0), isFree);
    expect(speed).toBeGreaterThan(0.97);
  });

  it('finds the lengths that pay on a machine whose steps cost by tiles of four', () => {
    const tiles = (n: number) => (n === 0 ? 10 : 20 * Math.ceil((1 + n) / 4));
    const { lengths, speed } = simulate(measuredPace(7, true), 500, tiles, often(0.98));
    expect(lengths.slice(100).filter((n) => n === 3 || n === 7).length).toBeGreaterThan(300);
    expect(speed).toBeGreaterThan(1.6); // at best 1.9
  });

  it('starts again when the text becomes one that can be guessed', () => {
    let copies = false;
    const pace = measuredPace(7, true);
    simulate(pace, 200, cheap, () => copies);
    copies = true;
    expect(mean(simulate(pace, 60, cheap, () => copies).lengths.slice(30))).toBeGreaterThan(5);
  });

  it('measures a step without guesses now and then', () => {
    const { lengths } = simulate(measuredPace(7, true), 300, cheap, often(1));
    expect(lengths.slice(0, 4)).toEqual([0, 0, 0, 0]);
    expect(lengths.slice(100).filter((n) => n === 0).length).toBeGreaterThanOrEqual(2);
  });
});

describe('the steady pace', () => {
  it('guesses what fits', () => {
    expect(steadyPace(5).length(9)).toBe(5);
    expect(steadyPace(5).length(2)).toBe(2);
  });
});
