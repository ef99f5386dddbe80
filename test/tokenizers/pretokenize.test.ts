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
    ['laguna', 'a \n b', ['a', ' ', '\n', ' b']],
    ['qwen2', 'a \n b', ['a', ' \n', ' b']],
    ['ufakzeka', "Ali'den it's", ['Ali', "'den", ' it', "'s"]],
    ['qwen2', "Ali'den it's", ['Ali', "'d", 'en', ' it', "'s"]],
    ['jais-2', `a${' '.repeat(7)}b`, ['a', '    ', '  ', ' b']],
    ['exaone-moe', 'a b  c!\n\nd', ['a b', ' ', ' c', '!\n', '\n', 'd']],
    ['superbpe', 'ab cd 1234567½x', ['ab cd ', '1', '234', '567½', 'x']],
    ['superbpe', 'a1234567x', ['a', '1', '234', '567', 'x']],
    ['superbpe', '½234567', ['½', '234', '567']],
    ['superbpe', '½34567', ['½34', '567']],
    ['afmoe', 'ab1234567 한국어', ['ab', '1', '234', '567', ' ', '한국어']],
    ['tiny_aya', '1234 1234a', ['1', '234', ' ', '123', '4', 'a']],
    ['spark2_5', 'a!\n1234', ['a', '!', '\n', '1', '2', '3', '4']],
    ['youtu', 'camelCase 123，한국어', ['camel', 'Case', ' ', '1', '2', '3', '，', '한국어']],
    ['kimi-k2', '中文camelCase!\n/', ['中文', 'camel', 'Case', '!\n', '/']],
    ['gpt-4o', '中文camelCase!\n/', ['中文camel', 'Case', '!\n/']],
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
