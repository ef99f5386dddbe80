import { matmulExperts } from '../../src/ops/matmul_experts.ts';
import { quants } from '../../src/quants/index.ts';
import type { QuantType } from '../../src/quants/quant_type.ts';
import { choicesOf } from './choices.ts';
import type { OpCase, OpCases } from './op_case.ts';

interface Shape {
  readonly nExperts: number;
  readonly nUsed: number;
  readonly rows: number;
  readonly cols: number;
  /** A row of activations for each choice. */
  readonly isWide?: boolean;
  readonly hasBias?: boolean;
}

const of = ({ name: quant }: QuantType, nTokens: number, shape: Shape): OpCase => {
  const { nExperts, nUsed, rows, cols, isWide, hasBias } = shape;
  const what = `${isWide ? ', a row for each' : ''}${hasBias ? ', with a bias' : ''}`;
  return {
    name: `${quant}, ${nUsed} of ${nExperts} × [${rows}, ${cols}] × ${nTokens} tokens${what}`,
    op: matmulExperts,
    inputs: [
      { role: 'stack', nMatrices: nExperts, rows, cols, quant },
      { role: 'activation', cols: isWide ? nUsed * cols : cols },
      choicesOf(nExperts, nUsed),
      ...(hasBias ? [{ role: 'constant', rows: nExperts, cols: rows } as const] : []),
    ],
    params: { nUsed },
    nTokens,
    tolerance: { f32: 1e-6, f16: 1e-3, bf16: 1e-3 }[quant as string] ?? 3e-4, // as for `matmul`
    flops: nTokens * nUsed * rows * (2 * cols + (hasBias ? 1 : 0)),
  };
};

/** One token, few, and so many that some experts multiply by tiles and others do not. */
export const matmulExpertsCases: OpCases = {
  odd: quants
    .filter(({ dequantize }) => dequantize)
    .flatMap((quant) => {
      const cols = quant.blockSize === 1 ? 44 : quant.blockSize;
      return [
        of(quant, 1, { nExperts: 5, nUsed: 3, rows: 19, cols }),
        of(quant, 21, { nExperts: 4, nUsed: 2, rows: 19, cols, isWide: true, hasBias: true }),
        of(quant, 5, { nExperts: 7, nUsed: 2, rows: 3, cols, hasBias: true }),
      ];
    }),
  timed: [],
};
