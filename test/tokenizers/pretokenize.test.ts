import { describe, expect, test } from 'vitest';
import { UnsupportedError } from '../../src/base/errors.ts';
import { preTokenizers } from '../../src/tokenizers/more_pretokenizers.ts';
import { createSplit, findPreTokenizer } from '../../src/tokenizers/pretokenize.ts';
import { fixture } from './vocabs.ts';

const texts = fixture<string[]>('texts.json');
const huggingFace = fixture<{ engine: string; splits: Record<string, string[]> }>('hugging_face.json');

function words(pre: string, text: string): string[] {
  const found: string[] = [];
  createSplit(findPreTokenizer(pre, preTokenizers).patterns)(text, (word) => found.push(word));
  return found;
}

describe.each(Object.entries(huggingFace.splits))('%s', (pre, lengths) => {
  test('cuts words where Hugging Face tokenizers does', () => {
    expect(lengths).toHaveLength(texts.length);
    for (const [i, text] of texts.entries()) {
      const got = words(pre, text).map((word) => word.length);
      expect(got.join(' '), JSON.stringify(text)).toBe(lengths[i]);
    }
  });
});

describe('every pre-tokenizer', () => {
  test('has a name of its own', () => {
    const names = preTokenizers.flatMap((row) => row.names);
    expect(new Set(names).size).toBe(names.length);
  });

  test.each(preTokenizers.map((row) => row.names[0]!))(
    '%s cuts a text into non-empty words that make it up again',
    (pre) => {
      for (const text of texts) {
        const found = words(pre, text);
        expect(found.join('')).toBe(text);
        expect(found).not.toContain('');
      }
    },
  );
});

describe('splits that tell look-alikes apart', () => {
  test.each<[pre: string, text: string, expected: string[]]>([
    ['gpt-2', "it's 12345 x", ['it', "'s", ' 12345', ' x']],
    ['starcoder', 'a 123', ['a', ' ', '1', '2', '3']],
    ['llama-bpe', '12345 x', ['123', '45', ' x']],
    ['qwen2', '12345 x', ['1', '2', '3', '4', '5', ' x']],
    ['qwen35', 'क्या', ['क्या']],
    ['qwen2', 'क्या', ['क', '्य', 'ा']],
    ['gpt-4o', "camelCase don'T", ['camel', 'Case', " don'T"]],
    ['tekken', "camelCase don't", ['camel', 'Case', ' don', "'t"]],
    ['falcon', '1234, 5', ['123', '4', ',', ' 5']],
    ['default', '1234 56', ['123', '4', ' ', '56']],
    ['bloom', 'a, b(c', ['a', ',', ' b', '(', 'c']],
    ['seed-coder', '!\n\nx', ['!', '\n\n', 'x']],
    ['bailingmoe', '!\n\nx', ['!\n\n', 'x']],
    ['chameleon', 'IMGIMGABZ a', ['IMGIMGABZ', ' a']],
    ['viking', 'ab12', ['ab', '1', '2']],
    ['minicpm5', '1234567', ['123', '456', '7']],
  ])('%s on %j', (pre, text, expected) => {
    expect(words(pre, text)).toEqual(expected);
  });

  test('white space is what Unicode says: U+0085 is, U+FEFF is not', () => {
    expect(words('gpt-2', 'a\u0085\u0085b')).toEqual(['a', '\u0085', '\u0085', 'b']);
    expect(words('gpt-2', 'a\ufeff!')).toEqual(['a', '\ufeff!']);
  });
});

test('an unknown pre-tokenizer is refused by name, with those that are known', () => {
  expect(() => findPreTokenizer('nosuch')).toThrow(UnsupportedError);
  expect(() => findPreTokenizer('nosuch')).toThrow(/"nosuch".*llama-bpe.*qwen2.*smollm/);
});
