import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Parts, type MarkedText, type SaidPart } from '../../src/chat/parts.ts';
import { thoughtsOf, type Thoughts } from '../../src/chat/thoughts.ts';
import { seeded } from '../tokenizers/vocabs.ts';

const folder = new URL('../fixtures/chat/templates/', import.meta.url);
const template = (name: string): string => readFileSync(new URL(`${name}.jinja`, folder), 'utf8');
const noTokens = () => false;
const found = (source: string, tokens: readonly string[] = []): Thoughts | undefined =>
  thoughtsOf({ template: source, isToken: (piece) => tokens.includes(piece) });

/** The pieces of each part together, and what was heard in which order. */
function told(thoughts: Thoughts, pieces: readonly MarkedText[], before?: MarkedText & { goesOn?: boolean }) {
  const parts = new Parts(thoughts);
  if (before) parts.startAfter(before, { goesOn: before.goesOn ?? false });
  const all = [...pieces.flatMap((piece) => parts.push(piece)), ...parts.end()];
  expect(all.filter(({ text }) => text === '')).toEqual([]);
  const merged: SaidPart[] = [];
  for (const { type, text } of all) {
    const last = merged.at(-1);
    if (last?.type === type) merged[merged.length - 1] = { type, text: last.text + text };
    else merged.push({ type, text });
  }
  return merged.map(({ type, text }) => `${type}: ${text}`);
}

const think = found('</think>')!;
const each = (text: string): MarkedText[] => [...text].map((character) => ({ text: character }));

describe('the marks that a model makes', () => {
  test.each([
    ['Qwen-Qwen3-0.6B', '<think>', '</think>'],
    ['HuggingFaceTB-SmolLM3-3B', '<think>', '</think>'],
    ['deepseek-ai-DeepSeek-R1-Distill-Qwen-32B', '<think>', '</think>'],
    ['openai-gpt-oss-120b', '<|channel|>analysis<|message|>', '<|end|>'],
  ])('%s thinks between %s and %s', (name, begin, end) => {
    const { marks } = found(template(name))!;
    const spelled = (from: string) => marks.find(({ inside }) => inside === from)!.elements.join('');
    expect([spelled('text'), spelled('thinking')]).toEqual([begin, end]);
  });

  test('models whose templates know no thoughts have none', () => {
    const others = readdirSync(folder).filter((file) => !/Qwen3|SmolLM3|DeepSeek|gpt-oss/.test(file));
    expect(others.length).toBeGreaterThan(4);
    for (const file of others) expect(found(template(file.replace('.jinja', ''))), file).toBeUndefined();
  });

  test('are those of the vocabulary where the template says nothing', () => {
    expect(found('', ['<think>', '</think>'])!.tokens).toEqual(['<think>', '</think>']);
    expect(found('', ['[THINK]'])!.marks[0]!.elements).toEqual(['[THINK]']);
    expect(found('{{ messages }}')).toBeUndefined();
  });

  test('are tokens as far as the vocabulary has them', () => {
    expect(found('<|channel|> <|message|>', ['<|channel|>', '<|message|>', '<|end|>'])!.tokens).toEqual(['<|channel|>', '<|message|>', '<|end|>']); // prettier-ignore
    expect(thoughtsOf({ template: '</think>', isToken: noTokens })!.tokens).toEqual([]);
  });
});

