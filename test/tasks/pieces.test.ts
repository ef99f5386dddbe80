import { describe, expect, it } from 'vitest';
import { piecesOf, type Piece } from '../../src/tasks/pieces.ts';
import { checkedRandom } from './random_text.ts';

/** A token for each word, each mark, and each three letters of a long word. */
const count = (texts: readonly string[]): Promise<number[]> =>
  Promise.resolve(texts.map((text) => text.match(/[^\s]{1,3}/g)?.length ?? 0));

const whole = (pieces: readonly Piece[]): string => pieces.map(({ before, text }) => before + text).join('');

describe('pieces of a text', () => {
  it.each([
    ['one paragraph', 'A short text.', 100, ['A short text.']],
    ['paragraphs that fit together', 'One.\n\nTwo.\n\nThree is longer.', 4, ['One.\n\nTwo.', 'Three is', 'longer.']],
    ['sentences', 'It rains. It snows a lot. Sun!', 7, ['It rains.', 'It snows a lot.', 'Sun!']],
    ['words', 'aaa bbb ccc ddd', 2, ['aaa bbb', 'ccc ddd']],
    ['a word longer than a piece', 'aaabbbccc', 2, ['aaab', 'bbccc']],
    ['no text', '', 10, []],
  ])('%s', async (_, text, maxTokens, expected) => {
    const pieces = await piecesOf(text, { maxTokens, count });
    expect(pieces.map((piece) => piece.text)).toEqual(expected);
    expect(whole(pieces)).toBe(text);
  });

  it('are the text again, however it is made, and none is too long', async () => {
    for (const text of checkedRandom(60)) {
      for (const maxTokens of [1, 3, 17, 1000]) {
        const pieces = await piecesOf(text, { maxTokens, count });
        expect(whole(pieces)).toBe(text);
        for (const { text: piece } of pieces) {
          expect(piece).toBe(piece.trim());
          expect((await count([piece]))[0]).toBeLessThanOrEqual(maxTokens);
        }
      }
    }
  });

  it('have one line each where lines shall stay', async () => {
    const text = 'a\nb c\n\n  d  \n';
    const pieces = await piecesOf(text, { maxTokens: 100, count, byLine: true });
    expect(pieces.map((piece) => piece.text)).toEqual(['a', 'b c', 'd', '']);
    expect(whole(pieces)).toBe(text);
  });

  it('cut a word without end in few steps, and no character', async () => {
    let nCounted = 0;
    const counting = (texts: readonly string[]) => {
      nCounted += texts.length;
      return count(texts);
    };
    const text = '🙂a'.repeat(5000);
    const pieces = await piecesOf(text, { maxTokens: 50, count: counting });
    expect(whole(pieces)).toBe(text);
    expect(pieces.every((piece) => !/\p{Surrogate}/u.test(piece.text))).toBe(true);
    expect(nCounted).toBeLessThan(1000);
    const blanks = ' '.repeat(200_000); // in a time that grows as the text does
    expect(whole(await piecesOf(`a${blanks}`, { maxTokens: 0, count }))).toBe(`a${blanks}`);
  });
});
