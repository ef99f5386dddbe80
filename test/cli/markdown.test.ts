import { describe, expect, it } from 'vitest';
import type { SaidPart } from 'thimble';
import { AnswerText } from '../../apps/cli/markdown/answer.ts';
import { widthOf } from '../../apps/cli/markdown/cells.ts';

interface Shown {
  readonly rows: string[];
  /** Rows that were handed over as done, after each piece. */
  readonly done: string[][];
}

const said = (text: string): SaidPart => ({ type: 'text', text });
const thought = (text: string): SaidPart => ({ type: 'thinking', text });

/** The rows of an answer that comes in these pieces. */
function show(pieces: readonly (string | SaidPart)[], { columns = 60, hasStyles = false } = {}): Shown {
  const answer = new AnswerText({ columns: () => columns, hasStyles });
  const rows: string[] = [];
  const done: string[][] = [];
  for (const piece of pieces) {
    rows.push(...answer.push(typeof piece === 'string' ? said(piece) : piece).done);
    done.push([...rows]);
  }
  const last = answer.finish();
  expect(last.open.filter((row) => row !== '')).toEqual([]);
  rows.push(...last.done);
  return { rows, done };
}

const rowsOf = (text: string, options: { columns?: number; hasStyles?: boolean } = {}) => show([text], options).rows;

/** Random numbers below n, always the same. */
function dice(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}

function cut(text: string, roll: (n: number) => number): string[] {
  const pieces: string[] = [];
  for (let at = 0; at < text.length;) {
    const end = at + 1 + roll(roll(4) === 0 ? 40 : 6);
    pieces.push(text.slice(at, end));
    at = end;
  }
  return pieces;
}

const snippets = [
  ...[
    '**',
    '*',
    '__',
    '_',
    '`',
    '``',
    '~~',
    '\\',
    '\\*',
    '[',
    '](',
    ')',
    '[a](http://b.c/d_e)',
    '![x](y)',
    '<',
    '>',
    '<br>',
    '&lt;',
    '&',
  ],
  ...[
    'word',
    'a',
    ' ',
    '  ',
    '    ',
    '\n',
    '\n\n',
    '\n\n\n',
    'hello world',
    'snake_case_name',
    '2*3*4',
    '# ',
    '## ',
    '- ',
    '* ',
    '1. ',
  ],
  ...[
    '> ',
    '>> ',
    '```',
    '```js\n',
    '```\n',
    '~~~',
    '| a | b |',
    '|---|---|',
    '| c | d |\n',
    '|',
    '---',
    '***',
    '- [ ] ',
    '- [x] ',
  ],
  ...[
    '世界',
    '😀',
    '👩‍👩‍👧',
    'e\u0301',
    '\u200d',
    '🇫🇷',
    '\t',
    '\r\n',
    '\r',
    '\x1b[2J',
    '\x9b1m',
    '\x7f',
    '\u202e',
    '<think>',
    '</think>',
  ],
  ...[
    'const x = "a";',
    '// comment',
    'https://example.org/a_b*c',
    'x'.repeat(50),
    '"""',
    "'''",
    '<b>',
    '**bold**',
    '*it*',
  ],
];

const randomText = (roll: (n: number) => number): string =>
  Array.from({ length: 1 + roll(40) }, () => snippets[roll(snippets.length)]!).join('');

