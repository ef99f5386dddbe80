import { describe, expect, it } from 'vitest';
import { forcedTokens } from '../../src/engine/forced_tokens.ts';
import { decode } from '../../src/tokenizers/stream.ts';
import type { Tokenizer } from '../../src/tokenizers/tokenizer.ts';
import { loadTokenizer } from '../../src/tokenizers/index.ts';
import { haveVocab, loadVocab } from '../tokenizers/vocabs.ts';

const encoder = new TextEncoder();

/** An answer: what a model chooses, and between that what must come. */
const answer = [
  ['forced', '{"fullName": "'],
  ['chosen', 'Ada Lovelace"'],
  ['forced', ', "ageInYears": '],
  ['chosen', '36,'],
  ['forced', ' "placeOfResidence": "'],
  ['chosen', 'Łódź, ul. 語 7\\n"'],
  ['forced', ', "favouriteColours": ["'],
  ['chosen', 'red", "blue"]'],
  ['forced', ', "the résumé of this person, in words": ['],
  ['chosen', '{'],
  ['forced', '"isMarried": '],
  ['chosen', 'true'],
  ['forced', '}]}'],
] as const;

/** Writes it, with `choose` for what nothing forces. */
function write(tokenizer: Tokenizer, prompt: readonly number[], choose: (rest: Uint8Array) => number) {
  const bytes = encoder.encode((tokenizer.spacePrefix ? ' ' : '') + answer.map(([, text]) => text).join(''));
  const ends: { readonly isForced: boolean; readonly end: number }[] = [];
  let end = tokenizer.spacePrefix ? 1 : 0;
  for (const [kind, text] of answer)
    ends.push({ isForced: kind === 'forced', end: (end += encoder.encode(text).length) });
  const tokens: number[] = [];
  let at = 0;
  let nChosen = 0;
  let drawn: number | undefined;
  for (;;) {
    const place = ends.find(({ end }) => at < end);
    const forced = place?.isForced ? bytes.subarray(at, place.end) : new Uint8Array(0);
    const taken =
      forced.length > 0
        ? forcedTokens(tokenizer, {
            before: [...prompt, ...tokens],
            drawn,
            bytes: forced,
            isLast: place!.end === bytes.length,
          })
        : [];
    if (taken.length === 0 && drawn !== undefined) taken.push(drawn);
    for (const token of taken) tokens.push(token);
    at = tokens.reduce((n, token) => n + tokenizer.bytes(token).length, 0);
    if (at >= bytes.length) return { tokens, nChosen, bytes };
    drawn = choose(bytes.subarray(at));
    nChosen++;
    at += tokenizer.bytes(drawn).length;
  }
}

const vocabularies = ['smollm2', 'gpt-2', 'phi-3', 'llama-bpe', 'gemma-4'];

describe.each(vocabularies)('forced text of %s', (name) => {
  it.skipIf(!haveVocab(name))('becomes the tokens of the whole text, and stays the text that it is', async () => {
    const tokenizer = await loadTokenizer(await loadVocab(name));
    const prompt = tokenizer.encode('', { bos: tokenizer.bosToken !== undefined });
    const whole = tokenizer.encode(answer.map(([, text]) => text).join(''));

    const { tokens, nChosen, bytes } = write(tokenizer, prompt, (rest) => {
      return whole[tokensBefore(tokenizer, whole, bytesOf(tokenizer, whole) - rest.length)]!;
    });
    expect(tokens).toEqual(whole);
    expect(bytesOf(tokenizer, tokens)).toBe(bytes.length);
    expect(nChosen).toBeLessThan(0.75 * tokens.length);

    const spelled = write(tokenizer, prompt, spelling(tokenizer)); // a model that says character for character
    expect(decode(tokenizer, spelled.tokens, { after: prompt.at(-1) ?? spelled.tokens[0]! }).trimStart()).toBe(
      new TextDecoder().decode(bytes).trimStart(),
    );
  });
});

/** Chooses single bytes. */
function spelling(tokenizer: Tokenizer): (rest: Uint8Array) => number {
  const single = new Map<number, number>();
  for (let token = 0; token < tokenizer.nVocab; token++) {
    const piece = tokenizer.bytes(token);
    if (piece.length === 1 && !tokenizer.isAdded(token)) single.set(piece[0]!, token);
  }
  return (rest) => single.get(rest[0]!)!;
}

const bytesOf = (tokenizer: Tokenizer, tokens: readonly number[]): number =>
  tokens.reduce((n, token) => n + tokenizer.bytes(token).length, 0);

/** How many tokens end at or before a place. */
function tokensBefore(tokenizer: Tokenizer, tokens: readonly number[], nBytes: number): number {
  let [n, at] = [0, 0];
  while (at < nBytes) at += tokenizer.bytes(tokens[n++]!).length;
  return n;
}
