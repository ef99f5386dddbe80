import { describe, expect, it } from 'vitest';
import { createPassageSearch, DocumentError, readDocument, withPassages } from '../../apps/chat/src/documents/index.ts';
import { markdownParts } from '../../apps/chat/src/documents/markdown_parts.ts';
import { pageText } from '../../apps/chat/src/documents/pdf_text.ts';
import { passagesOf, spans, textOf } from '../../apps/chat/src/documents/split.ts';
import type { DocumentPart, StoredDocument } from '../../apps/chat/src/storage/index.ts';

/** Documents, up to what a model is given. test/app/pages.test.ts reads PDFs, in browsers. */

const fileOf = (content: string | Uint8Array<ArrayBuffer>, name = 'a.txt') => new File([content], name);
const documentOf = (id: string, parts: readonly DocumentPart[]): StoredDocument => ({
  ...{ id, conversationId: 'c', name: `${id}.txt`, kind: 'text', sizeBytes: 1, createdAt: 1, parts },
});
/** Four letters are a token. */
const countTokens = async (text: string) => Math.ceil(text.length / 4);

describe('reading', () => {
  it('takes texts as UTF-8, as UTF-16 that says so, or as Windows wrote', async () => {
    const text = async (bytes: string | number[]) =>
      (await readDocument(fileOf(typeof bytes === 'string' ? bytes : Uint8Array.from(bytes)))).parts[0]!.text;
    expect(await text('naïve\r\ntext')).toBe('naïve\ntext');
    expect(await text([0xef, 0xbb, 0xbf, 0x61])).toBe('a');
    expect(await text([0xff, 0xfe, 0x61, 0x00])).toBe('a');
    expect(await text([0x6e, 0x61, 0xef, 0x76, 0x65])).toBe('naïve');
  });

  it.each([
    [fileOf('', 'e.txt'), 'e.txt is empty.'],
    [fileOf('  \n', 's.txt'), 's.txt has no text.'],
    [fileOf(Uint8Array.from([80, 75, 3, 4, 0, 0, 0, 0]), 'z.docx'), /z.docx is no text/],
    [Object.defineProperty(fileOf('x', 'big.txt'), 'size', { value: 3e7 }), /big.txt has 29 MB; at most 20 MB/],
  ])('says why a file cannot be read', async (file, message) => {
    const reading = readDocument(file);
    await expect(reading).rejects.toThrow(message);
    await expect(reading).rejects.toBeInstanceOf(DocumentError);
  });

  it('parts Markdown by headings, but not by those in code', () => {
    const parts = markdownParts('intro\n# A\ntext\n## B ##\n```sh\n# no heading\n```\n### C\nc\n## D\nd');
    expect(parts.map(({ place }) => place)).toEqual(['', 'A', 'A › B', 'A › B › C', 'A › D']);
    expect(parts[2]!.text).toBe('## B ##\n```sh\n# no heading\n```');
  });

  it('makes paragraphs of the pieces of a page', () => {
    const piece = (str: string, y: number, hasEOL = true) => ({
      str,
      hasEOL,
      height: 10,
      transform: [1, 0, 0, 1, 0, y],
    });
    const pieces = [
      piece('A line that is bro-', 100),
      piece('ken', 88, false),
      piece('  here', 88),
      piece('Next.', 60),
      piece('Column', 100),
    ];
    expect(pageText(pieces)).toBe('A line that is broken here\n\nNext.\n\nColumn');
  });
});

describe('passages', () => {
  const sentences = Array.from({ length: 200 }, (_, i) => `Sentence number ${i} says something about topic ${i}.`);

  it('are whole sentences that overlap, and hold everything', () => {
    const text = sentences.join(' ');
    const found = spans(text);
    expect(found[0]!.begin).toBe(0);
    expect(found.at(-1)!.end).toBe(text.length);
    for (const [i, { begin, end }] of found.entries()) {
      expect(end - begin).toBeLessThanOrEqual(900);
      expect(text.slice(begin, end)).toMatch(/^Sentence.*\.\s*$/);
      if (i > 0) expect(begin).toBeLessThan(found[i - 1]!.end);
      if (i > 0) expect(begin).toBeGreaterThan(found[i - 1]!.begin);
    }
  });

  it('come out of a text without sentences or words, too', () => {
    for (const text of ['x'.repeat(5000), 'word '.repeat(2000), '\n'.repeat(50) + 'a', '漢'.repeat(3000)]) {
      const found = spans(text);
      expect(found.at(-1)!.end).toBe(text.trimEnd() === text ? text.length : found.at(-1)!.end);
      expect(Math.max(...found.map(({ begin, end }) => end - begin))).toBeLessThanOrEqual(900);
    }
    expect(spans('')).toEqual([]);
  });
});

