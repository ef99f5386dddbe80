import { FormatError } from '../base/errors.ts';
import { Texts } from '../base/texts.ts';
import type { Vocab } from '../base/vocab.ts';
import { counted } from '../base/numbers.ts';
import { checkLimit } from './limits.ts';
import type { Metadata } from './metadata.ts';

/** `LLAMA_TOKEN_NULL` as converters write it: "this model has no such token". */
const noToken = 0xffffffff;

/** Token types as ggml numbers them: 0 undefined, 1 normal, … 6 byte. */
const lastTokenType = 6;

/**
 * A tokenizer's data out of a model file's `tokenizer.ggml.*` keys.
 * @throws FormatError where a key is missing or of the wrong type, lengths differ, or an id is out of range.
 */
export function readVocab(metadata: Metadata): Vocab {
  const model = metadata.string('tokenizer.ggml.model');
  const isTextless = model === 'none' && !metadata.has('tokenizer.ggml.tokens');
  const tokens = isTextless ? noTexts(metadata) : metadata.texts('tokenizer.ggml.tokens');
  if (tokens.length === 0) throw new FormatError('tokenizer.ggml.tokens is empty, expected one piece per token');
  const token = (name: string): number | undefined =>
    readToken(metadata, `tokenizer.ggml.${name}_token_id`, tokens.length);
  const flag = (name: string): boolean | undefined => metadata.bool(`tokenizer.ggml.${name}`, undefined);
  const types = readTypes(metadata, tokens.length);
  return {
    model,
    tokens,
    architecture: metadata.string('general.architecture', undefined),
    modelName: metadata.string('general.name', undefined),
    pre: metadata.string('tokenizer.ggml.pre', undefined),
    scores: readScores(metadata, tokens.length, types),
    types,
    merges: metadata.texts('tokenizer.ggml.merges', undefined),
    bosToken: token('bos'),
    eosToken: token('eos'),
    eotToken: token('eot'),
    eomToken: token('eom'),
    fimPreToken: token('fim_pre') ?? token('prefix'),
    fimSufToken: token('fim_suf') ?? token('suffix'),
    fimMidToken: token('fim_mid') ?? token('middle'),
    fimPadToken: token('fim_pad'),
    fimRepToken: token('fim_rep'),
    fimSepToken: token('fim_sep'),
    unkToken: token('unknown'),
    sepToken: token('seperator') ?? token('separator'), // the format's own spelling is the first one
    padToken: token('padding'),
    clsToken: token('cls'),
    maskToken: token('mask'),
    addBos: flag('add_bos_token'),
    addEos: flag('add_eos_token'),
    addSpacePrefix: flag('add_space_prefix'),
    removeExtraWhitespaces: flag('remove_extra_whitespaces'),
    lowercase: flag('normalizer.lowercase'),
    stripAccents: flag('normalizer.strip_accents'),
    charsmap: readBytes(metadata, 'tokenizer.ggml.precompiled_charsmap'),
    suppressTokens: readSuppressed(metadata, tokens.length),
  };
}

/** Files without texts say how many tokens there are. */
function noTexts(metadata: Metadata): Texts {
  const key = `${metadata.string('general.architecture')}.vocab_size`;
  const nVocab = metadata.u32(key);
  checkLimit('arrayLength', nVocab, key);
  return Texts.of(new Array<string>(nVocab).fill(''));
}

function readToken(metadata: Metadata, key: string, nVocab: number): number | undefined {
  const stored = metadata.get(key);
  if (!stored || stored.value === noToken || stored.value === -1) return undefined;
  const id = metadata.u32(key);
  return id < nVocab ? id : undefined; // as if the key were not there: llama.cpp warns and goes on
}

function readTypes(metadata: Metadata, nVocab: number): Int32Array | undefined {
  const types = readPerToken(metadata, 'tokenizer.ggml.token_type', nVocab, Int32Array);
  const bad = types?.findIndex((type) => type < 0 || type > lastTokenType) ?? -1;
  if (bad >= 0)
    throw new FormatError(`tokenizer.ggml.token_type[${bad}] is ${types![bad]}, expected 0 to ${lastTokenType}`);
  return types;
}

/** Texts are cut by the scores of tokens; those of control tokens count nowhere. */
function readScores(metadata: Metadata, nVocab: number, types?: Int32Array): Float32Array | undefined {
  const key = 'tokenizer.ggml.scores';
  const scores = readPerToken(metadata, key, nVocab, Float32Array);
  const bad =
    scores?.findIndex((score, token) => !Number.isFinite(score) && [1, 4, 5].includes(types?.[token] ?? 1)) ?? -1;
  if (bad < 0) return scores;
  throw new FormatError(
    `${key}[${bad}] is ${scores![bad]}, expected a finite number; damaged file, or converted wrongly?`,
  );
}

/** Ids outside the vocabulary are passed over, as in llama.cpp. */
function readSuppressed(metadata: Metadata, nVocab: number): number[] | undefined {
  const ids = metadata.numbers('tokenizer.ggml.suppress_tokens', undefined);
  return ids && [...new Set(ids)].filter((id) => Number.isInteger(id) && id >= 0 && id < nVocab);
}

function readBytes(metadata: Metadata, key: string): Uint8Array | undefined {
  const stored = metadata.numbers(key, undefined);
  if (stored === undefined || stored instanceof Uint8Array) return stored;
  if (stored instanceof Int8Array) return new Uint8Array(stored.buffer, stored.byteOffset, stored.length);
  throw new FormatError(`${key} holds numbers of other types, expected bytes; convert the model again?`);
}

/** An array with one number per token, `[nVocab]`. */
function readPerToken<T extends Float32Array | Int32Array>(
  metadata: Metadata,
  key: string,
  nVocab: number,
  ArrayType: { new (values: ArrayLike<number>): T },
): T | undefined {
  const stored = metadata.numbers(key, undefined);
  if (!stored) return undefined;
  if (stored.length === nVocab) return stored instanceof ArrayType ? stored : new ArrayType(stored);
  throw new FormatError(
    `${key} has ${counted(stored.length)} entries for ${counted(nVocab)} tokens; convert the model again?`,
  );
}
