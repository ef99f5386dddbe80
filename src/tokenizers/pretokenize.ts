import { UnsupportedError } from '../base/errors.ts';

/**
 * Pre-tokenizers: byte-level BPE merges only inside the words that these patterns cut a text into. The patterns are part of
 * how a model was trained; `tokenizer.ggml.pre` names them (the names are llama.cpp's, `convert_hf_to_gguf_update.py`).
 *
 * Patterns of a row apply one after the other, each inside the pieces that the one before left; the text between two matches
 * is a piece as well. They are written as in the models' own `tokenizer.json`, where `\s` is Unicode White_Space
 * (JavaScript's `\s` has U+FEFF and lacks U+0085: `compile` replaces it) and `(?i:'s)` is spelled out.
 */
export interface PreTokenizer {
  readonly names: readonly string[];
  readonly patterns: readonly Step[];
  /** A word that is a token by itself is taken as it is, even where merges would not build it. */
  readonly ignoreMerges?: true;
  /** BOS is added unless the file says otherwise. */
  readonly addBos?: true;
}

/** A pattern, or a way to cut for which no pattern is fast. */
export type Step = string | ((inner: Split) => Split);

/** Calls `word` with the pieces of `text` in order; together they are the whole text. */
export type Split = (text: string, word: (piece: string) => void) => void;

export const contractions = "'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD]";

// Words with their leading space, numbers, runs of other characters; of a run of white space all but the last one.
export const gpt2 = String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`;

// tiktoken's cl100k: any one leading character, line breaks by themselves, numbers cut to `digits`.
export const cl100k = (digits: string): string =>
  String.raw`(?:${contractions})|[^\r\n\p{L}\p{N}]?\p{L}+|${digits}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`;
export const threeDigits = String.raw`\p{N}{1,3}`;
export const oneDigit = String.raw`\p{N}`;

/** Those of most models; the others stand in `more_pretokenizers.ts`. */
export const commonPreTokenizers: readonly PreTokenizer[] = [
  {
    names: ['default'],
    patterns: [String.raw`[\p{P}$+<=>^~|]+`, gpt2, String.raw`\p{N}+`, '[0-9][0-9][0-9]'],
  },
  {
    names: [
      ...[
        'gpt-2',
        'phi-2',
        'mpt',
        'olmo',
        'jais',
        'trillion',
        'granite-docling',
        'gigachat',
        'a.x-4.0',
        'mellum',
        'exaone4',
      ],
      ...['modern-bert', 'roberta-bpe', 'jina-es', 'jina-de', 'jina-v1-en', 'jina-v2-es', 'jina-v2-de', 'jina-v2-code'],
    ],
    patterns: [gpt2],
  },
  {
    names: ['starcoder', 'refact', 'command-r', 'smollm', 'codeshell', 'exaone', 'minerva-7b', 'mellum2'],
    patterns: [oneDigit, gpt2],
  },
  {
    names: ['llama3', 'llama-v3', 'llama-bpe', 'falcon3', 'falcon-h1', 'pixtral', 'midm-2.0', 'lfm2', 'jina-v5-nano'],
    patterns: [cl100k(threeDigits)],
    ignoreMerges: true,
    addBos: true,
  },
  { names: ['dbrx', 'smaug-bpe', 'chatglm-bpe', 'glm4'], patterns: [cl100k(threeDigits)] },
  {
    names: [
      ...['qwen2', 'deepseek-r1-qwen', 'megrez', 'stablelm2', 'hunyuan', 'solar-open', 'grok-2', 'kormo', 'f2llmv2'],
    ],
    patterns: [cl100k(oneDigit)],
  },
  {
    names: ['qwen35'],
    patterns: [
      String.raw`(?:${contractions})|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
    ],
  },
];

/** @throws UnsupportedError naming `pre` and everything that is known. */
export function findPreTokenizer(pre: string, rows: readonly PreTokenizer[] = commonPreTokenizers): PreTokenizer {
  const row = rows.find(({ names }) => names.includes(pre));
  if (row) return row;
  const known = rows.flatMap(({ names }) => names).sort();
  throw new UnsupportedError(
    `tokenizer.ggml.pre is "${pre}", this build knows ${known.join(', ')}; if it splits like one of these, say so in the file`,
  );
}

export function createSplit(patterns: readonly Step[]): Split {
  let split: Split = (text, word) => word(text);
  for (const step of patterns.toReversed())
    split = typeof step === 'string' ? splitThen(compile(step), split) : step(split);
  return split;
}

function splitThen(pattern: RegExp, inner: Split): Split {
  return (text, word) => {
    let end = 0;
    pattern.lastIndex = 0;
    for (let match = pattern.exec(text); match; match = pattern.exec(text)) {
      if (match.index > end) inner(text.slice(end, match.index), word);
      end = match.index + match[0].length;
      inner(match[0], word);
    }
    if (end < text.length) inner(text.slice(end), word);
  };
}

export function compile(pattern: string): RegExp {
  return new RegExp(pattern.replaceAll('\\s', '\\p{White_Space}').replaceAll('\\S', '\\P{White_Space}'), 'gu');
}