describe('an answer', () => {
  test.each<[string, string[]]>([
    ['Hello', ['text: Hello']],
    ['  indented\n', ['text:   indented\n']],
    ['\n', ['text: \n']],
    ['<think>\nI see.\n</think>\n\nParis.', ['thinking: I see.', 'text: Paris.']],
    ['\n<think>a b</think>c d', ['thinking: a b', 'text: c d']],
    ['<think>\n\n</think>\n\nParis.\n', ['text: Paris.\n']],
    ['<think>\n', []],
    ['<think>cut off ', ['thinking: cut off ']],
    ['<think>cut </thi', ['thinking: cut </thi']],
    ['<think>done</think>', ['thinking: done']],
    ['<think>done</think>\n\n', ['thinking: done']],
    ['no <b>tag</b> <thin', ['text: no <b>tag</b> <thin']],
    ['a </think> b', ['text: a </think> b']],
    ['<think>a <think> b</think> c </think> d', ['thinking: a <think> b', 'text: c </think> d']],
    ['One. <think>x</think> Two.', ['text: One. ', 'thinking: x', 'text:  Two.']],
    ['<think>a</think>b<think>\nc\n</think>d', ['thinking: a', 'text: b', 'thinking: \nc', 'text: d']],
    ['<think>a\n\nb </think>\tc', ['thinking: a\n\nb', 'text: c']],
  ])('%j is told apart, in whatever pieces it comes', (text, expected) => {
    expect(told(think, [{ text }])).toEqual(expected);
    expect(told(think, each(text))).toEqual(expected);
  });

  test('of a tag around it is without the tag, where it is around it', () => {
    const granite = found('<think> </think> <response> </response>')!;
    for (const [text, expected] of [
      ['<think>a</think>\n<response>b</response>\n', ['thinking: a', 'text: b\n']],
      ['<response>b</response> c', ['text: b</response> c']],
      ['b <response>c', ['text: b <response>c']],
      ['b</response> </response>', ['text: b</response> ']],
      ['<resp', ['text: <resp']],
    ] as const) {
      expect(told(granite, [{ text }]), text).toEqual(expected);
      expect(told(granite, each(text)), text).toEqual(expected);
    }
  });

  test('may begin inside a thought that the prompt has opened', () => {
    const before = { text: '<|im_start|>assistant\n<think>\n' };
    expect(told(think, each('Hm.\n</think>\n\nYes.'), before)).toEqual(['thinking: Hm.', 'text: Yes.']);
    expect(told(think, each('Yes.'), { text: 'assistant\n<think>\n\n</think>\n\n' })).toEqual(['text: Yes.']);
    expect(told(think, each('Yes.'), { text: 'what is <think> for? assistant\n' })).toEqual(['text: Yes.']);
    expect(told(think, each('on</think>Yes.'), { text: 'assistant\n<think>go', goesOn: true })).toEqual(['thinking: on', 'text: Yes.']); // prettier-ignore
    expect(told(think, each('on'), { text: '<think>go</think>x', goesOn: true })).toEqual(['text: on']);
  });

  test('may go on inside a mark, what was told of it is not told again', () => {
    const on = (before: string, text: string) => told(think, each(text), { text: before, goesOn: true });
    expect(on('assistant\n<thi', 'nk>\na</think>b')).toEqual(['thinking: a', 'text: b']);
    expect(on('assistant\n<think>a</', 'think>\n\nb')).toEqual(['text: b']);
    expect(on('assistant\n<think>a</think>', '\n\nb')).toEqual(['text: b']);
    expect(on('assistant\n<think>a</', 'b>c</think>d')).toEqual(['thinking: b>c', 'text: d']);
    expect(on('assistant\n<thi', '')).toEqual([]);
    expect(on('a <', '<think>b')).toEqual(['thinking: b']);
    expect(told(think, each('nk>b'), { text: 'assistant\n<thi' })).toEqual(['text: nk>b']); // of the prompt
  });
});

describe('marks that are tokens', () => {
  const tokens = ['<think>', '</think>'];
  const byToken = found('</think>', tokens)!;

  /** Pieces of text; those that are marks are tokens. */
  function pieces(texts: readonly string[], marked: readonly string[] = tokens): MarkedText[] {
    let nChars = 0;
    return texts.map((text) => {
      const at = nChars;
      nChars += text.length;
      return marked.includes(text) ? { text, marks: [at] } : { text };
    });
  }

  test('count as tokens only: spelled out, they are text', () => {
    expect(told(byToken, pieces(['<think>', 'the tag ', '</', 'think', '>', ' ends', '</think>', 'ok']))).toEqual(['thinking: the tag </think> ends', 'text: ok']); // prettier-ignore
    expect(told(byToken, each('<think>a</think>b'))).toEqual(['text: <think>a</think>b']);
  });

  test('may be cut', () => {
    const solar = found('<|begin|>assistant<|think|>', ['<|begin|>', '<|think|>', '<|content|>', '<|end|>'])!;
    const before = { text: 'x<|end|><|begin|>assistant', marks: [1, 8], goesOn: true };
    expect(told(solar, [{ text: '<|think|>', marks: [0] }, { text: 'a' }], before)).toEqual(['thinking: a']);
    expect(told(solar, [{ text: '<|think|>a' }], before)).toEqual(['text: <|think|>a']); // no token
  });

  test('may come after the place was told, or with more text', () => {
    const late: MarkedText[] = [
      { text: '', marks: [0] },
      { text: '<th' },
      { text: 'ink>a' },
      { text: '</think>b', marks: [8] },
    ];
    expect(told(byToken, late)).toEqual(['thinking: a', 'text: b']);
  });

  test('of MiniMax-M3: an answer without thoughts may begin with the mark behind them', () => {
    const minimax = found('<mm:think> </mm:think>')!;
    expect(told(minimax, each('</mm:think>Yes.'))).toEqual(['text: Yes.']);
    expect(told(minimax, each('<mm:think>Hm</mm:think>Yes.'))).toEqual(['thinking: Hm', 'text: Yes.']);
  });

  test("of Gemma 4: a thought is one of its channels, and may be empty in the prompt's end", () => {
    const gemma = found('<|channel>thought\n<channel|>', ['<|channel>', '<channel|>'])!;
    const marked = ['<|channel>', '<channel|>'];
    expect(told(gemma, pieces(['<|channel>', 'thought', '\n', 'Hm', '<channel|>', 'Yes'], marked))).toEqual(['thinking: Hm', 'text: Yes']); // prettier-ignore
    const before = { text: '<|turn>model\n<|channel>thought\n<channel|>', marks: [13, 31] };
    expect(told(gemma, pieces(['Yes'], marked), before)).toEqual(['text: Yes']);
    expect(told(gemma, pieces(['<|channel>', 'other', '\n', 'x'], marked))).toEqual(['text: <|channel>other\nx']);
  });
});

