import { describe, expect, it } from 'vitest';
import { stepCheck } from '../../src/backends/checks.ts';
import { createWasmBackend } from '../../src/backends/wasm/wasm.ts';
import { textSteps, type TextStep } from '../../src/engine/text_steps.ts';
import type { Graph, StepText } from '../../src/graph/graph.ts';
import { nodeHost } from '../backends/wasm/support.ts';
import { openBytes } from '../helpers/open.ts';
import { encoderPrompt, tinyEncoder } from '../helpers/tiny_encoders.ts';

const limits = { nCtx: 512, maxTokens: 128, maxLogits: 16, maxTexts: 16 };

/** Lengths of some texts, the same on every machine. */
const lengthsOf = (n: number, most: number): number[] =>
  Array.from({ length: n }, (_, i) => 1 + ((i * i * 31 + i * 17) % most));

const stepsOf = (lengths: readonly number[], changes = {}): TextStep[] => [
  ...textSteps(
    lengths.map((n, i) => new Int32Array(n).fill(i)),
    { ...limits, ...changes },
  ),
];

describe('texts in steps', () => {
  it('lie one behind the other, each on blocks of its own, within the limits', () => {
    const lengths = lengthsOf(300, 128);
    const steps = stepsOf(lengths);
    expect(steps.flatMap(({ indices }) => indices)).toEqual(lengths.map((_, i) => i));
    for (const { step, indices, isEnd } of steps) {
      expect(isEnd).toBe(true);
      const texts = step.texts!;
      expect(texts.map(({ nTokens }) => nTokens)).toEqual(indices.map((i) => lengths[i]));
      expect([...step.tokens]).toEqual(indices.flatMap((i) => new Array<number>(lengths[i]!).fill(i)));
      const check = () => stepCheck(graph)({ ...step, tokens: step.tokens.map(() => 0), nLogits: texts.length });
      expect(check).not.toThrow();
    }
    expect(steps.length).toBeLessThan(300);
  });

  it('are as many as fit: by tokens, by blocks of the caches, by number', () => {
    const nTexts = (lengths: number[], changes = {}) => stepsOf(lengths, changes)[0]!.indices.length;
    expect(nTexts(new Array<number>(99).fill(40))).toBe(3);
    expect(nTexts(new Array<number>(99).fill(1))).toBe(16);
    expect(nTexts(new Array<number>(99).fill(1), { nCtx: 100 })).toBe(4);
    expect(nTexts(new Array<number>(99).fill(1), { maxTexts: 5 })).toBe(5);
  });

  it('have steps of their own where they are longer than one', () => {
    const steps = stepsOf([3, 300, 4]);
    expect(steps.map(({ indices, isEnd }) => [indices, isEnd])).toEqual([
      [[0], true],
      [[1], false],
      [[1], false],
      [[1], true],
      [[2], true],
    ]);
    expect(steps.slice(1, 4).map(({ step }) => [step.pos, step.tokens.length, step.texts])).toEqual([
      [0, 128, undefined],
      [128, 128, undefined],
      [256, 44, undefined],
    ]);
  });
});

const graph = { ...limits, nodes: [] } as unknown as Graph;

describe('a step of several texts', () => {
  const check = (texts: readonly StepText[], nTokens = 40, changes = {}) =>
    stepCheck({ ...graph, ...changes })({ tokens: new Int32Array(nTokens), pos: 0, nLogits: 1, texts });
  const good = [
    { first: 0, nTokens: 33, pos: 0, base: 0 },
    { first: 33, nTokens: 7, pos: 0, base: 64 },
  ];

  it('is taken where they fit', () => expect(() => check(good)).not.toThrow());

  it.each([
    ['rows that overlap', [good[0]!, { ...good[1]!, first: 32 }]],
    ['rows left out', [good[0]!, { ...good[1]!, first: 34 }]],
    ['a place in the caches that is taken', [good[0]!, { ...good[1]!, base: 32 }]],
    ['a place inside a block', [good[0]!, { ...good[1]!, base: 65 }]],
    ['a text beyond the caches', [good[0]!, { ...good[1]!, base: 512 }]],
    ['an empty text', [{ ...good[0]!, nTokens: 0 }, good[1]!]],
    ['fewer tokens than the step', [good[0]!]],
    ['no text', []],
  ])('is refused with %s', (_, texts) => expect(() => check(texts)).toThrow(/do not fit a step of 40 tokens/));

  it('is refused by a graph that has room for one', () => {
    expect(() => check(good, 40, { maxTexts: 1 })).toThrow(RangeError);
    expect(() => check([{ first: 0, nTokens: 40, pos: 0, base: 0 }], 40, { maxTexts: undefined })).toThrow(RangeError);
  });
});

it('memory for one program is enough for every pooling, one after the other', async () => {
  const model = await openBytes(tinyEncoder('gemma-embedding'), { nCtx: 64 }, ({ weights, graph }) =>
    createWasmBackend({ weights, graph, maxSessions: 1, threads: 1, build: 'simd', host: nodeHost() }),
  );
  const embedder = await model.embedder();
  const around = { pause: () => Promise.resolve(), onProgress: () => undefined };
  for (const pooling of ['mean', 'cls', 'none', 'last', 'mean'] as const) {
    const [row] = await embedder.read([encoderPrompt], pooling, around);
    expect(row).toHaveLength(pooling === 'none' ? 64 * encoderPrompt.length : 64);
  }
  await model.close();
});
