import { expect, test } from 'vitest';
import { createMerger, type MergeTable } from '../../src/tokenizers/merge.ts';
import { cachePairs } from '../../src/tokenizers/pair_cache.ts';
import { seeded } from './vocabs.ts';

/** The definition: look at all neighbours, join the best pair, the leftmost of equals, start over. */
function mergeByDefinition(symbols: number[], { find, rank, joined }: MergeTable): number[] {
  for (;;) {
    let best = -1;
    for (let i = 0; i + 1 < symbols.length; i++) {
      const pair = find(symbols[i]!, symbols[i + 1]!);
      if (pair >= 0 && (best < 0 || rank[pair]! < rank[find(symbols[best]!, symbols[best + 1]!)]!)) best = i;
    }
    if (best < 0) return symbols;
    symbols = symbols.with(best, joined[find(symbols[best]!, symbols[best + 1]!)]!).toSpliced(best + 1, 1);
  }
}

/** Random pairs of `nSymbols` symbols; several pairs share a rank and a result. */
function randomTable(random: () => number, nSymbols: number): MergeTable {
  const pick = (n: number): number => Math.floor(random() * n);
  const index = new Map<string, number>();
  for (let i = 0; i < nSymbols * 3; i++) index.set(`${pick(nSymbols)} ${pick(nSymbols)}`, i);
  return {
    find: (left, right) => index.get(`${left} ${right}`) ?? -1,
    rank: Int32Array.from({ length: nSymbols * 3 }, () => pick(nSymbols)),
    joined: Int32Array.from({ length: nSymbols * 3 }, () => pick(nSymbols)),
  };
}

test('merging with a heap gives what the definition gives', () => {
  const random = seeded(3);
  for (let round = 0; round < 300; round++) {
    const table = randomTable(random, 3 + Math.floor(random() * 8));
    const symbols = Array.from({ length: Math.floor(random() * 60) }, () => Math.floor(random() * 6));
    const merged = Int32Array.from(symbols);
    const n = createMerger(table)(merged, symbols.length);
    expect([...merged.subarray(0, n)], symbols.join(' ')).toEqual(mergeByDefinition(symbols, table));
  }
});

test('a word longer than the shared scratch area merges like any other', () => {
  const table = randomTable(seeded(5), 9);
  const symbols = Array.from({ length: 1500 }, (_, i) => (i * 7) % 5);
  const merged = Int32Array.from(symbols);
  const n = createMerger(table)(merged, symbols.length);
  expect([...merged.subarray(0, n)]).toEqual(mergeByDefinition(symbols, table));
});

test('a pair cache answers as the function behind it, asked once per pair until it is full', () => {
  let asked = 0;
  const answer = (left: number, right: number): number => ((left * 31 + right) % 7) - 1;
  const find = cachePairs((left, right) => (asked++, answer(left, right)));
  const wrong: string[] = [];
  for (let round = 0; round < 2; round++) {
    for (let left = 0; left < 200; left++) {
      for (let right = 0; right < 300; right++) {
        if (find(left, right) !== answer(left, right)) wrong.push(`${left} ${right}`);
      }
    }
  }
  expect(wrong).toEqual([]);
  expect(asked).toBe(200 * 300);
  for (let left = 0; left < 70_000; left++) find(left, 1_000_000);
  expect(find(3, 5)).toBe(answer(3, 5));
  expect(asked).toBe(200 * 300 + 70_000 + 1);
});
