import { describe, expect, it } from 'vitest';
import { wholeBlocks } from '../../apps/chat/src/markdown/blocks.ts';
import { growingBlocks } from '../../apps/chat/src/markdown/growing.ts';
import { followable, htmlMaker } from '../../apps/chat/src/markdown/html.ts';
import { mended } from '../../apps/chat/src/markdown/mend.ts';

/** Markdown up to its HTML; test/app/pages.test.ts looks at what is then in the page. */

const maker = htmlMaker({ copy: 'Copy', copied: 'Copied', code: 'code', table: 'Table' });
const htmlOf = (blocks: ReturnType<typeof wholeBlocks>) => blocks.map(({ token }) => maker.html(token)).join('\n');
const whole = (text: string) => htmlOf(wholeBlocks(text));
const open = (text: string) => htmlOf(growingBlocks().update(text).blocks as ReturnType<typeof wholeBlocks>);

const sample = `# Title

A paragraph with **bold**, *slanted*, \`code\` and [a link](https://example.org/a_b).
It has two lines, and a price of $5, or $6.

1. one
   with more

2. two
   \`\`\`js
   const a = 1;
   \`\`\`
3. three

- [ ] to do
- [x] done
  - nested

> said **by**
> somebody

| a | b |
|:--|--:|
| 1 | \`x|y\` |

$$
x = \\frac{1}{2}
$$

So $a^2 + b^2 = c^2$ and \\(e^{i\\pi}\\).

\`\`\`python
def f():

    return "\`\`\`"
\`\`\`

Setext
======

The end.`;

describe('a whole text', () => {
  it('becomes HTML with headings below the page, cells, formulas and code', () => {
    const html = whole(sample);
    for (const part of [
      '<h3 dir="auto">Title</h3>',
      '<strong>bold</strong>',
      '<a href="https://example.org/a_b" title="https://example.org/a_b">a link</a>',
      'a price of $5, or $6.',
      '<th scope="col" class="md-right" dir="auto">b</th>',
      '☐ to do',
      '<span class="md-math md-math-block" dir="ltr" data-tex="x = \\frac{1}{2}">',
      'data-tex="a^2 + b^2 = c^2"',
      'data-tex="e^{i\\pi}"',
      '<pre><code data-language="python">def f():',
      '<pre><code data-language="js">const a = 1;</code></pre>',
      '<h3 dir="auto">Setext</h3>',
    ])
      expect(html).toContain(part);
  });

  it.each([['I paid $5 and then 10$ more.'], ['$ 5 $'], ['a $5 b $6'], ['US$5 to US$10'], ['`$x$`'], ['\\$x\\$']])(
    'takes no price for a formula: %s',
    (text) => {
      expect(whole(text)).not.toContain('md-math');
    },
  );

  it.each([
    ['<img src=x onerror=alert(1)>', /&lt;img/],
    ['<script>alert(1)</script>', /&lt;script/],
    ['text <b onclick=x>bold</b>', /&lt;b onclick/],
    ['text <style>*{}</style>', /&lt;style/],
    ['H<sub>2</sub>O<br>x', /H<sub>2<\/sub>O<br>x/],
    ['[x](javascript:alert(1))', /^<p dir="auto">x<\/p>$/],
    ['[x](JAVASCRIPT&colon;alert)', /^<p dir="auto">x<\/p>$/],
    ['[x](data:text/html,hi)', /^<p dir="auto">x<\/p>$/],
    ['[x](/relative)', /^<p dir="auto">x<\/p>$/],
    ['![alt](https://evil.example/p.png)', /<a class="md-image" href="https:\/\/evil.example\/p.png"[^>]*>alt<\/a>/],
    ['![alt](x.png)', /<span class="md-image">alt<\/span>/],
    ['```"><img src=x>\nx\n```', /data-language="&quot;&gt;&lt;img"/],
    ['$"><img src=x>$', /data-tex="&quot;&gt;&lt;img src=x&gt;"/],
    ['<https://example.org/"onmouseover="x>', /href="https:\/\/example.org\/%22onmouseover=%22x"/],
  ])('lets no HTML and no other addresses through: %s', (text, html) => {
    expect(whole(text)).toMatch(html);
    expect(whole(text)).not.toMatch(/<(img|script|style|b onclick)/i);
  });

  it('knows which links may be followed', () => {
    const links = ['http://a.org', 'https://a.org', 'mailto:a@b.org', 'ftp://a', 'blob:x', 'file:///x', '//a.org', ''];
    expect(links.map((href) => followable(href) !== undefined)).toEqual([
      true,
      true,
      true,
      false,
      false,
      false,
      false,
      false,
    ]);
  });

  it('survives any nesting', () => {
    for (const text of ['>'.repeat(5000), '- '.repeat(3000), '['.repeat(20_000), '**a '.repeat(5000), '<'.repeat(9000)])
      expect(whole(text).length).toBeGreaterThan(0);
  });
});

describe('a text that is all marks', () => {
  it.each(['*a', '_a', '**a '])('takes time as its length does: %s', (piece) => {
    const begin = performance.now();
    expect(whole(piece.repeat(30_000)).length).toBeGreaterThan(30_000);
    open(piece.repeat(10_000));
    expect(performance.now() - begin).toBeLessThan(2500);
  });

  it('is a table of so many columns that no browser lays it out', () => {
    const row = (cell: string) => `${cell.repeat(200)}|`;
    expect(whole([row('|a'), row('|-'), row('|b')].join('\n'))).toMatch(/^<pre><code>\|a/);
  });
});

