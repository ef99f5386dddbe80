import { describe, expect, it } from 'vitest';
import { AnswerText } from '../../apps/cli/markdown/answer.ts';
import { widthOf } from '../../apps/cli/markdown/cells.ts';

interface Shown {
  readonly rows: string[];
  /** Rows that were handed over as done, after each piece. */
  readonly done: string[][];
}

/** The rows of an answer that comes in these pieces. */
function show(pieces: readonly string[], { columns = 60, hasStyles = false, isThinking = false } = {}): Shown {
  const answer = new AnswerText({ columns: () => columns, hasStyles, isThinking });
  const rows: string[] = [];
  const done: string[][] = [];
  for (const piece of pieces) {
    rows.push(...answer.push(piece).done);
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
    for (let seed = 1; seed <= 1500; seed++) {
      const roll = dice(seed);
      const text = randomText(roll);
      const options = { columns: [8, 24, 60][seed % 3]!, hasStyles: seed % 2 === 0, isThinking: seed % 7 === 0 };
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
        const { done, open } = answer.push(char);
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
          const { done, open } = answer.push(char);
          return [...done, ...open];
        });
        for (const row of rows) expect(widthOf(row), JSON.stringify({ text, row })).toBeLessThanOrEqual(columns);
      }
    }
  });

  it('shows no marks of emphasis while they may still turn out to be some', () => {
    const answer = new AnswerText({ columns: () => 60, hasStyles: true });
    const seen = 'The **sky** is `blue` and *deep*.'.split('').map((char) => answer.push(char).open.join(''));
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
