import type { Vocab } from '../base/vocab.ts';
import type { Roles } from './added_tokens.ts';
import { utf8, type TokenizerFamily } from './tokenizer.ts';

/** A word's first piece begins with U+2581 in a GGUF file; BERT's own `##` in front of the others is gone. */
const wordStart = '\u2581';

/**
 * WordPiece as BERT uses it (Devlin et al. 2019, arXiv:1810.04805): words without case and accents, punctuation and Chinese
 * characters by themselves, each cut into the longest tokens from left to right. A word that cannot be cut is unknown.
 */
export function createWordPiece(vocab: Vocab, { plain }: Roles): TokenizerFamily {
  let maxLength = 0; // of a piece: at most one UTF-16 unit per byte
  for (let token = 0; token < vocab.tokens.length; token++) maxLength = Math.max(maxLength, vocab.tokens.nBytes(token));
  const unkToken = vocab.unkToken ?? 100;

  function appendWord(word: string, tokens: number[]): void {
    const nBefore = tokens.length;
    for (let start = 0; start < word.length;) {
      let end = Math.min(word.length, start + maxLength);
      let token = plain.get(word.slice(start, end));
      while (token === undefined && end > start) token = plain.get(word.slice(start, --end));
      if (token === undefined) {
        tokens.length = nBefore;
        tokens.push(unkToken);
        return;
      }
      tokens.push(token);
      start = end;
    }
  }

  return {
    encode(text, tokens) {
      for (const word of normalize(text).match(words) ?? []) appendWord(wordStart + word, tokens);
    },
    bytes: (token) => utf8(vocab.tokens.at(token)!.replaceAll(wordStart, ' ')),
    bosToken: vocab.clsToken ?? vocab.bosToken ?? 101,
    eosToken: vocab.sepToken ?? vocab.eosToken ?? 102,
    addBos: vocab.addBos ?? true,
    addEos: vocab.addEos ?? true,
    spacePrefix: true,
  };
}

/** White space becomes plain spaces; case, accents, control characters and U+FFFD go. */
function normalize(text: string): string {
  return text
    .normalize('NFD')
    .replace(/\p{White_Space}/gu, ' ')
    .replace(/[\p{Mn}\p{C}\uFFFD]/gu, '')
    .replace(/[^\x00-\x7f]/gu, (character) => character.toLowerCase()) // one by one: no final sigma
    .replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** One punctuation mark, ASCII symbol or Chinese character, or a run of anything else but spaces. */
const apart =
  String.raw`\p{P}$+<=>^${'`'}|~\u{4E00}-\u{9FFF}\u{3400}-\u{4DBF}\u{20000}-\u{2A6DF}\u{2A700}-\u{2B73F}` +
  String.raw`\u{2B740}-\u{2B81F}\u{2B920}-\u{2CEAF}\u{F900}-\u{FAFF}\u{2F800}-\u{2FA1F}`;
const words = new RegExp(`[${apart}]|[^ ${apart}]+`, 'gu');
