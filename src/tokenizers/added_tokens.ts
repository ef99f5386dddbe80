import { FormatError } from '../base/errors.ts';
import { counted, sum } from '../base/numbers.ts';
import { TextIndex } from '../base/texts.ts';
import type { Vocab } from '../base/vocab.ts';
import { createPieceSearch } from './piece_search.ts';

/** `tokenizer.ggml.token_type`, as SentencePiece numbers it. */
export const tokenType = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;

/**
 * How models spell the tokens that end their output: of a sequence, a turn or a message, or (the last rows) of a piece of
 * code to fill in. A file names one or two of them by id, but a model may stop with any.
 */
const endSpellings = [
  ...['</s>', '<eos>', '[EOS]', '<|endoftext|>', '<|end_of_text|>', '<｜end▁of▁sentence｜>'],
  ...['<|im_end|>', '<|eot_id|>', '<|eom_id|>', '<|end|>', '<end_of_turn>', '<turn|>', '<end_of_utterance>', '[e~['],
  ...['<EOT>', '_<EOT>', '[EOT]', '<|return|>', '<|call|>', '<|calls|>', '<|flush|>', '<|tool_response>'],
  ...['<|fim_pad|>', '<fim-pad>', '<fim_pad>', '<PAD>', '[PAD]'],
  ...['<|fim_repo|>', '<|repo_name|>', '<fim-repo>', '<REPO>', '<reponame>', '<|file_sep|>'],
];

const endsBeginWith = new Set(endSpellings.map((spelling) => spelling.charCodeAt(0)));

/**
 * In some vocabularies such a spelling ends only a part of the output: where all of `with` exist, the output goes on after
 * `token`.
 */
const endExceptions: readonly {
  readonly token: string;
  readonly with: readonly string[];
  readonly isText?: boolean;
}[] = [
  { token: '<|end|>', with: ['<|return|>', '<|call|>'] }, // gpt-oss: ends a message, more channels may follow
  { token: '<|end|>', with: ['<|calls|>', '<|flush|>'] }, // Solar
  { token: '</s>', with: ['<|tool_response>'], isText: true }, // Gemma 4: a closing tag of HTML
];

/** Of all together. Searching for them takes some 50 bytes of memory for each; the largest vocabularies have about 200,000. */
const maxAddedBytes = 2 ** 20;

/** What each token is for. */
export interface Roles {
  /** `[nVocab]` the file's types, corrected where an end token is not marked as control. */
  readonly types: Uint8Array;
  /** Normal, user-defined and unused pieces: all that plain text may turn into. */
  readonly plain: TextIndex;
  readonly ends: ReadonlySet<number>;
  /** Control, unknown and user-defined tokens, in order. */
  readonly added: readonly number[];
}

/**
 * Sorts the vocabulary by role. `plain` has no control, unknown or byte tokens, so that no merge and no whole-word look-up
 * can make one from text. Of two tokens spelled alike the first one counts.
 */
export function assignRoles(vocab: Vocab): Roles {
  const nVocab = vocab.tokens.length;
  const types = vocab.types ? new Uint8Array(vocab.types) : typesFromIds(vocab);
  const spelled = new Set(endSpellings);
  const ends = new Map<string, number>();
  const special: number[] = [];
  for (let token = 0; token < nVocab; token++) {
    const piece = endsBeginWith.has(vocab.tokens.firstByte(token)) ? vocab.tokens.at(token)! : '';
    if (spelled.has(piece) && !ends.has(piece)) {
      ends.set(piece, token);
      types[token] = tokenType.control;
    }
    if (isHidden(types[token]!) || types[token] === tokenType.userDefined) special.push(token);
  }
  for (const { token, with: others, isText } of endExceptions) {
    if (!ends.has(token) || !others.every((piece) => ends.has(piece))) continue;
    if (isText) types[ends.get(token)!] = tokenType.normal;
    ends.delete(token);
  }
  const plain = new TextIndex(vocab.tokens, (token) => isText(types[token]!));
  const added = special.filter((token) => types[token] !== tokenType.normal);
  const addedBytes = sum(added.map((token) => vocab.tokens.nBytes(token)));
  if (addedBytes > maxAddedBytes) {
    const [came, most] = [counted(addedBytes), counted(maxAddedBytes)];
    throw new FormatError(
      `tokenizer.ggml.token_type marks tokens of ${came} bytes as control or user-defined, the limit is ${most}; convert the model again?`,
    );
  }
  const named = [vocab.eosToken, vocab.eotToken].filter((token) => token !== undefined);
  return { types, plain, ends: new Set([...ends.values(), ...named]), added };
}

