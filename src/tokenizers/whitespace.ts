import type { Vocab } from '../base/vocab.ts';
import { createCharacterBpe } from './character_bpe.ts';
import type { Roles } from './roles.ts';
import { findByteTokens } from './spm.ts';
import { utf8, type TokenizerFamily } from './tokenizer.ts';

/** The BPE of jina-embeddings-v2-base-zh: over the characters of words, without the white space between these. */
export function createWhitespace(vocab: Vocab, roles: Roles): TokenizerFamily {
  const append = createCharacterBpe(vocab, roles, findByteTokens(vocab.tokens, roles.types));
  const { lowercase = false } = vocab;
  return {
    encode(text, tokens) {
      // One by one: no final sigma. Those that would become two characters stay, as in llama.cpp.
      const lower = (character: string) => (character === '\u0130' ? 'i' : character.toLowerCase());
      const cased = lowercase ? text.replace(/\P{Lowercase}/gu, lower) : text;
      for (const word of cased.match(/\P{White_Space}+/gu) ?? []) append(word, tokens);
    },
    bytes: (token) => utf8(vocab.tokens.at(token)!),
    bosToken: vocab.bosToken,
    eosToken: vocab.eosToken,
    addBos: vocab.addBos ?? false,
    addEos: vocab.addEos ?? false,
    spacePrefix: false,
  };
}
