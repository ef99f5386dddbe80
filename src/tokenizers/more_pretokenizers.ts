import { characterClass } from './character_class.ts';
import {
  cl100k,
  commonPreTokenizers,
  compile,
  contractions,
  gpt2,
  oneDigit,
  threeDigits,
  type PreTokenizer,
  type Step,
} from './pretokenize.ts';

/**
 * Numbers are cut into groups of three from the right, as they are read: 1|234|567. A pattern would look ahead to the end of the number
 * from each group: a time quadratic in its length. `alone`: the number is also cut from what stands before and after it.
 */
function inThrees(numbers: string, { alone } = { alone: true }): Step {
  const pattern = compile(numbers);
  return (inner) => (text, word) => {
    let end = 0;
    const cut = (at: number) => {
      if (at > end) inner(text.slice(end, at), word);
      end = at;
    };
    for (const { 0: number, index } of text.matchAll(pattern)) {
      const digits = [...number];
      const nFirst = digits.length % 3;
      if (alone || nFirst === 0) cut(index);
      let at = index;
      digits.forEach((digit, i) => {
        if (i > 0 && i % 3 === nFirst) cut(at);
        at += digit.length;
      });
      if (alone) cut(at);
    }
    cut(text.length);
  };
}

// tiktoken's o200k: words also end where a capital follows a small letter; `suffix` may follow a word.
const upper = String.raw`[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`;
const lower = String.raw`[\p{Ll}\p{Lm}\p{Lo}\p{M}]`;
const suffixes = `(?:${contractions})?`;
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
const deepseekPunctuation = characterClass(['21-2F', '3A-7E', 'FF01-FF0F', 'FF1A-FF5E', '2018-201F', '3000-3002']);
const cjkAndMore = characterClass(['4E00-9FA5', '800-4E00', 'AC00-D7FF']);
const cjkAndKana = characterClass(['4E00-9FA5', '3040-309F', '30A0-30FF']);
const deepseek3 =
  String.raw`[!"#$%&'()*+,\-.\/:;<=>?@\[\\\]^_${'`'}{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+` +
  String.raw`| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`;

// BLOOM: runs of anything but white space and the punctuation of several scripts.
const bloom = String.raw` ?[^(\s|.,!?\u2026\u3002\uFF0C\u3001\u0964\u06D4\u060C)]+`;

// As cl100k, but a run of white space is cut into the longest powers of two that nothing else follows.
const jais2 =
  cl100k(threeDigits).slice(0, -String.raw`\s+(?!\S)|\s+`.length) +
  [512, 256, 128, 64, 32, 16, 8, 4, '1,2'].map((n) => String.raw`\s{${n}}(?!\S)|`).join('') +
  String.raw`\s`;

// Words go on over single spaces.
const exaoneMoe =
  String.raw`(?:${contractions})|[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|\p{N}` +
  String.raw`| ?[^\s\p{L}\p{N}]+[\r\n\/]?|\s*[\r\n]|\s+(?!\S)|\s+`;

const asianScripts = characterClass([
  ...['4E00-9FFF', '3400-4DBF', 'F900-FAFF', '3040-309F', '30A0-30FF', 'FF65-FF9F', '2F00-2FDF', 'E40-E7F'],
  ...['E80-EFF', '1780-17FF', '1000-109F', 'AA60-AA7F', 'A9E0-A9FF', 'AC00-D7AF', '1100-11FF'],
]);

const spark = deepseek3.replace(String.raw`[\r\n]*|\s*[\r\n]+`, String.raw`|[\r\n]`);

const youtu = [
  ['AC00-D7A3', '3131-318E'],
  ['FF01', '2026', '201C', '201D', '2018', '2019', '2014', 'FF1A', 'FF1B', 'FF0C', '3001-303F', 'FE30-FE4F'],
  ['3105-312F'],
  ['4E00-9FA5', '3040-309F', '30A0-30FF'],
]
  .map((ranges) => `${characterClass(ranges)}+`)
  .join('|');

// o200k without Chinese characters, which are words of their own.
const notHan = (characters: string) => String.raw`(?:(?!\p{Script=Han})${characters})`;
const kimi =
  String.raw`\p{Script=Han}+|` +
  o200k(suffixes, threeDigits)
    .replaceAll(upper, notHan(upper))
    .replaceAll(lower, notHan(lower))
    .replace(String.raw`[\r\n/]*`, String.raw`[\r\n]*`);

export const preTokenizers: readonly PreTokenizer[] = [
  ...commonPreTokenizers,
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
    patterns: [o200k(suffixes, threeDigits)],
  },
  { names: ['granite-embed-multi-97m'], patterns: [o200k(suffixes, threeDigits)], ignoreMerges: true },
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
  { names: ['laguna'], patterns: [String.raw`[^\n]+|\n+`, cl100k(oneDigit)] },
  { names: ['ufakzeka'], patterns: [cl100k(oneDigit).slice(`(?:${contractions})|`.length)] }, // Turkish suffixes follow an apostrophe
  { names: ['jais-2'], patterns: [jais2] },
  { names: ['exaone-moe'], patterns: [exaoneMoe] },
  { names: ['superbpe'], patterns: [String.raw`\p{N}+`, inThrees(String.raw`\p{Nd}+`, { alone: false })] },
  { names: ['afmoe'], patterns: [inThrees(String.raw`\p{N}+`), `${asianScripts}+`, deepseek3] },
  {
    names: ['tiny_aya', 'cohere2moe'],
    patterns: [inThrees(String.raw`(?<!\p{Nd})\p{Nd}+(?![\p{L}\p{M}\p{N}\p{Pc}])`), o200k(suffixes, threeDigits)],
  },
  { names: ['spark2_5'], patterns: [threeDigits, `${cjkAndKana}+`, spark, oneDigit] },
  { names: ['youtu'], patterns: [youtu, o200k(suffixes, oneDigit)], ignoreMerges: true },
  { names: ['kimi-k2'], patterns: [kimi] },
];
