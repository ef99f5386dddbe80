import { describe, expect, it } from 'vitest';
import { TextIndex, Texts } from '../../src/base/texts.ts';

const utf8 = (text: string) => new TextEncoder().encode(text);

describe('texts in one buffer', () => {
  const strings = ['', 'a', 'Ġthe', '\ufeff', '語', 'a', 'x'.repeat(1000), ''];
  const texts = Texts.of(strings);

  it('are the strings that they were made of', () => {
    expect([...texts]).toEqual(strings);
    expect([texts.length, texts.at(4), texts.nBytes(4)]).toEqual([8, '語', 3]);
    expect([texts.at(-1), texts.at(8)]).toEqual([undefined, undefined]);
    expect([...texts.bytesAt(1)]).toEqual([...utf8('a')]);
    expect([...Texts.of([])]).toEqual([]);
  });

  it('become text with U+FFFD where they are no UTF-8', () => {
    const bytes = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, 0xe2, 1, 0, 0, 0, 0, 0, 0, 0, 0x41);
    expect([...new Texts(bytes, Uint32Array.of(9, 18))]).toEqual(['\ufffd', 'A']);
  });

  it('are found by their bytes, the first of equals', () => {
    const index = new TextIndex(texts);
    expect(strings.map((text) => index.get(text))).toEqual([0, 1, 2, 3, 4, 1, 6, 0]);
    expect(['b', 'Ġth', 'Ġthey', '誠', 'x'.repeat(999)].map((text) => index.get(text))).toEqual(
      Array(5).fill(undefined),
    );
    expect(index.find(utf8('aĠ'), 1)).toBe(1);
    expect(index.find(utf8('aĠ'), 2)).toBe(-1);
    expect(new TextIndex(Texts.of([])).get('')).toBe(undefined);
  });

  it('can be hidden from an index', () => {
    const index = new TextIndex(texts, (i) => i !== 1 && i !== 4);
    expect(['a', '語', 'Ġthe'].map((text) => index.get(text))).toEqual([5, undefined, 2]);
  });

  it('are found among many, and texts that are not there are not', () => {
    const many = Array.from({ length: 30_000 }, (_, i) => `piece ${i * 7919}`);
    const index = new TextIndex(Texts.of(many));
    expect(many.every((text, i) => index.get(text) === i)).toBe(true);
    expect(many.every((text) => index.get(`${text}.`) === undefined)).toBe(true);
  });

  it('that are all alike take no longer than others', () => {
    const startMs = performance.now();
    expect(new TextIndex(Texts.of(Array(200_000).fill('same'))).get('same')).toBe(0);
    expect(performance.now() - startMs).toBeLessThan(5000);
  });
});