/** The same roles, but plain text turns into no user-defined token of more than one character. */
export function withoutUserDefined({ tokens }: Vocab, roles: Roles): Roles {
  const isMarkup = (token: number) => roles.types[token] === tokenType.userDefined && [...tokens.at(token)!].length > 1;
  return { ...roles, plain: new TextIndex(tokens, (token) => isText(roles.types[token]!) && !isMarkup(token)) };
}

/** A file without types still names some of its control tokens by id. */
function typesFromIds(vocab: Vocab): Uint8Array {
  const types = new Uint8Array(vocab.tokens.length).fill(tokenType.normal);
  for (const token of [vocab.bosToken, vocab.eosToken, vocab.eotToken])
    if (token !== undefined) types[token] = tokenType.control;
  if (vocab.unkToken !== undefined) types[vocab.unkToken] = tokenType.unknown;
  return types;
}

export function isText(type: number): boolean {
  return type !== tokenType.unknown && type !== tokenType.control && type !== tokenType.byte;
}

export function isHidden(type: number): boolean {
  return type === tokenType.control || type === tokenType.unknown;
}

/** Which added tokens a text may contain. */
export interface Recognised {
  /** Control and unknown tokens. */
  readonly special: boolean;
  readonly userDefined: boolean;
}

/** Cuts a text at its added tokens; `text` and `token` are called in order. Pieces of text are never empty. */
export type AddedTokenSplit = (text: string, to: { text(part: string): void; token(token: number): void }) => void;

/** Finds added tokens from left to right, the longest at each place, in linear time. */
export function createAddedTokenSplit(
  vocab: Vocab,
  { types, added }: Roles,
  { special, userDefined }: Recognised,
): AddedTokenSplit {
  const wanted = added.filter((token) => (types[token] === tokenType.userDefined ? userDefined : special));
  const pieces = wanted.map((token) => vocab.tokens.at(token)!);
  const search = createPieceSearch(pieces);
  const eatsSpace = trailingSpaceRule(vocab);
  return (text, to) => {
    const places: number[] = []; // where an added token begins, and which one, from the last to the first
    search(text, (at, piece) => places.push(at, piece));
    let end = 0; // of the text handed on
    for (let i = places.length - 2; i >= 0; i -= 2) {
      const [at, piece] = [places[i]!, places[i + 1]!];
      if (at < end) continue;
      if (at > end) to.text(text.slice(end, at));
      to.token(wanted[piece]!);
      end = at + pieces[piece]!.length;
      if (eatsSpace(wanted[piece]!)) while (end < text.length && asciiSpace.has(text.charCodeAt(end))) end++;
    }
    if (end < text.length) to.text(text.slice(end));
  };
}

const asciiSpace = new Set([...' \t\n\v\f\r'].map((c) => c.charCodeAt(0)));

/** Phi-3's added tokens swallow the white space after them, all but these. Its files tell so by name only. */
const phi3KeepsSpace = new Set(['<unk>', '<s>', '<|endoftext|>']);

function trailingSpaceRule(vocab: Vocab): (token: number) => boolean {
  const isPhi3 = /phi-?3/i.test(vocab.modelName ?? '');
  return (token) => isPhi3 && !phi3KeepsSpace.has(vocab.tokens.at(token)!);
}
