import { describe, expect, it } from 'vitest';
import { startJoiner } from '../../apps/cli/chat/joiner.ts';
import { AnswerText } from '../../apps/cli/markdown/answer.ts';
import { decodeUtf8 } from '../../apps/cli/input.ts';
import { columns, formatBytes, formatParams, harmless } from '../../apps/cli/terminal.ts';

describe('text for a terminal', () => {
  it('cannot move the cursor, ring the bell or turn the writing direction', () => {
    expect(harmless('\x1b]0;owned\x07 \x1b[2J')).toBe('␛]0;owned␇ ␛[2J');
    expect(harmless('a\x9b1m\x7f b\u202ec')).toBe('a\ufffd1m␡ b\ufffdc');
  });

  it('keeps line breaks, tabs and every script', () => {
    const text = 'one\n\ttwo héllo 世界 😀 مرحبا';
    expect(harmless(text)).toBe(text);
    expect(harmless('a\r\nb\rc')).toBe('a\nb␍c');
  });
});

describe('numbers for people', () => {
  it('have a unit and a few digits', () => {
    expect([0, 1023, 1024, 98_362_432, 3 * 2 ** 30].map(formatBytes)).toEqual([
      '0 bytes',
      '1023 bytes',
      '1.0 KiB',
      '93.8 MiB',
      '3.0 GiB',
    ]);
    expect([12, 260_032, 134_515_008, 1_235_814_432].map(formatParams)).toEqual(['12', '260 K', '135 M', '1.24 B']);
  });

  it('stand under each other', () => {
    expect(
      columns(
        [
          ['a', '1'],
          ['bcd', '100'],
        ],
        '<>',
      ),
    ).toEqual(['a      1', 'bcd  100']);
  });
});

describe('lines become messages', () => {
  const join = (...lines: string[]) => {
    const joiner = startJoiner();
    return [...lines.map((line) => joiner.push(line)), joiner.end()].filter((message) => message !== undefined);
  };

  it('one by one', () => expect(join('a', 'b')).toEqual(['a', 'b']));
  it('over a backslash', () => expect(join('a\\', 'b\\', 'c', 'd')).toEqual(['a\nb\nc', 'd']));
  it('between quotes', () => expect(join('"""', 'a', '', 'b"""', 'c')).toEqual(['a\n\nb', 'c']));
  it('within quotes on one line', () => expect(join('"""a"""')).toEqual(['a']));
  it('also where the input ends early', () => expect(join('"""', 'a')).toEqual(['a']));
});

describe('text that comes in', () => {
  const bytes = (...parts: (string | number[])[]) =>
    Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Uint8Array.from(part))));

  it('keeps every byte, a byte order mark too', () => {
    expect(decodeUtf8(bytes([0xef, 0xbb, 0xbf], 'a\r\n\0é'), 'x')).toBe('\ufeffa\r\n\0é');
  });

  it.each([
    [bytes('ab', [0xff], 'c'), 'byte 0xff at offset 2 '],
    [bytes('é'.repeat(5000), [0xc3, 0x28]), 'byte 0x28 at offset 10001 '],
    [bytes('x'.repeat(4095), 'é', [0x80]), 'byte 0x80 at offset 4097 '],
    [bytes([0xed, 0xa0, 0x80]), 'byte 0xa0 at offset 1 '],
    [bytes('ab', [0xf0, 0x9f]), 'its end, offset 4,'],
  ])('names the first byte that is not UTF-8 (%#)', (given, where) => {
    expect(() => decodeUtf8(given, 'stdin')).toThrow(`stdin is not UTF-8: ${where}`);
  });
});

describe('streamed words', () => {
  /** What a terminal of that width shows of plain text. */
  const shown = (columns: number, ...pieces: string[]): string[] => {
    const answer = new AnswerText({ columns: () => columns, hasStyles: false, isPlain: true });
    return [...pieces.flatMap((text) => answer.push({ type: 'text', text }).done), ...answer.finish().done];
  };

  it('move to the next line when they do not fit', () => {
    expect(shown(10, 'Once up', 'on a ti', 'me there')).toEqual(['Once upon', 'a time', 'there']);
  });

  it('break where they are longer than a line, or the script has no spaces', () => {
    expect(shown(5, 'abcdefghijk lm')).toEqual(['abcde', 'fghij', 'k lm']);
    expect(shown(5, '世界世界')).toEqual(['世界', '世界']);
  });

  it('keep their own line breaks, and swallow a space at the edge', () => {
    expect(shown(4, 'abcd efg\n\nh')).toEqual(['abcd', 'efg', '', 'h']);
  });
});