test('a text with many marks takes as long as its length', () => {
  const granite = found('<think> </think> <response> </response>')!;
  const ms = (n: number): number => {
    const started = performance.now();
    new Parts(granite).startAfter({ text: '<think></think>'.repeat(n) }, { goesOn: false });
    return performance.now() - started;
  };
  ms(5000);
  expect(ms(40_000)).toBeLessThan(2000); // 20 to 60 ms; 18 s when each mark was looked for to the end
});

describe('whatever a model says', () => {
  const spaceless = (text: string) => text.replace(/\s+/g, '');
  const ways = [
    '</think>',
    '<think> </think> <response> </response>',
    '<|channel|><|message|>',
    '[THINK]',
    '<|channel><channel|>',
    '<|begin|>assistant<|think|>', // prettier-ignore
  ].map((source) => found(source)!);

  /** Only marks and white space may be missing, and all else comes in order. */
  test('is all there, in order, but for marks and white space, however it is cut', () => {
    const random = seeded(5);
    const one = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
    for (let i = 0; i < 3000; i++) {
      const thoughts = one(ways);
      const marks = [...thoughts.marks.map(({ elements }) => elements.join('')), ...(thoughts.around ?? [])];
      const bits = [
        ...marks,
        ...marks.map((mark) => mark.slice(0, 1 + random() * mark.length)),
        ' ',
        '\n',
        'a',
        'b c',
        '<',
        '👩‍👩',
        '```',
      ];
      const text = Array.from({ length: random() * 12 }, () => one(bits)).join('');
      const cuts: MarkedText[] = [];
      for (let at = 0; at < text.length;) {
        const n = 1 + Math.floor(random() * 6);
        cuts.push({ text: text.slice(at, (at += n)) });
      }
      const whole = told(thoughts, [{ text }]);
      expect(told(thoughts, cuts), JSON.stringify(text)).toEqual(whole);
      const parts = new Parts(thoughts);
      const out = [...parts.push({ text }), ...parts.end()].map((part) => part.text).join('');
      const anyMark = new RegExp([...marks].sort((a, b) => b.length - a.length).map((mark) => mark.replace(/[|[\]<>/]/g, '\\$&')).join('|'), 'g'); // prettier-ignore
      // what is missing is white space and whole marks: the output is the text with some of them left out
      expect(
        isLeftBy(spaceless(text), spaceless(out), anyMark),
        `${JSON.stringify(text)} -> ${JSON.stringify(out)}`,
      ).toBe(true);
    }
  });

  /** Whether `out` is `text` with some marks left out. */
  function isLeftBy(text: string, out: string, anyMark: RegExp): boolean {
    const reach = new Set([0]); // how much of `out` may be explained by the text so far
    const ends = new Map<number, number[]>();
    for (let at = 0; at < text.length; at++) {
      for (let n = 1; at + n <= text.length; n++) {
        const piece = text.slice(at, at + n);
        if (piece.replace(anyMark, '') === '') ends.set(at, [...(ends.get(at) ?? []), at + n]);
      }
    }
    const states = Array.from({ length: text.length + 1 }, () => new Set<number>());
    states[0] = reach;
    for (let at = 0; at < text.length; at++) {
      for (const k of states[at]!) {
        if (out[k] === text[at]) states[at + 1]!.add(k + 1);
        for (const end of ends.get(at) ?? []) states[end]!.add(k);
      }
    }
    return states[text.length]!.has(out.length);
  }

  test('takes time linear in its length', () => {
    const thoughts = found('<think> </think> <response> </response>')!;
    for (const unit of ['<', '<think', ' ', '\n', '</think>', '<think>', 'word ', '</response> ']) {
      const time = (n: number) => {
        const parts = new Parts(thoughts);
        const start = performance.now();
        for (let i = 0; i < n; i++) parts.push({ text: unit });
        parts.end();
        return performance.now() - start;
      };
      time(1000);
      let ratio = Infinity;
      for (let i = 0; i < 3 && ratio > 40; i++) ratio = time(20_000) / Math.max(time(2000), 4);
      expect(ratio, unit).toBeLessThan(40);
    }
  });
});