describe('the choice', () => {
  const filler = (topic: string) =>
    Array.from({ length: 60 }, (_, i) => `The ${topic} has a detail of number ${i}.`).join(' ');
  const book = documentOf('book', [
    { place: 'page 1', text: filler('ocean') },
    { place: 'page 2', text: `${filler('mountain')} The treasure is buried under the old oak. ${filler('river')}` },
    { place: 'page 3', text: filler('desert') },
  ]);
  const { choose } = createPassageSearch();

  it('finds the passage that answers, with its place, within the budget', async () => {
    const sources = await choose('Where is the treasure buried?', [book], { maxTokens: 500, countTokens });
    expect(sources.map(({ place }) => place)).toContain('page 2');
    expect(sources.map(({ text }) => text).join()).toContain('under the old oak');
    const nTokens = await Promise.all(sources.map(({ text }) => countTokens(text)));
    expect(nTokens.reduce((a, b) => a + b)).toBeLessThanOrEqual(500);
    expect(sources[0]).toMatchObject({ documentId: 'book', name: 'book.txt' });
  });

  it('gives all of what fits', async () => {
    const small = documentOf('small', [
      { place: 'A', text: 'One.' },
      { place: 'B', text: 'Two.' },
    ]);
    const sources = await choose('anything', [small], { maxTokens: 100, countTokens });
    expect(sources.map(({ place, text }) => `${place}: ${text}`)).toEqual(['A: One.', 'B: Two.']);
  });

  it('gives something from everywhere for questions about the whole', async () => {
    const sources = await choose('Zusammenfassung bitte', [book], { maxTokens: 1200, countTokens });
    expect(new Set(sources.map(({ place }) => place)).size).toBeGreaterThan(1);
    expect(sources[0]!.place).toBe('page 1');
  });

  it('makes one passage of neighbours, which says nothing twice', async () => {
    const sources = await choose('details of the desert', [book], { maxTokens: 2000, countTokens });
    const desert = sources.filter(({ place }) => place === 'page 3');
    expect(desert).toHaveLength(1);
    expect(new Set(desert[0]!.text.match(/number \d+/g)).size).toBe(desert[0]!.text.match(/number \d+/g)!.length);
  });

  it('knows several documents, and gives nothing where there are none, or no room', async () => {
    const other = documentOf('other', [
      { place: '', text: `${filler('forest')} The password is swordfish. ${filler('lake')}` },
    ]);
    const sources = await choose('what is the password', [book, other], { maxTokens: 300, countTokens });
    expect(sources.some(({ documentId, text }) => documentId === 'other' && text.includes('swordfish'))).toBe(true);
    expect(await choose('x', [], { maxTokens: 300, countTokens })).toEqual([]);
    expect(await choose('x', [book], { maxTokens: 0, countTokens })).toEqual([]);
  });

  it('becomes a prompt that says where each passage stands', () => {
    const source = { documentId: 'd', name: 'd.pdf', place: 'page 2', text: 'T' };
    expect(withPassages('Q?', [source])).toMatch(/\[d.pdf, page 2\]\nT\n\nQuestion: Q\?$/);
    expect(withPassages('Q?', [])).toBe('Q?');
  });
});

describe('a book in one piece', () => {
  const text = 'A sentence stands here. Another one.\n'.repeat(20_000);
  const book = documentOf('book', [{ place: '', text }]);

  it('gives its first passage long before it is read', () => {
    const begin = performance.now();
    const passages = passagesOf([book]);
    passages.next();
    const first = performance.now() - begin;
    for (const _ of passages);
    expect(first).toBeLessThan((performance.now() - begin) / 5);
  });

  it('loses nothing between its passages', () => {
    let end = 0;
    let nWrong = 0;
    for (const passage of passagesOf([book])) {
      if (passage.begin > end || textOf(passage).trim() === '') nWrong++;
      end = passage.end;
    }
    expect(nWrong).toBe(0);
    expect(end).toBe(text.length);
  });
});
