import { describe, expect, it } from 'vitest';
import { edited, editsBetween, shareKept, typeOf } from '../../src/tasks/edits.ts';
import { checkedRandom } from './random_text.ts';

describe('edits between a text and its correction', () => {
  it('make the one of the other, whatever they are', () => {
    const texts = [...checkedRandom(40)];
    for (const [i, text] of texts.entries()) {
      const other = texts[(i * 7 + 3) % texts.length]!;
      const edits = editsBetween(text, other);
      expect(edited(text, edits)).toBe(other);
      expect(editsBetween(text, text)).toEqual([]);
      for (const [j, { start, end }] of edits.entries()) {
        expect(start).toBeGreaterThanOrEqual(edits[j - 1]?.end ?? 0);
        expect(end).toBeGreaterThanOrEqual(start);
      }
    }
  });

  it.each([
    ['I seen him.', 'I saw him.', 'seen', 'saw', 'grammar'],
    ['I recieve it.', 'I receive it.', 'recieve', 'receive', 'spelling'],
    ['we met Tom', 'We met Tom', 'we', 'We', 'capitalization'],
    ['Hello Tom', 'Hello, Tom', '', ',', 'punctuation'],
    ['He go home', 'He goes home', 'go', 'goes', 'grammar'],
    ['He is at Paris', 'He is in Paris', 'at', 'in', 'preposition'],
    ['She is doctor', 'She is a doctor', '', 'a ', 'missing-words'],
  ])('%s → %s', (text, corrected, from, to, type) => {
    const [edit, ...others] = editsBetween(text, corrected);
    expect(others).toEqual([]);
    expect([text.slice(edit!.start, edit!.end), edit!.replacement]).toEqual([from, to]);
    expect(typeOf(text, edit!)).toBe(type);
  });

  it('tells a correction from another text', () => {
    expect(shareKept('She go to school every day.', 'She goes to school every day.')).toBeGreaterThan(0.8);
    expect(shareKept('She go to school every day.', 'I am happy to help you with that!')).toBeLessThan(0.3);
  });
});
