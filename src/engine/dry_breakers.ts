import type { Tokenizer } from '../tokenizers/tokenizer.ts';

/** llama.cpp's: what structures a text ends a repetition. */
export const usualBreakers: readonly string[] = ['\n', ':', '"', '*'];

/** Texts among them, at most: each is looked for in the whole vocabulary, and nothing else runs meanwhile. */
const MAX_TEXTS = 64;

/** Looking through a vocabulary takes milliseconds: what the latest answer asked for is kept. */
const latest = new WeakMap<Tokenizer, ReadonlyMap<string, readonly number[]>>();

/** The tokens that DRY lets no repetition reach across: these, and those that contain these texts. @throws RangeError for too many texts */
export function tokensWith(tokenizer: Tokenizer, breakers: readonly (number | string)[]): number[] {
  const texts = [...new Set(breakers.filter((breaker) => typeof breaker === 'string'))];
  if (texts.length > MAX_TEXTS)
    throw new RangeError(
      `dryBreakers has ${texts.length} texts, expected at most ${MAX_TEXTS}; give tokens for others`,
    );
  if (texts.length === 0) return breakers.filter((breaker) => typeof breaker === 'number');
  const known = latest.get(tokenizer);
  const byText = texts.every((text) => known?.has(text)) ? known! : search(tokenizer, texts);
  latest.set(tokenizer, byText);
  return breakers.flatMap((breaker) => (typeof breaker === 'string' ? byText.get(breaker)! : breaker));
}

/** Goes through the vocabulary once. */
function search(tokenizer: Tokenizer, texts: readonly string[]): Map<string, number[]> {
  const wanted = texts.map((text) => ({ text, bytes: new TextEncoder().encode(text), tokens: [] as number[] }));
  for (let token = 0; token < tokenizer.nVocab; token++) {
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
