import { join } from 'node:path';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { appConfig, root } from '../../scripts/app/config.mjs';
import { absence, browsers, openPage, type Page } from '../browser/browsers.ts';
import { pdfOf } from './pdf_file.ts';

/** What lies under the chat, in browsers and under the page's policy: text in the page, IndexedDB, PDF files. */

const site = 'apps/dist/test-modules';
beforeAll(async () => {
  const config = appConfig('chat', { name: '', files: [], sizeBytes: 0 });
  const folders = { outDir: join(root, site), emptyOutDir: true };
  await build({
    ...config,
    root: join(root, 'test/app/modules'),
    publicDir: false,
    build: { ...config.build, ...folders },
  });
});

const sample = [
  'Some `code` and $a^2$ and \\(b\\).',
  '$$\n\\frac{1}{2}\n$$',
  '```python\ndef f(x):\n    return "a" # c\n```',
  '1. step\n   ```js\n   const a = 1;\n   ```',
  '| a | b |\n|--|--:|\n| 1 | 2 |',
  '$\\href{https://evil.example}{x}$ $\\frac{1$',
].join('\n\n');
const wanted = [
  '.md-math math',
  '.md-math-block math mfrac',
  '.hljs-keyword',
  'li .hljs-keyword',
  '.md-table td.md-right',
];

for (const browser of [browsers.chromium, browsers.firefox, browsers.webkit]) {
  const missing = absence(browser);
  describe.skipIf(missing)(missing ? `${browser.name} (skipped: ${missing})` : browser.name, () => {
    let page: Page;
    beforeAll(async () => void (page = await openPage(browser, { site, isolated: false })));
    afterAll(() => page?.close());

    it.each([1, 12])('shows formulas, code and tables, in %i pieces', async (nPieces) => {
      const { html, isEmpty, violations } = (await page.ask('show', sample, nPieces, wanted)) as {
        html: string;
        isEmpty: boolean;
        violations: string[];
      };
      expect(html).toMatch(/<figcaption class="md-code-head"><span class="md-code-language">python<\/span><button/);
      expect(html).toContain('<span class="hljs-string">"a"</span>');
      expect(html).not.toMatch(/<a |href=/);
      expect(html).toContain('<code>\\frac{1</code>'); // cannot be drawn
      expect(violations).toEqual([]);
      expect(isEmpty).toBe(true);
    });

    it('lets nothing of a hostile text into the page', async () => {
      const hostile = [
        '<img src=x onerror="window.hacked=1"><svg onload=alert(1)><iframe src=//evil>',
        '[a](javascript:alert(1)) ![i](https://evil.example/i.png) <a href="https://evil" onclick="x">b</a>',
        '$\\htmlData{a=b}{x}$ $\\includegraphics{https://evil.example/a.png}$ $\\text{<img src=x>}$',
        '```html\n<script>alert(1)</script>\n```',
        '<details open ontoggle=alert(1)><summary>x</summary></details>',
      ].join('\n\n');
      const { html } = (await page.ask('show', hostile, 5, [])) as { html: string };
      expect(html).not.toMatch(/<(img|svg|iframe|script|details|object|style|input|form)\b/i);
      expect(html.replaceAll(/&lt;.*?&gt;/g, '')).not.toMatch(/\son\w+=/i);
      const links = [...html.matchAll(/<a [^>]*>/g)].map(([link]) => link);
      expect(links).toHaveLength(1);
      expect(links[0]).toMatch(/href="https:\/\/evil.example\/i.png"/);
      expect(links[0]).toMatch(/target="_blank"/);
      expect(links[0]).toMatch(/rel="noopener noreferrer nofollow"/);
    });

    it('keeps what is in the page while the text grows, and copies code', async () => {
      const { isSteady, texts } = (await page.ask('steady')) as { isSteady: boolean; texts: string[] };
      expect(isSteady).toBe(true);
      expect(texts).toEqual(['One two', 'jsCopyconst a = 1;', 'More and more', 'End']);
      expect(await page.ask('copy')).toEqual({ copied: 'a = "<b>"', said: 'Copied' });
    });

    it('keeps conversations in IndexedDB, and two tabs hear of each other', async () => {
      const kept = (await page.ask('storage')) as Record<string, any>;
      expect(kept).toMatchObject({ isKept: true, bytes: [1, 2, 3], found: 1 });
      expect(kept['meanwhile']).toEqual(['whole: text of m', 'growing: half']);
      expect(kept['heard']).toEqual(['message a true']);
      expect(kept['exported'].conversations[0].messages).toHaveLength(2);
    });

    it('finds an answer that was interrupted as far as it came', async () => {
      expect(await page.ask('begin')).toEqual(['whole: text of m', 'growing: as far as it came']);
      await page.ask('reload');
      expect(await page.ask('messages')).toEqual(['whole: text of m', 'interrupted: as far as it came']);
    });

    it('says that a newer version is needed', async () => {
      await expect(page.ask('newer')).rejects.toThrow(
        expect.objectContaining({ name: 'StorageError', message: expect.stringMatching(/^blocked: A newer version/) }),
      );
    });

    it('reads PDF files, and says why it cannot', async () => {
      const pdf = pdfOf(['The first page has a hy-\nphen and more.', 'The second page.']);
      expect(await page.ask('read', 'a.pdf', [...pdf])).toEqual({
        kind: 'pdf',
        parts: [
          { place: 'page 1', text: 'The first page has a hyphen and more.' },
          { place: 'page 2', text: 'The second page.' },
        ],
        progress: ['1/2', '2/2'],
        violations: [],
      });
      const broken = new TextEncoder().encode('%PDF-1.4\nnothing');
      await expect(page.ask('read', 'b.pdf', [...broken])).rejects.toThrow(/b.pdf is damaged, or no PDF/);
      await expect(page.ask('read', 'c.pdf', [...pdfOf([''])])).rejects.toThrow(
        /c.pdf has pictures of pages and no text/,
      );
    });
  });
}

const median = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1]!;

describe.skipIf(absence(browsers.chromium))('a long answer', () => {
  let page: Page;
  beforeAll(async () => void (page = await openPage(browsers.chromium, { site, isolated: false })));
  afterAll(() => page?.close());

  it.each([
    ['paragraphs', '', 'A sentence with **bold** words, `code` and a few more of them to read.\n\n', 1500],
    ['a list', '', '- An item with **bold** words, `code` and a few more of them to read.\n', 1500],
    ['code', '```js\n', '    const aName = anotherName("text") + 12345; // words of a comment\n', 2000],
    ['one paragraph', '', 'Words that go on and on without an end and *never* stop. ', 1800],
    ['a table', '| a | b |\n|---|---|\n', '| some words in a cell of it | more **words** in another |\n', 1700],
  ])('of 20,000 words costs as much at its end as at its beginning: %s', async (_, begin, unit, nUnits) => {
    const long = (await page.ask('long', begin, unit, nUnits)) as { nWords: number; takenMs: number[] };
    expect(long.nWords).toBeGreaterThan(15_000);
    const quarter = long.takenMs.length >> 2;
    const [first, last] = [long.takenMs.slice(0, quarter), long.takenMs.slice(-quarter)].map(median);
    expect(last).toBeLessThan(3 * first! + 10); // parsing all of it again takes 20 times as long
  });
});