describe('an answer as it is written', () => {
  it('ends in the same rows however it was cut into pieces, and rows that are done stay', () => {
    for (let seed = 1; seed <= 800; seed++) {
      const roll = dice(seed);
      const text = randomText(roll);
      const options = { columns: [8, 24, 60][seed % 3]!, hasStyles: seed % 2 === 0 };
      const whole = show([text], options);
      for (const pieces of [text.split(''), cut(text, roll)]) {
        const { rows, done } = show(pieces, options);
        expect(rows, JSON.stringify({ seed, text })).toEqual(whole.rows);
        const last = done.at(-1) ?? [];
        expect(rows.slice(0, last.length), JSON.stringify({ seed, text })).toEqual(last);
      }
    }
  });

  it('never writes what a terminal could take for an order, whatever comes', () => {
    for (let seed = 1; seed <= 500; seed++) {
      const text = randomText(dice(seed)) + '\x1b]0;owned\x07\x9b2J\u202e';
      const answer = new AnswerText({ columns: () => 40, hasStyles: true });
      const all = [...text].flatMap((char) => {
        const { done, open } = answer.push(said(char));
        return [...done, ...open];
      });
      const written = [...all, ...answer.finish().done].join('');
      expect(written.replace(/\x1b\[[\d;]*m/g, '')).not.toMatch(
        /[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/,
      );
    }
  });

  it('loses no letter of a text, and makes none up', () => {
    const letters = (text: string) => text.replace(/[^\p{L}\p{N}]/gu, '');
    for (let seed = 1; seed <= 500; seed++) {
      const roll = dice(seed);
      const words = [
        'alpha',
        'beta ',
        '**gamma**',
        '*delta*',
        '`eps`',
        '\n',
        '\n\n',
        '- ',
        '# ',
        '> ',
        '5 * 6',
        '_x_',
        ' [y] ',
        '**',
        '`',
      ];
      const text = Array.from({ length: 30 }, () => words[roll(words.length)]!).join('');
      expect(letters(rowsOf(text, { columns: 30 }).join('')), text).toBe(letters(text));
    }
  });

  it('keeps within its columns, wide characters and all; code alone is left whole, for copying', () => {
    for (const columns of [10, 20, 40, 80]) {
      for (let seed = 1; seed <= 300; seed++) {
        const text = randomText(dice(seed)).replaceAll('```', '').replaceAll('~~~', '');
        const answer = new AnswerText({ columns: () => columns, hasStyles: false });
        const rows = [...text].flatMap((char) => {
          const { done, open } = answer.push(said(char));
          return [...done, ...open];
        });
        for (const row of rows) expect(widthOf(row), JSON.stringify({ text, row })).toBeLessThanOrEqual(columns);
      }
    }
  });

  it('shows no marks of emphasis while they may still turn out to be some', () => {
    const answer = new AnswerText({ columns: () => 60, hasStyles: true });
    const seen = 'The **sky** is `blue` and *deep*.'.split('').map((char) => answer.push(said(char)).open.join(''));
    expect(seen.filter((row) => /[*`]/.test(row))).toEqual([]);
  });

  it('takes time that grows with the text, not with its square', () => {
    const msFor = (n: number) => {
      const pieces = Array.from({ length: n }, (_, i) => (i % 9 === 0 ? ' **bold** and' : ' word'));
      const startMs = performance.now();
      show(pieces, { columns: 80 });
      return performance.now() - startMs;
    };
    msFor(1000);
    expect(msFor(20_000)).toBeLessThan(20 * msFor(2000) + 500);
  });
});

describe('Markdown on a terminal', () => {
  it.each([
    ['# Title\ntext', ['# Title', 'text']],
    ['text\n## Title', ['text', '', '## Title']],
    ['a\n\n\n\nb', ['a', '', 'b']],
    ['\n\na\n\n', ['a']],
    ['- a\n* b\n+ c', ['• a', '• b', '• c']],
    ['1. a\n   - b\n     c\n2. d', ['1. a', '   • b', '     c', '2. d']],
    ['- a\n\n  more of a\n\nafter', ['• a', '', '  more of a', '', 'after']],
    ['- [ ] a\n- [x] b', ['☐ a', '☑ b']],
    ['> a\n> > b\nc', ['│ a', '│ │ b', 'c']],
    ['a\n\n---\n\nb', ['a', '', '─'.repeat(40), '', 'b']],
    ['1984 was a year. 42', ['1984 was a year. 42']],
    ['-5 degrees', ['-5 degrees']],
    ['#hashtag', ['#hashtag']],
    ['  indented\n    more', ['  indented', '    more']],
  ])('%j', (text, rows) => expect(rowsOf(text)).toEqual(rows));

  it.each([
    ['**bold** and *it*', '\x1b[1mbold\x1b[0m and \x1b[3mit\x1b[0m'],
    ['***both***', '\x1b[3;1mboth\x1b[0m'],
    ['a `b*c*` d', 'a \x1b[36mb*c*\x1b[0m d'],
    ['`` a`b ``', '\x1b[36ma`b\x1b[0m'],
    ['~~gone~~', '\x1b[9mgone\x1b[0m'],
    ['[name](https://a.b)', '\x1b[4mname (https://a.b)\x1b[0m'],
    ['<https://a.b>', '\x1b[4mhttps://a.b\x1b[0m'],
    ['\\*no\\* &lt;b&gt; &amp;', '*no* <b> &'],
    ['2*3*4 and 5 * 6', '2*3*4 and 5 * 6'],
    ['__init__ and snake_case_name', '__init__ and snake_case_name'],
    ['**never closed', '**never closed'],
    ['a * b ** c _ d `', 'a * b ** c _ d `'],
    ['[1] and [x] y', '[1] and [x] y'],
    ['5 < 6 && 7 > 3!', '5 < 6 && 7 > 3!'],
    [`**${'x '.repeat(300)}y**`, undefined],
  ])('%j', (text, row) => {
    const shown = rowsOf(text, { hasStyles: true, columns: 2000 }).join('\n');
    expect(shown).toBe(row ?? text);
  });

  it('colours code by its language, and leaves it as it is otherwise', () => {
    const rows = rowsOf('```python\ndef f(x):\n\treturn "**x**"  # *no*\n```\nafter', { hasStyles: true });
    expect(rows[0]).toContain('── python ──');
    expect(rows[1]).toBe('\x1b[35mdef\x1b[0m \x1b[94mf\x1b[0m(x):');
    expect(rows[2]).toBe('    \x1b[35mreturn\x1b[0m \x1b[32m"**x**"\x1b[0m  \x1b[2m# *no*\x1b[0m');
    expect(rows[4]).toBe('after');
    expect(rowsOf('```nolanguage\n# a **b**\n\n> c\n```', {}).slice(1, -1)).toEqual(['# a **b**', '', '> c']);
  });

  it('closes code that the answer leaves open, and code in lists and quotes', () => {
    expect(rowsOf('```\ncode')).toHaveLength(3);
    expect(rowsOf('1. a\n   ```\n   b\n     c\n   ```\n2. d')).toEqual([
      '1. a',
      `   ${'─'.repeat(40)}`,
      '   b',
      '     c',
      `   ${'─'.repeat(40)}`,
      '2. d',
    ]);
    expect(rowsOf('> ```\n> a\nb').at(-1)).toBe('b');
  });

  it('sets tables in columns that fit, and as lists where none would', () => {
    const table = '| Name | n | What |\n|:--|--:|:-:|\n| Ann | 1 | a `b|c` d |\n| 世界 | 20 | x\\|y |\n\nafter';
    expect(rowsOf(table)).toEqual([
      'Name │  n │   What',
      '─────┼────┼──────────',
      'Ann  │  1 │ a `b|c` d',
      '世界 │ 20 │    x|y',
      '',
      'after',
    ]);
    expect(rowsOf(table, { columns: 20 }).slice(0, 5)).toEqual([
      'Name: Ann',
      'n: 1',
      'What: a `b|c` d',
      '─'.repeat(12),
      'Name: 世界',
    ]);
  });

  it('takes lines with pipes for what they are where there is no table', () => {
    expect(rowsOf('| not | a table |\nafter')).toEqual(['| not | a table |', 'after']);
    expect(rowsOf('|x| is the absolute value')).toEqual(['|x| is the absolute value']);
  });

  it('shows thoughts dim, without their marks, and apart from the answer', () => {
    const dim = (text: string) => `\x1b[2m${text}\x1b[0m`;
    const options = { hasStyles: true };
    expect(show([thought('hm'), 'Yes.'], options).rows).toEqual([dim('hm'), '', 'Yes.']);
    expect(show([thought('h'), thought('m\n'), 'Y', 'es.'], options).rows).toEqual([dim('hm'), '', 'Yes.']);
    expect(show(['One.', thought('hm'), 'Two.'], options).rows).toEqual(['One.', '', dim('hm'), '', 'Two.']);
    expect(show([thought(' '), 'Yes.'], options).rows).toEqual(['Yes.']);
    expect(rowsOf('Use <think> tags.', options)).toEqual(['Use <think> tags.']);
  });
});
