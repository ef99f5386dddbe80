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
  readonly patterns: readonly string[];
  /** A word that is a token by itself is taken as it is, even where merges would not build it. */
  readonly ignoreMerges?: true;
  /** BOS is added unless the file says otherwise. */
  readonly addBos?: true;
}

const contractions = "'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD]";

// Words with their leading space, numbers, runs of other characters; of a run of white space all but the last one.
const gpt2 = String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`;

// tiktoken's cl100k: any one leading character, line breaks by themselves, numbers cut to `digits`.
const cl100k = (digits: string): string =>
  String.raw`(?:${contractions})|[^\r\n\p{L}\p{N}]?\p{L}+|${digits}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`;
const threeDigits = String.raw`\p{N}{1,3}`;
const oneDigit = String.raw`\p{N}`;

// tiktoken's o200k: words also end where a capital follows a small letter; `suffix` may follow a word.
const upper = String.raw`[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`;
const lower = String.raw`[\p{Ll}\p{Lm}\p{Lo}\p{M}]`;
const o200k = (suffix: string, digits: string): string =>
  String.raw`[^\r\n\p{L}\p{N}]?${upper}*${lower}+${suffix}|[^\r\n\p{L}\p{N}]?${upper}+${lower}*${suffix}` +
  String.raw`|${digits}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`;

// Letters with case as DeepSeek lists them, by their first and last code points.
const deepseekLetters = [
  ...[
    'A-Z',
    'a-z',
    'B5',
    'C0-D6',
    'D8-F6',
    'F8-1BA',
    '1BC-1BF',
    '1C4-293',
    '295-2AF',
    '370-373',
    '376',
    '377',
    '37B-37D',
    '37F',
  ],
  ...[
    '386',
    '388-38A',
    '38C',
    '38E-3A1',
    '3A3-3F5',
    '3F7-481',
    '48A-52F',
    '531-556',
    '10A0-10C5',
    '13A0-13F5',
    '13F8-13FD',
  ],
  ...[
    '1C90-1CBA',
    '1CBD-1CBF',
    '1D00-1D2B',
    '1D6B-1D77',
    '1D79-1D9A',
    '1E00-1F15',
    '1F18-1F1D',
    '1F20-1F45',
    '1F48-1F4D',
  ],
  ...['1F50-1F57', '1F59', '1F5B', '1F5D', '1F5F-1F7D', '1F80-1FB4', '1FB6-1FBC', '1FBE', '1FC2-1FC4', '1FC6-1FCC'],
  ...[
    '1FD0-1FD3',
    '1FD6-1FDB',
    '1FE0-1FEC',
    '1FF2-1FF4',
    '1FF6-1FFC',
    '2102',
    '2107',
    '210A-2113',
    '2115',
    '2119-211D',
  ],
  ...['2124', '2126', '2128', '212A-212D', '212F-2134', '2139', '213C-213F', '2145-2149', '214E', '2183', '2184'],
  ...['2C00-2C7B', '2C7E-2CE4', '2CEB-2CEE', '2CF2', '2CF3', 'A640-A66D', 'A680-A69B', 'A722-A76F', 'A771-A787'],
  ...['A78B-A78E', 'AB70-ABBF', 'FB00-FB06', 'FB13-FB17', 'FF21-FF3A', 'FF41-FF5A', '10400-1044F', '104B0-104D3'],
  ...['104D8-104FB', '10C80-10CB2', '10CC0-10CF2', '118A0-118DF', '1E900-1E943'],
];
/** A class of code points, by the first and last of each range in hexadecimal (`A-Z` is letters). */
export const characterClass = (ranges: readonly string[]): string =>
  `[${ranges.map((range) => (/^[A-Za-z]-/.test(range) ? range : range.replace(/[0-9A-F]+/g, '\\u{$&}'))).join('')}]`;
const deepseekPunctuation = characterClass(['21-2F', '3A-7E', 'FF01-FF0F', 'FF1A-FF5E', '2018-201F', '3000-3002']);
const cjkAndMore = characterClass(['4E00-9FA5', '800-4E00', 'AC00-D7FF']);
const cjkAndKana = characterClass(['4E00-9FA5', '3040-309F', '30A0-30FF']);
const deepseek3 =
  String.raw`[!"#$%&'()*+,\-.\/:;<=>?@\[\\\]^_${'`'}{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+` +
  String.raw`| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`;

// BLOOM: runs of anything but white space and the punctuation of several scripts.
const bloom = String.raw` ?[^(\s|.,!?\u2026\u3002\uFF0C\u3001\u0964\u06D4\u060C)]+`;

export const preTokenizers: readonly PreTokenizer[] = [
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
  { names: ['minicpm5'], patterns: [threeDigits, cl100k(String.raw`\p{N}+`)], ignoreMerges: true },
  {
    names: ['bailingmoe', 'bailingmoe2', 'llada-moe'],
    patterns: [
      String.raw`(?:${contractions})|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+`,
    ],
  },
  {
    names: ['seed-coder'],
    patterns: [
      String.raw`(?:${contractions})|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}\r\n]+|\s*[\r\n]+|\s+(?!\S)|\s+`,
    ],
  },
  {
    names: ['falcon'],
    patterns: [String.raw`[\p{P}$+<=>^~|${'`'}]+`, gpt2, '[0-9][0-9][0-9]'],
  },
  {
    names: ['deepseek-llm'],
    patterns: [
      String.raw`[\r\n]`,
      String.raw`\s?${characterClass(deepseekLetters)}+`,
      String.raw`\s?${deepseekPunctuation}+`,
      String.raw`(?<!\s)\s+$`, // the look-behind only saves time: without it each place in a run of spaces is tried
      `${cjkAndMore}+`,
      String.raw`\p{N}+`,
    ],
  },
  {
    names: ['deepseek-coder'],
    patterns: [String.raw`[\r\n]`, String.raw`\s?\p{L}+`, String.raw`\s?\p{P}+`, `${cjkAndMore}+`, String.raw`\p{N}`],
  },
  {
    names: ['deepseek-v3', 'hunyuan-dense', 'joyai-llm', 'hy_v4'],
    patterns: [threeDigits, `${cjkAndKana}+`, deepseek3],
  },
  { names: ['tekken'], patterns: [o200k('', oneDigit)], ignoreMerges: true, addBos: true },
  {
    names: ['gpt-4o', 'llama4', 'kanana2', 'talkie', 'minimax-m2'],
    patterns: [o200k(`(?:${contractions})?`, threeDigits)],
  },
  { names: ['granite-embed-multi-97m'], patterns: [o200k(`(?:${contractions})?`, threeDigits)], ignoreMerges: true },
  { names: ['bloom', 'poro-chat', 'gpt3-finnish'], patterns: [bloom] },
  { names: ['viking'], patterns: [bloom, oneDigit] },
  {
    names: ['chameleon'],
    patterns: [
      '<sentinel:[0-9]+>',
      'IMGIMG[A-I]{1,4}Z',
      String.raw`[\t\n]|    |  `,
      oneDigit,
      String.raw`[\p{P}!-\/:-@\[-${'`'}{-~]`,
      gpt2,
    ],
    addBos: true,
  },
];

/** @throws UnsupportedError naming `pre` and everything that is known. */
export function findPreTokenizer(pre: string): PreTokenizer {
  const row = preTokenizers.find(({ names }) => names.includes(pre));
  if (row) return row;
  const known = preTokenizers.flatMap(({ names }) => names).sort();
  throw new UnsupportedError(
    `tokenizer.ggml.pre is "${pre}", this build knows ${known.join(', ')}; if it splits like one of these, say so in the file`,
  );
}

/** Calls `word` with the pieces of `text` in order; together they are the whole text. */
export type Split = (text: string, word: (piece: string) => void) => void;

export function createSplit(patterns: readonly string[]): Split {
  let split: Split = (text, word) => word(text);
  for (const pattern of patterns.toReversed()) split = splitThen(compile(pattern), split);
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

function compile(pattern: string): RegExp {
  return new RegExp(pattern.replaceAll('\\s', '\\p{White_Space}').replaceAll('\\S', '\\P{White_Space}'), 'gu');
}
