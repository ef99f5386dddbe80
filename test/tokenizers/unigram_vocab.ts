/** A unigram vocabulary with rules for characters, small enough to be seen through: llama.cpp's goldens are of the same. */
import { Texts } from '../../src/base/texts.ts';
import type { Vocab } from '../../src/base/vocab.ts';

/** What characters become. Some keys begin others, one is two characters, one becomes nothing, one a space. */
const rules: readonly (readonly [string, string])[] = [
  ...([
    ['ﬁ', 'fi'],
    ['Å', 'Å'],
    ['A\u030a', 'Å'],
    ['e\u0301', 'é'],
    ['e\u0301\u0301', 'ê'],
    ['①', '1'],
  ] as const),
  ...([
    ['\u00a0', ' '],
    ['\u3000', ' '],
    ['\t', ' '],
    ['\n', ' '],
    ['\u200b', ''],
    ['ﷺ', 'صلى الله'],
    ['㍿', '株式会社'],
    ['…', '...'],
  ] as const),
];

const pieces: readonly (readonly [piece: string, score: number, type?: number])[] = [
  ['<pad>', 0, 3],
  ['</s>', 0, 3],
  ['<unk>', 0, 2],
  ['<mask>', 0, 4],
  ['ab', -9, 4],
  ...[...'▁abcdefghi.fiÅéê1株式会صلى'].map((piece, i): [string, number] => [piece, -4 - i / 16]),
  ['▁a', -3],
  ['▁ab', -5.5],
  ['abc', -6.25],
  ['bc', -5.125],
  ['cd', -5.125],
  ['de', -5.125],
  ['fi', -3.5],
  ['▁▁', -7],
  ['▁▁a', -6],
  ['会社', -6],
  ['العربية', -20],
  ['😀', -12],
  ['unused', -2, 5],
  ['<0x41>', 0, 6],
];

export interface UnigramFlags {
  readonly addSpacePrefix: boolean;
  readonly removeExtraWhitespaces: boolean;
}

export const unigramFlags: readonly UnigramFlags[] = [true, false].flatMap((addSpacePrefix) =>
  [true, false].map((removeExtraWhitespaces) => ({ addSpacePrefix, removeExtraWhitespaces })),
);

export function unigramVocab(flags: Partial<Vocab> = {}): Vocab {
  const distinct = pieces.filter(([piece], i) => pieces.findIndex(([other]) => other === piece) === i);
  return {
    model: 't5',
    tokens: Texts.of(distinct.map(([piece]) => piece)),
    scores: Float32Array.from(distinct.map(([, score]) => score)),
    types: Int32Array.from(distinct.map(([, , type = 1]) => type)),
    charsmap: charsmapOf(rules),
    eosToken: 1,
    unkToken: 2,
    padToken: 0,
    ...flags,
  };
}

export const unigramTexts: readonly string[] = [
  ...[
    '',
    'a',
    ' a',
    '  a',
    'a ',
    'a  b',
    ' ',
    '   ',
    '\t\n',
    'abc',
    'abcde',
    'ab abc',
    'xyz',
    'axa',
    'a xy z b',
    'ﬁ',
    'ﬁﬁ fi',
  ],
  ...[
    'Å A\u030a',
    'e\u0301',
    'e\u0301\u0301',
    'e\u0301\u0301\u0301',
    'e',
    '①②',
    'a\u00a0b',
    'a\u3000\u3000b',
    'a\u200bb',
    '\u200b',
    'ﷺ',
  ],
  ...[
    'ﷺ ﷺ',
    '㍿',
    '…',
    'a…b',
    '😀',
    '😀😀a',
    '👩‍👩‍👧',
    'العربية',
    '<mask>',
    'a <mask> b',
    'a<mask>b',
    '</s>',
    'a</s> b',
    '<unk>',
    'unused',
  ],
  ...[
    '<0x41>',
    '▁',
    '▁a',
    ' ▁ a',
    'a\u0000b',
    '\ufeffa',
    'A',
    'é ê',
    'aabbccddee',
    'fifififi',
    '  ﬁ  ',
    'a\nb\n\nc',
    '株式会社',
    '株 式会 社 ',
  ],
];

interface Node {
  readonly children: Map<number, Node>;
  value?: number;
}

/** SentencePiece's form of the rules: a double array with its keys, then its values. */
export function charsmapOf(rules: readonly (readonly [string, string])[]): Uint8Array {
  const values: number[] = [];
  const root: Node = { children: new Map() };
  for (const [from, to] of rules) {
    let node = root;
    for (const byte of new TextEncoder().encode(from)) {
      let next = node.children.get(byte);
      if (!next) node.children.set(byte, (next = { children: new Map() }));
      node = next;
    }
    node.value = values.length;
    values.push(...new TextEncoder().encode(to), 0);
  }
  const units = [0];
  const taken = new Set([0]);
  const bases = new Set<number>(); // of two nodes with one base, each would have the other's children
  const place = (node: Node, index: number): void => {
    const labels = [...(node.value === undefined ? [] : [0]), ...node.children.keys()];
    let base = 256;
    while (bases.has(base) || labels.some((label) => taken.has(base ^ label))) base++;
    bases.add(base);
    for (const label of labels) taken.add(base ^ label);
    units[index] = (units[index] ?? 0) | ((index ^ base) << 10) | (node.value === undefined ? 0 : 1 << 8);
    if (node.value !== undefined) units[base] = node.value | (1 << 31);
    for (const [label, child] of node.children) {
      units[base ^ label] = label;
      place(child, base ^ label);
    }
  };
  place(root, 0);
  const array = Uint32Array.from({ length: units.length + 256 }, (_, i) => (units[i] ?? 0) >>> 0);
  const header = Uint32Array.of(array.byteLength);
  return Uint8Array.from([...new Uint8Array(header.buffer), ...new Uint8Array(array.buffer), ...values]);
}
