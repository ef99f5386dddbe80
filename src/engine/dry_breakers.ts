import type { Tokenizer } from '../tokenizers/tokenizer.ts';

/** llama.cpp's: what structures a text ends a repetition. */
export const usualBreakers: readonly string[] = ['\n', ':', '"', '*'];

/** Looking through a vocabulary takes milliseconds. */
const known = new WeakMap<Tokenizer, Map<string, readonly number[]>>();

/** The tokens that DRY lets no repetition reach across: these, and those that contain these texts. */
export function tokensWith(tokenizer: Tokenizer, breakers: readonly (number | string)[]): number[] {
  return breakers.flatMap((breaker) => (typeof breaker === 'string' ? containing(tokenizer, breaker) : breaker));
}

function containing(tokenizer: Tokenizer, text: string): readonly number[] {
  const byText = known.get(tokenizer) ?? new Map<string, readonly number[]>();
  known.set(tokenizer, byText);
  let tokens = byText.get(text);
  if (!tokens) byText.set(text, (tokens = search(tokenizer, new TextEncoder().encode(text))));
  return tokens;
}

function search(tokenizer: Tokenizer, text: Uint8Array): number[] {
  const tokens: number[] = [];
  for (let token = 0; token < tokenizer.nVocab; token++) {
    if (contains(tokenizer.bytes(token), text)) tokens.push(token);
  }
  return tokens;
}

function contains(bytes: Uint8Array, text: Uint8Array): boolean {
  for (let at = bytes.indexOf(text[0]!); at >= 0; at = bytes.indexOf(text[0]!, at + 1)) {
    if (text.every((byte, i) => bytes[at + i] === byte)) return true;
  }
  return false;
}
