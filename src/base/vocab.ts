import type { Texts } from './texts.ts';

/** A tokenizer's data as a model file carries it (`tokenizer.ggml.*`), already checked for consistent lengths. Plain data. */
export interface Vocab {
  /** `tokenizer.ggml.model`: `gpt2`, `llama`, `bert`, … */
  readonly model: string;
  /** `tokenizer.ggml.pre`: names the pre-tokenizer split of a byte-level BPE; undefined when the file has none. */
  readonly pre?: string;
  /** `general.architecture`. */
  readonly architecture?: string;
  /** `general.name`: the only place where some files tell that their added tokens swallow the space after them (Phi-3). */
  readonly modelName?: string;
  /** `[nVocab]` pieces as spelled in the file (byte-level BPE spells bytes as printable code points). */
  readonly tokens: Texts;
  /** `[nVocab]` SentencePiece / WordPiece scores; undefined when absent. */
  readonly scores?: Float32Array;
  /** `[nVocab]` 1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6 byte. Undefined when absent: all normal. */
  readonly types?: Int32Array;
  /** BPE merges `"left right"`, best first. */
  readonly merges?: Texts;
  readonly bosToken?: number;
  readonly eosToken?: number;
  readonly eotToken?: number;
  readonly eomToken?: number;
  /** Around code to fill in: before, after and at the gap, and what ends it. */
  readonly fimPreToken?: number;
  readonly fimSufToken?: number;
  readonly fimMidToken?: number;
  readonly fimPadToken?: number;
  readonly fimRepToken?: number;
  readonly fimSepToken?: number;
  readonly unkToken?: number;
  readonly sepToken?: number;
  readonly padToken?: number;
  readonly clsToken?: number;
  readonly maskToken?: number;
  /** Flags `tokenizer.ggml.add_*` / `remove_extra_whitespaces`; undefined when the file is silent (defaults differ by model). */
  readonly addBos?: boolean;
  readonly addEos?: boolean;
  readonly addSpacePrefix?: boolean;
  readonly removeExtraWhitespaces?: boolean;
  /** `tokenizer.ggml.normalizer.*`: BERT's text without capitals and accents; undefined: as `lowercase` is, which is true. */
  readonly lowercase?: boolean;
  readonly stripAccents?: boolean;
  /** `tokenizer.ggml.precompiled_charsmap`: SentencePiece's rules for characters that become others. */
  readonly charsmap?: Uint8Array;
  /** Tokens that are never to be sampled. */
  readonly suppressTokens?: readonly number[];
}
