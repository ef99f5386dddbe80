import { expect, test } from 'vitest';
import { createPieceSearch } from '../../src/tokenizers/piece_search.ts';
import { seeded } from './vocabs.ts';

const found = (pieces: readonly string[], text: string): [number, number][] => {
  const all: [number, number][] = [];
  createPieceSearch(pieces)(text, (at, piece) => all.push([at, piece]));
  return all;
};

/** The definition: at each place, from the last to the first, the longest piece, and of two alike the first. */
function definition(pieces: readonly string[], text: string): [number, number][] {
  const all: [number, number][] = [];
  for (let at = text.length - 1; at >= 0; at--) {
    let best = -1;
    pieces.forEach((piece, i) => {
      if (piece !== '' && text.startsWith(piece, at) && piece.length > (pieces[best]?.length ?? 0)) best = i;
    });
    if (best >= 0) all.push([at, best]);
  }
  return all;
}

test('finds the longest piece at each place', () => {
  expect(found(['ab', 'abc', 'b', 'ab', ''], 'xabcab')).toEqual([
    [5, 2],
    [4, 0],
    [2, 2],
    [1, 1],
  ]);
  expect(found([], 'abc')).toEqual([]);
  expect(found(['', 'aaaa'], 'aaa')).toEqual([]);
});

test('agrees with its definition on pieces that overlap in every way', () => {
  const random = seeded(5);
  const word = (n: number) =>
    Array.from({ length: Math.floor(random() * n) }, () => 'ab😀'[Math.floor(random() * 4)]).join('');
  let nFound = 0;
  for (let i = 0; i < 2000; i++) {
    const pieces = Array.from({ length: Math.floor(random() * 8) }, () => word(7));
    const text = word(40);
    const expected = definition(pieces, text);
    expect(found(pieces, text), JSON.stringify([pieces, text])).toEqual(expected);
    nFound += expected.length;
  }
  expect(nFound).toBeGreaterThan(5000);
});
