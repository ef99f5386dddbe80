import type { Texts } from './texts.ts';

/** A tokenizer's data as a model file carries it (`tokenizer.ggml.*`), already checked for consistent lengths. Plain data. */
export interface Vocab {
  /** `tokenizer.ggml.model`: `gpt2`, `llama`, `bert`, … */
  readonly model: string;
  /** `tokenizer.ggml.pre`: names the pre-tokenizer split of a byte-level BPE; undefined when the file has none. */
  readonly pre?: string;
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
}
