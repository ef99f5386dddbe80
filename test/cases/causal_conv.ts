import { causalConv } from '../../src/ops/causal_conv.ts';
import { timedName, type OpCase, type OpCases } from './op_case.ts';

interface Options {
  readonly bias?: boolean;
  readonly silu?: boolean;
  /** Of the taps. */
  readonly quant?: string;
}

const of = (nTokens: number, cols: number, nTaps: number, options: Options = {}): OpCase => {
  const { bias = false, silu = false, quant = 'f32' } = options;
  const more = `${bias ? ', bias' : ''}${silu ? ', silu' : ''}${quant === 'f32' ? '' : `, ${quant}`}`;
  return {
    name: `${nTokens} tokens, ${nTaps} taps of ${cols} columns${more}`,
    op: causalConv,
    inputs: [
      { role: 'activation', cols, size: 2 },
      { role: 'matrix', rows: cols, cols: nTaps, quant },
      { role: 'state', rows: nTaps - 1, cols, size: 2 },
      ...(bias ? [{ role: 'vector', cols } as const] : []),
    ],
    params: { silu: silu ? 1 : 0 },
    nTokens,
    tolerance: 1e-6,
    flops: (2 * nTaps + (bias ? 1 : 0) + (silu ? 3 : 0)) * nTokens * cols,
  };
};

export const causalConvCases: OpCases = {
  odd: [
    of(1, 1, 2),
    of(1, 7, 3, { silu: true }),
    of(2, 33, 4, { bias: true }), // fewer tokens than the tail has rows
    of(3, 129, 4, { bias: true, silu: true }),
    of(5, 64, 4, { quant: 'bf16', silu: true }),
    of(37, 576, 3, { quant: 'f16' }),
    of(2, 300, 9),
    of(1, 5, 1), // no tail
  ],
  // of Qwen 3.5 with 16 heads for keys and 16 for values, and of LFM2
  timed: [1, 128].flatMap((n) => [
    { ...of(n, 6144, 4, { silu: true }), name: `${timedName(n)}, 4 taps`, copies: 16 },
    { ...of(n, 2048, 3), name: `${timedName(n)}, 3 taps`, copies: 16 },
  ]),
};
