import { describe, expect, it } from 'vitest';
import { Texts } from '../../src/base/texts.ts';
import { loadTokenizer, decode } from '../../src/tokenizers/index.ts';

const controls = ['<pad>', '<eos>', '<bos>', '<|tool_response>', '</s>'];
const bytes = Array.from({ length: 256 }, (_, b) => `<0x${b.toString(16).toUpperCase().padStart(2, '0')}>`);
const pieces = ['a', 'b', 'c', '▁', '\n', 'é', '<', '/', 's', '>', 'ab', 'bc', '▁ab', '▁▁', '\n\n', '\n\n\n'];
const tokens = [...controls, ...bytes, ...pieces];
const types = tokens.map((_, i) => (i < controls.length ? 3 : i < controls.length + 256 ? 6 : 1));
const merges = ['b c', 'a b', '▁ ab', '▁ ▁', 'é a'];

const tokenizer = await loadTokenizer({
  model: 'gemma4',
  tokens: Texts.of(tokens),
  types: Int32Array.from(types),
  merges: Texts.of(merges),
  bosToken: 2,
  eosToken: 1,
  addBos: false,
});

const piecesOf = (text: string, special = false): string[] => tokenizer.encode(text, { special }).map(tokenizer.piece);

/** llama.cpp gives the same ids as this tokenizer for 3,000 texts of all kinds and the vocabulary of the real model. */
describe("Gemma 4's tokenizer", () => {
  it.each([
    ['ab', ['ab']],
    [' ab', ['▁ab']],
    ['abc', ['a', 'bc']], // the earlier merge goes first, though it stands behind
    ['c ab  b', ['c', '▁ab', '▁▁', 'b']],
    ['éa', ['é', 'a']], // what the merge makes is no token
    ['a日', ['a', '<0xE6>', '<0x97>', '<0xA5>']],
    ['a\n\nb', ['a', '\n\n', 'b']],
    ['\n\n\n\n', ['\n', '\n', '\n', '\n']], // so many are no token, and nothing merges them
    ['\n \n', ['\n', '▁', '\n']],
    ['▁ab', ['▁ab']],
  ])('turns %j into %j', (text, wanted) => {
    expect(piecesOf(text)).toEqual(wanted);
    expect(decode(tokenizer, tokenizer.encode(text))).toBe(text.replaceAll('▁', ' '));
  });

  it('begins every text with its BOS, whatever the file says', () => {
    expect(tokenizer.addBos).toBe(true);
  });

  it('takes </s> for text, since <|tool_response> ends a turn', () => {
    expect(piecesOf('</s>', true)).toEqual(['<', '/', 's', '>']);
    expect([tokenizer.isEndOfGeneration(4), tokenizer.isEndOfGeneration(3)]).toEqual([false, true]);
  });
});
