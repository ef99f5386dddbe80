import { UnsupportedError } from '../base/errors.ts';
import { TextIndex } from '../base/texts.ts';
import type { Vocab } from '../base/vocab.ts';
import {
  assignRoles,
  createAddedTokenSplit,
  isHidden,
  tokenType,
  withoutUserDefined,
  type AddedTokenSplit,
  type Recognised,
  type Roles,
} from './added_tokens.ts';
import { createBpe } from './bpe.ts';
import { createGemma4 } from './gemma4.ts';
import { createSpm } from './spm.ts';
import { createTextless } from './textless.ts';
import { utf8, type EncodeOptions, type Tokenizer, type TokenizerFamily } from './tokenizer.ts';
import { createWordPiece } from './wordpiece.ts';

export type { EncodeOptions, TextSegment, Tokenizer } from './tokenizer.ts';
export { createTextStream, decode, type TextStream } from './stream.ts';

/** Tokenizer families by `tokenizer.ggml.model`. */
const families = new Map<string, (vocab: Vocab, roles: Roles) => TokenizerFamily>([
  ['gpt2', createBpe],
  ['llama', createSpm],
  ['bert', createWordPiece],
  ['gemma4', createGemma4],
  ['none', createTextless],
]);

/** @throws UnsupportedError for a tokenizer or pre-tokenizer that this build does not know, FormatError for missing merges. */
export function createTokenizer(vocab: Vocab): Tokenizer {
  const create = families.get(vocab.model);
  if (!create) {
    throw new UnsupportedError(
      `tokenizer.ggml.model is "${vocab.model}", this build knows ${[...families.keys()].join(', ')}; choose another model`,
    );
  }
  const roles = assignRoles(vocab);
  let closed: TokenizerFamily | undefined;
  const open = create(vocab, roles);
  const familyFor = (userDefined: boolean) =>
    userDefined ? open : (closed ??= create(vocab, withoutUserDefined(vocab, roles)));
  return withAddedTokens(vocab, roles, familyFor);
}

/** The family of a vocabulary; one whose merges make no user-defined tokens, if that is asked for. */
type FamilyFor = (userDefined: boolean) => TokenizerFamily;

function withAddedTokens(vocab: Vocab, roles: Roles, familyFor: FamilyFor): Tokenizer {
  const family = familyFor(true);
  const { types, ends } = roles;
  const nVocab = vocab.tokens.length;
  const { bosToken, eosToken, spacePrefix } = family;
  const pieces = new Array<Uint8Array | undefined>(nVocab).fill(undefined);
  let byPiece: TextIndex | undefined;
  const encodeParts = partsEncoder(vocab, roles, familyFor);
  const isAdded = (token: number): boolean => isHidden(types[token]!) || types[token] === tokenType.userDefined;

  function encode(text: string, options: EncodeOptions = {}): number[] {
    const { special = false, userDefined = true, bos = false, eos = false } = options;
    const tokens = encodeParts([{ text, special, userDefined }], userDefined);
    if (bos) tokens.unshift(need(bosToken, 'bos'));
    if (eos) tokens.push(need(eosToken, 'eos'));
    return tokens;
  }

  const pieceOf = (token: number): string => {
    const piece = vocab.tokens.at(token);
    if (piece === undefined) throw new RangeError(`token ${token} is outside the vocabulary of ${nVocab}`);
    return piece;
  };

  function bytes(token: number): Uint8Array {
    const known = pieces[token];
    if (known) return known;
    const piece = pieceOf(token);
    return (pieces[token] = isAdded(token) ? utf8(piece) : family.bytes(token));
  }

  return {
    nVocab,
    bosToken,
    eosToken,
    addBos: family.addBos && bosToken !== undefined,
    addEos: family.addEos && eosToken !== undefined,
    spacePrefix,
    encode,
    encodeSegments(segments, { userDefined = true } = {}) {
      const parts = segments.map(({ text, trusted }) => ({
        text,
        special: trusted,
        userDefined: trusted || userDefined,
      }));
      return encodeParts(parts, userDefined);
    },
    tokenOf: (piece) => (byPiece ??= new TextIndex(vocab.tokens)).get(piece),
    piece: pieceOf,
    bytes,
    isControl: (token) => isHidden(types[token]!),
    isAdded,
    isEndOfGeneration: (token) => ends.has(token) || token === eosToken,
  };
}

interface Part extends Recognised {
  readonly text: string;
}

/** Plain text between two added tokens is encoded as one, also where it spans parts. */
function partsEncoder(vocab: Vocab, roles: Roles, familyFor: FamilyFor) {
  const splits = new Map<string, AddedTokenSplit>(); // each built when first needed

  function splitFor(recognised: Recognised): AddedTokenSplit {
    const key = `${recognised.special} ${recognised.userDefined}`;
    let split = splits.get(key);
    if (!split) splits.set(key, (split = createAddedTokenSplit(vocab, roles, recognised)));
    return split;
  }

  return (parts: readonly Part[], userDefined: boolean): number[] => {
    const family = familyFor(userDefined);
    const tokens: number[] = [];
    let plain = '';
    const flush = () => {
      if (plain !== '') family.encode(plain, tokens);
      plain = '';
    };
    for (const { text, ...recognised } of parts) {
      splitFor(recognised)(wellFormed(text), {
        text: (part) => (plain += part),
        token(token) {
          flush();
          tokens.push(token);
        },
      });
    }
    flush();
    return tokens;
  };
}

function need(token: number | undefined, name: string): number {
  if (token !== undefined) return token;
  throw new TypeError(
    `${name} was asked for, this model has no such token; ask only where add${name === 'bos' ? 'Bos' : 'Eos'} is true`,
  );
}

/** Unpaired surrogates have no UTF-8; they become U+FFFD, as everywhere on the web. */
function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '\uFFFD');
}
