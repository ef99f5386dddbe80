import type { Tokenizer } from '../tokenizers/tokenizer.ts';

/** llama.cpp's: what structures a text ends a repetition. */
export const usualBreakers: readonly string[] = ['\n', ':', '"', '*'];

/** Looking through a vocabulary takes milliseconds. */
const known = new WeakMap<Tokenizer, Map<string, readonly number[]>>();

/** The tokens that DRY lets no repetition reach across: these, and those that contain these texts. */
export function tokensWith(tokenizer: Tokenizer, breakers: readonly (number | string)[]): number[] {
  const byText = known.get(tokenizer) ?? new Map<string, readonly number[]>();
  known.set(tokenizer, byText);
  const texts = breakers.filter((breaker) => typeof breaker === 'string');
  for (const [text, tokens] of search(
    tokenizer,
    texts.filter((text) => !byText.has(text)),
  ))
    byText.set(text, tokens);
  return breakers.flatMap((breaker) => (typeof breaker === 'string' ? byText.get(breaker)! : breaker));
}

/** Goes through the vocabulary once. */
function search(tokenizer: Tokenizer, texts: readonly string[]): Map<string, number[]> {
  const wanted = texts.map((text) => ({ text, bytes: new TextEncoder().encode(text), tokens: [] as number[] }));
  for (let token = 0; wanted.length > 0 && token < tokenizer.nVocab; token++) {
    const piece = tokenizer.bytes(token);
    for (const { bytes, tokens } of wanted) if (contains(piece, bytes)) tokens.push(token);
  }
  return new Map(wanted.map(({ text, tokens }) => [text, tokens]));
}

function contains(bytes: Uint8Array, text: Uint8Array): boolean {
  for (let at = bytes.indexOf(text[0]!); at >= 0; at = bytes.indexOf(text[0]!, at + 1)) {
    if (text.every((byte, i) => bytes[at + i] === byte)) return true;
  }
  return false;
}
