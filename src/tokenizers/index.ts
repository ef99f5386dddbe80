import { UnsupportedError } from '../base/errors.ts';
import { TextIndex } from '../base/texts.ts';
import type { Vocab } from '../base/vocab.ts';
import { createAddedTokenSplit, type AddedTokenSplit, type Recognised } from './added_tokens.ts';
import { createBpe } from './bpe.ts';
import { commonPreTokenizers } from './pretokenize.ts';
import { assignRoles, isHidden, tokenType, withoutUserDefined, type Roles } from './roles.ts';
import { createSpm } from './spm.ts';
import { createTextless } from './textless.ts';
import { utf8, type CreateFamily, type EncodeOptions, type Tokenizer, type TokenizerFamily } from './tokenizer.ts';

export type { EncodeOptions, TextSegment, Tokenizer } from './tokenizer.ts';
export { createTextStream, decode, type TextStream } from './stream.ts';

/** Tokenizer families by `tokenizer.ggml.model`: those of most models. The others stand in `more.ts`, and are loaded for a file that needs one. */
const commonFamilies: ReadonlyMap<string, CreateFamily> = new Map<string, CreateFamily>([
  ['gpt2', (vocab, roles) => createBpe(vocab, roles)],
  ['llama', createSpm],
  ['none', createTextless],
]);

/** @throws UnsupportedError for a tokenizer or pre-tokenizer that this build does not know, FormatError for what it misses in the file. */
export async function loadTokenizer(vocab: Vocab): Promise<Tokenizer> {
  if (isCommon(vocab)) return createTokenizer(vocab);
  return createTokenizer(vocab, new Map([...commonFamilies, ...(await import('./more.ts')).moreFamilies]));
}

function isCommon({ model, pre = 'default' }: Vocab): boolean {
  if (model === 'gpt2') return commonPreTokenizers.some(({ names }) => names.includes(pre));
  return commonFamilies.has(model);
}

/** The same where all families that may be needed are there. */
export function createTokenizer(vocab: Vocab, families = commonFamilies): Tokenizer {
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
  const { types, ends, added } = roles;
  const nVocab = vocab.tokens.length;
  const { bosToken, eosToken, spacePrefix } = family;
  const silentEos = vocab.eosToken === undefined ? eosToken : undefined; // the family's, where the file names none
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

  /** Nothing is kept: the pieces of a vocabulary of 262,144 together would take 60 MB. */
  function bytes(token: number): Uint8Array {
    const piece = pieceOf(token);
    return isAdded(token) ? utf8(piece) : family.bytes(token);
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
    addedTokenOf: (piece) => tokenSpelled(piece, vocab, added),
    piece: pieceOf,
    bytes,
    isControl: (token) => isHidden(types[token]!),
    isAdded,
    isEndOfGeneration: (token) => ends.has(token) || token === silentEos,
    suppressed: vocab.suppressTokens ?? [],
  };
}

/** Among some tokens, the one that is spelled like this. */
function tokenSpelled(piece: string, { tokens }: Vocab, among: readonly number[]): number | undefined {
  const nBytes = utf8(piece).length;
  return among.find((token) => tokens.nBytes(token) === nBytes && tokens.at(token) === piece);
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
