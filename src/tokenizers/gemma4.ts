import type { Vocab } from '../base/vocab.ts';
import { createCharacterBpe } from './character_bpe.ts';
import { tokenType, type Roles } from './roles.ts';
import { byteOf, findByteTokens, space } from './spm.ts';
import { utf8, type TokenizerFamily } from './tokenizer.ts';

/**
 * Gemma 4's BPE: over characters, with spaces spelled as SentencePiece spells them. A text is cut at newlines only, and a run of these that
 * is a token stays whole.
 */
export function createGemma4(vocab: Vocab, roles: Roles): TokenizerFamily {
  const whole = (line: string): number | undefined => (line[0] === '\n' ? roles.plain.get(line) : undefined);
  const family = createLineBpe(vocab, roles, whole);
  return { ...family, addBos: true }; // whatever the file says, as llama.cpp does: the model is lost without it
}

/** Sarvam's: the same, but merges alone decide about newlines. */
export function createSarvam(vocab: Vocab, roles: Roles): TokenizerFamily {
  return createLineBpe(vocab, roles, () => undefined);
}

/** @param whole a token that a run of newlines, or of other characters, is by itself */
function createLineBpe(vocab: Vocab, roles: Roles, whole: (line: string) => number | undefined): TokenizerFamily {
  const { types } = roles;
  const append = createCharacterBpe(vocab, roles, findByteTokens(vocab.tokens, types));
  return {
    encode(text, tokens) {
      for (const line of text.replaceAll(' ', space).match(/[^\n]+|\n+/g) ?? []) {
        const token = whole(line);
        if (token === undefined) append(line, tokens);
        else tokens.push(token);
      }
    },
    bytes(token) {
      const piece = vocab.tokens.at(token)!;
      return types[token] === tokenType.byte ? Uint8Array.of(byteOf(piece)) : utf8(piece.replaceAll(space, ' '));
    },
    bosToken: vocab.bosToken,
    eosToken: vocab.eosToken,
    addBos: vocab.addBos ?? false,
    addEos: vocab.addEos ?? false,
    spacePrefix: false,
  };
}
