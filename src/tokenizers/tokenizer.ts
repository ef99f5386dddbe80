import type { Vocab } from '../base/vocab.ts';
import type { Roles } from './roles.ts';

/** Options of `encode`. */
export interface EncodeOptions {
  /** Recognise control tokens spelled out in the text. Leave off for text a user typed: it then cannot forge one. */
  readonly special?: boolean;
  /**
   * Recognise user-defined tokens, which are text to the model and markup to some programs: `<tool_call>`. On unless turned off: then the
   * text becomes other tokens, but for user-defined tokens of a single character.
   */
  readonly userDefined?: boolean;
  /** Put the BOS token in front. */
  readonly bos?: boolean;
  /** Put the EOS token at the end. */
  readonly eos?: boolean;
}

/** A part of a text; what a user typed is not trusted. */
export interface TextSegment {
  readonly text: string;
  readonly trusted: boolean;
}

/** Text to tokens, and a token back to its bytes. Whole texts come back through `createTextStream` in `stream.ts`. */
export interface Tokenizer {
  /** Tokens are 0 … nVocab - 1. */
  readonly nVocab: number;
  readonly bosToken: number | undefined;
  readonly eosToken: number | undefined;
  /** Whether the model was trained with BOS in front and EOS at the end of a text: `{ bos: tokenizer.addBos }`. */
  readonly addBos: boolean;
  readonly addEos: boolean;
  /** `encode` writes a space before a text and after each added token; a stream takes it off again. */
  readonly spacePrefix: boolean;
  /**
   * Byte-level BPE and SentencePiece take a text as it is, like llama.cpp: `é` may be one code point or two, with other tokens for each. Qwen's
   * own tokenizer composes text first; do so with `text.normalize('NFC')` where the text comes from somewhere that decomposes.
   */
  encode(text: string, options?: EncodeOptions): number[];
  /** Like `encode` of all segments in a row, but control tokens are recognised in the trusted ones only; `userDefined` is about the others. */
  encodeSegments(segments: readonly TextSegment[], options?: Pick<EncodeOptions, 'userDefined'>): number[];
  /** The token spelled exactly like this, control tokens included. */
  tokenOf(piece: string): number | undefined;
  /** The same among control and user-defined tokens only: found without going through the vocabulary. */
  addedTokenOf(piece: string): number | undefined;
  /** How the vocabulary spells a token. */
  piece(token: number): string;
  /** The bytes of one token, not always whole characters. */
  bytes(token: number): Uint8Array;
  /** Control and unknown tokens: not text, so a stream hides them unless told otherwise. */
  isControl(token: number): boolean;
  /** Control, unknown and user-defined tokens: found in a text before anything else looks at it. */
  isAdded(token: number): boolean;
  /** The model says it is done: end of sequence, of turn or of message. */
  isEndOfGeneration(token: number): boolean;
  /** Tokens that the file says never to sample. */
  readonly suppressed: readonly number[];
}

/** One family of tokenizers. Added tokens, BOS and EOS are none of its business. */
export interface TokenizerFamily {
  /** Appends the tokens of `text`, well-formed UTF-16 without added tokens. */
  encode(text: string, tokens: number[]): void;
  /** The bytes that a normal, unused or byte token stands for. */
  bytes(token: number): Uint8Array;
  readonly bosToken: number | undefined;
  readonly eosToken: number | undefined;
  readonly addBos: boolean;
  readonly addEos: boolean;
  readonly spacePrefix: boolean;
}

export type CreateFamily = (vocab: Vocab, roles: Roles) => TokenizerFamily;

/** `text` as UTF-8. Short ones lie on the JavaScript heap: a buffer of its own outside takes a few hundred bytes, and a vocabulary has many. */
export function utf8(text: string): Uint8Array<ArrayBuffer> {
  if (3 * text.length > scratch.length) return encoder.encode(text);
  return scratch.slice(0, encoder.encodeInto(text, scratch).written);
}

const encoder = new TextEncoder();
const scratch = new Uint8Array(192);