describe('a text that grows', () => {
  it.each([1, 3, 7, 50])('ends as the whole text, in pieces of %i characters', (step) => {
    const growing = growingBlocks();
    let shown = '';
    for (let end = step; end < sample.length + step; end += step)
      shown = htmlOf(growing.update(sample.slice(0, end)).blocks as ReturnType<typeof wholeBlocks>);
    expect(shown).toBe(whole(sample));
  });

  it('keeps what is before the last two blocks, and parses that no more', () => {
    const growing = growingBlocks();
    const text = Array.from({ length: 100 }, (_, i) => `Paragraph ${i}.`).join('\n\n');
    const first = growing.update(text);
    const second = growing.update(`${text} More.`);
    expect(second.nKept).toBe(98);
    expect(second.blocks.slice(0, 98).every((block, i) => block === first.blocks[i])).toBe(true);
  });

  it('starts anew with another text', () => {
    const growing = growingBlocks();
    growing.update('one\n\ntwo\n\nthree\n\nfour');
    const { blocks, nKept } = growing.update('other');
    expect([blocks.length, nKept]).toEqual([1, 0]);
  });

  it.each([
    ['a list', '', (i: number) => `${i + 1}. item ${i} with words\n`, /<li /g],
    ['a table', '| a | b |\n|---|---|\n', (i: number) => `| item ${i} | with words |\n`, /<td dir="auto">item/g],
    ['code', '```js\n', (i: number) => `item(${i}); // with words\n`, /item/g],
    ['a paragraph', '', (i: number) => `item ${i} with words `, /item/g],
  ])('is parsed in parts where it is very long, and loses nothing: %s', (_, begin, unit, item) => {
    const growing = growingBlocks();
    let text = begin;
    let parsed = 0;
    for (let i = 0; i < 1000; i++) {
      text += unit(i);
      if (i % 50 < 49) continue;
      const { blocks, nKept } = growing.update(text);
      const html = htmlOf(blocks as ReturnType<typeof wholeBlocks>);
      expect(html.match(item)).toHaveLength(i + 1);
      parsed = blocks.slice(nKept).reduce((sum, { raw, token }) => sum + (token.type === 'code' ? 0 : raw.length), 0);
    }
    expect(parsed).toBeLessThan(8000);
    const ended = growing.update(`${text}${begin === '```js\n' ? '```\n' : ''}\n\nThe end.\n\nReally.`);
    expect(ended.blocks.at(-1)!.raw).toBe('Really.');
    expect(htmlOf(ended.blocks as ReturnType<typeof wholeBlocks>).match(item)).toHaveLength(1000);
  });

  it('goes on counting where a list was cut', () => {
    const growing = growingBlocks();
    const list = Array.from({ length: 1000 }, (_, i) => `${i + 1}. item ${i} with words`).join('\n');
    growing.update(list.slice(0, 9000));
    const html = htmlOf(growing.update(list).blocks as ReturnType<typeof wholeBlocks>);
    const starts = [...html.matchAll(/<ol(?: start="(\d+)")? dir="auto"><li dir="auto">item (\d+)/g)];
    expect(starts.length).toBeGreaterThan(1);
    for (const [, start = '1', item] of starts) expect(Number(start)).toBe(Number(item) + 1);
  });

  it.each([
    ['a **bold', '<p dir="auto">a <strong>bold</strong></p>'],
    ['a **bold*', '<p dir="auto">a <strong>bold</strong></p>'],
    ['a **', '<p dir="auto">a </p>'],
    ['an *it', '<p dir="auto">an <em>it</em></p>'],
    ['2 * 3', '<p dir="auto">2 * 3</p>'],
    ['say `co', '<p dir="auto">say <code dir="ltr">co</code></p>'],
    ['see [the page](https://exam', '<p dir="auto">see the page</p>'],
    ['text\n-', '<p dir="auto">text</p>'],
    ['text\n=', '<p dir="auto">text</p>'],
    ['text\n``', '<p dir="auto">text</p>'],
    ['text\n\n#', '<p dir="auto">text</p>'],
    ['so \\(a + b', '<p dir="auto">so </p>'],
  ])('looks as it will: %s', (text, html) => {
    expect(open(text)).toBe(html);
  });

  it('shows an open fence as code, without the beginning of its end', () => {
    expect(open('```py\na = 1\n``')).toBe('<pre><code data-language="py">a = 1</code></pre>');
    expect(open('```py\na = "**x"')).toContain('a = &quot;**x&quot;');
  });

  it('shows a table from its first row on', () => {
    const table = (head: string) => expect.stringMatching(new RegExp(`<table><thead><tr>${head}</tr></thead></table>`));
    expect(open('| a | b')).toEqual(table('<th .*>a</th><th .*>b</th>'));
    expect(open('| a | b |\n|-')).toEqual(table('<th .*>a</th><th .*>b</th>'));
    expect(open('| a | b |\n|---|---|\n| 1')).toContain('<td dir="auto">1</td><td dir="auto"></td>');
  });

  it('shows an open formula apart', () => {
    expect(open('$$\nx = 1')).toContain('md-math-block md-math-open');
    expect(open('text\n\n\\[ x = ')).toContain('md-math-open');
    expect(whole('$$\nx = 1')).not.toContain('md-math');
  });

  it('changes nothing that is written already when it mends the end', () => {
    for (let end = 0; end <= sample.length; end++) {
      const text = sample.slice(0, end);
      const begin = text.slice(0, Math.max(0, text.lastIndexOf('\n\n')));
      expect(mended(text).startsWith(begin)).toBe(true);
    }
  });
});
