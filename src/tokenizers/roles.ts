import { FormatError } from '../base/errors.ts';
import { counted, sum } from '../base/numbers.ts';
import { TextIndex } from '../base/texts.ts';
import type { Vocab } from '../base/vocab.ts';

/** `tokenizer.ggml.token_type`, as SentencePiece numbers it. */
export const tokenType = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;

/**
 * How models spell the tokens that end their output: of a sequence, a turn or a message. A file names one or two of them by id, but a
 * model may stop with any. These lists are llama.cpp's (`llama-vocab.cpp`, v0.5.0).
 */
const endSpellings = [
  ...['</s>', '<eos>', '[EOS]', '<|endoftext|>', '<|end_of_text|>', '<｜end▁of▁sentence｜>', '<|eom_id|>'],
  ...['<|im_end|>', '<|eot_id|>', '<|end|>', '<end_of_turn>', '<turn|>', '<end_of_utterance>', '[e~['],
  ...['<EOT>', '_<EOT>', '[EOT]', '<|return|>', '<|call|>', '<|calls|>', '<|flush|>', '<|tool_response>'],
];

/** Tokens around code that a model fills in, where a file does not name them by id. */
const fillSpellings = {
  fimPreToken: '<|fim_prefix|> <fim-prefix> <fim_prefix> <｜fim▁begin｜> <PRE> ▁<PRE> <|code_prefix|> <|prefix|>',
  fimSufToken: '<|fim_suffix|> <fim-suffix> <fim_suffix> <｜fim▁hole｜> <SUF> ▁<SUF> <|code_suffix|> <|suffix|>',
  fimMidToken: '<|fim_middle|> <fim-middle> <fim_middle> <｜fim▁end｜> <MID> ▁<MID> <|code_middle|> <|middle|>',
  fimPadToken: '<|fim_pad|> <fim-pad> <fim_pad> <PAD> [PAD]',
  fimRepToken: '<|fim_repo|> <|repo_name|> <fim-repo> <REPO> <reponame>',
  fimSepToken: '<|file_sep|>',
} as const;

/** What is filled in ends where one of these comes. */
const fillEnds: readonly (keyof typeof fillSpellings)[] = ['fimPadToken', 'fimRepToken', 'fimSepToken'];

/** In some vocabularies such a spelling ends only a part of the output: where one of each list in `with` is an end, `token` is none. */
const endExceptions: readonly {
  readonly token: string;
  readonly with: readonly (readonly string[])[];
  readonly isText?: boolean;
}[] = [
  // gpt-oss and Solar: a message ends there, and another may follow.
  {
    token: '<|end|>',
    with: [
      ['<|return|>', '<|flush|>'],
      ['<|call|>', '<|calls|>'],
    ],
  },
  { token: '</s>', with: [['<|tool_response>']], isText: true }, // Gemma 4: a closing tag of HTML
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
  const { tokens } = vocab;
  const types = vocab.types ? new Uint8Array(vocab.types) : typesFromIds(vocab);
  const fills = Object.entries(fillSpellings).flatMap(([key, spellings]) => {
    const named = vocab[key as keyof typeof fillSpellings];
    return named === undefined ? spellings.split(' ') : [];
  });
  const found = tokensSpelled(vocab, [...endSpellings, ...fills]);
  for (const token of found.values()) types[token] = tokenType.control;
  const ends = endsOf(vocab, found);
  for (const { token, with: others, isText } of endExceptions) {
    const end = found.get(token);
    if (end === undefined || !others.every((pieces) => pieces.some((piece) => found.has(piece)))) continue;
    if (isText) types[end] = tokenType.normal;
    ends.delete(end);
  }
  const added: number[] = [];
  types.forEach((type, token) => (isHidden(type) || type === tokenType.userDefined) && added.push(token));
  checkBytes(sum(added.map((token) => tokens.nBytes(token))));
  return { types, plain: new TextIndex(tokens, (token) => isText(types[token]!)), ends, added };
}

/** The first token of each spelling that the vocabulary has. */
function tokensSpelled({ tokens }: Vocab, spellings: readonly string[]): Map<string, number> {
  const wanted = new Set(spellings);
  const found = new Map<string, number>();
  const bytes = [...wanted].map((spelling) => new TextEncoder().encode(spelling));
  const isLike = (firstByte: number, nBytes: number) => firstByte * maxSpellingBytes + nBytes;
  const like = new Set(bytes.map((each) => isLike(each[0]!, each.length)));
  for (let token = 0; token < tokens.length; token++) {
    const nBytes = tokens.nBytes(token);
    if (nBytes >= maxSpellingBytes || !like.has(isLike(tokens.firstByte(token), nBytes))) continue;
    const piece = tokens.at(token)!;
    if (wanted.has(piece) && !found.has(piece)) found.set(piece, token);
  }
  return found;
}

/** More than the longest spelling has. */
const maxSpellingBytes = 64;

/** The tokens that end the output, by spelling or by id. */
function endsOf(vocab: Vocab, found: ReadonlyMap<string, number>): Set<number> {
  const spellings = [...endSpellings, ...fillEnds.flatMap((key) => fillSpellings[key].split(' '))];
  const keys = ['eosToken', 'eotToken', 'eomToken', ...fillEnds] as const;
  const ends = [...spellings.map((piece) => found.get(piece)), ...keys.map((key) => vocab[key])];
  return new Set(ends.filter((token) => token !== undefined));
}

/** @throws FormatError for added tokens that are too long together. */
function checkBytes(addedBytes: number): void {
  if (addedBytes <= maxAddedBytes) return;
  const [came, most] = [counted(addedBytes), counted(maxAddedBytes)];
  throw new FormatError(
    `tokenizer.ggml.token_type marks tokens of ${came} bytes as control or user-defined, the limit is ${most}; convert the model again?`,
  );
}

/** The same roles, but plain text turns into no user-defined token of more than one character. */
export function withoutUserDefined({ tokens }: Vocab, roles: Roles): Roles {
  const isMarkup = (token: number) => roles.types[token] === tokenType.userDefined && [...tokens.at(token)!].length > 1;
  return { ...roles, plain: new TextIndex(tokens, (token) => isText(roles.types[token]!) && !isMarkup(token)) };
}

/** A file without types still names some of its control tokens by id. */
function typesFromIds(vocab: Vocab): Uint8Array {
  const types = new Uint8Array(vocab.tokens.length).fill(tokenType.normal);
  for (const token of [vocab.bosToken, vocab.eosToken, vocab.eotToken, vocab.eomToken])
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
