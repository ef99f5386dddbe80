import { describe, expect, it } from 'vitest';
import { promptLookup } from '../../../src/engine/speculative/prompt_lookup.ts';

/** What a fresh drafter guesses after a text. */
function guess(text: readonly number[], n: number): number[] {
  const guesses = new Int32Array(n);
  const nGuessed = promptLookup(64).draft(Int32Array.from(text), guesses) as number;
  return [...guesses.subarray(0, nGuessed)];
}

/** The definition: try every earlier place, keep the longest match of 2 to 16 tokens, the latest among equals. */
function slowGuess(text: readonly number[], n: number): number[] {
  let found = 0;
  let longest = 1;
  for (let place = text.length - 1; place >= 2; place--) {
    let length = 0;
    while (length < Math.min(16, place) && text[place - 1 - length] === text[text.length - 1 - length]) length++;
    if (length > longest) [found, longest] = [place, length];
  }
  const going = [...text];
  for (let i = 0; found > 0 && i < n; i++) going.push(going[found + i]!);
  return going.slice(text.length);
}

describe('prompt lookup', () => {
  it('goes on as after the last place where the same two tokens stood', () => {
    expect(guess([1, 2, 3, 4, 5, 1, 2], 3)).toEqual([3, 4, 5]);
    expect(guess([1, 2, 3, 1, 2, 4, 1, 2], 1)).toEqual([4]);
  });

  it('prefers a longer match to a later one', () => {
    expect(guess([9, 1, 2, 3, 8, 1, 2, 4, 9, 1, 2], 1)).toEqual([3]);
  });

  it('dares nothing where the last two tokens are new, or there are not two', () => {
    expect(guess([1, 2, 3, 4, 5], 3)).toEqual([]);
    expect(guess([1, 2, 1, 3, 2], 3)).toEqual([]);
    expect(guess([1], 3)).toEqual([]);
  });

  it('repeats a period that reaches the end of the text as often as asked', () => {
    expect(guess([7, 1, 2, 3, 1, 2, 3, 1, 2], 7)).toEqual([3, 1, 2, 3, 1, 2, 3]);
    expect(guess([5, 5, 5], 4)).toEqual([5, 5, 5, 5]);
  });

  it('finds in a growing text what a search of the whole text finds', () => {
    let state = 1;
    const random = (n: number) => (state = (state * 48271) % 2147483647) % n;
    const text: number[] = [];
    const drafter = promptLookup(400);
    const guesses = new Int32Array(5);
    let nGuessed = 0;
    while (text.length < 400) {
      for (let i = random(3); i >= 0; i--) text.push(random(12)); // few tokens: matches of every length, few enough places
      const n = drafter.draft(Int32Array.from(text), guesses) as number;
      if (n > 0) nGuessed++;
      expect([...guesses.subarray(0, n)]).toEqual(slowGuess(text, 5));
    }
    expect(nGuessed).toBeGreaterThan(100);
  });

  it('begins anew with a text that is shorter than the last', () => {
    const drafter = promptLookup(64);
    const guesses = new Int32Array(2);
    drafter.draft(Int32Array.of(1, 2, 3, 4, 5, 6, 7, 8), guesses);
    expect(drafter.draft(Int32Array.of(9, 9, 8, 1, 2), guesses)).toBe(0);
    expect(drafter.draft(Int32Array.of(9, 9, 8, 1, 2, 9, 9), guesses)).toBe(2);
    expect([...guesses]).toEqual([8, 1]);
  });

  it('takes time in proportion to the text, also where every token is the same', () => {
    const timeOf = (n: number): number => {
      const text = new Int32Array(n).fill(3);
      const guesses = new Int32Array(7);
      const drafter = promptLookup(n);
      const start = performance.now();
      for (let end = 2; end <= n; end++) drafter.draft(text.subarray(0, end), guesses);
      return performance.now() - start;
    };
    timeOf(2_000);
    const least = (n: number) => Math.min(timeOf(n), timeOf(n), timeOf(n));
    expect(least(32_000) / least(4_000)).toBeLessThan(30); // 8 when linear, 64 when quadratic
  });
});
