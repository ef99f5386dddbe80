import { matmul } from '../../src/ops/matmul.ts';
import { quants } from '../../src/quants/index.ts';
import type { QuantType } from '../../src/quants/quant_type.ts';
import type { OpCase, OpCases } from './op_case.ts';

const of = ({ name: quant }: QuantType, nTokens: number, rows: number, cols: number, hasBias = false): OpCase => ({
  name: `${quant} [${rows}, ${cols}] × ${nTokens} tokens${hasBias ? ', with a bias' : ''}`,
  op: matmul,
  inputs: [
    { role: 'matrix', rows, cols, quant },
    { role: 'activation', cols },
    ...(hasBias ? [{ role: 'vector', cols: rows } as const] : []),
  ],
  nTokens,
  // Activations are rounded to 15 bits, of 16-bit floats the weights to 13; test/kernels/matmul.test.ts has tighter bounds.
  tolerance: { f32: 1e-6, f16: 1e-3, bf16: 1e-3 }[quant as string] ?? 3e-4,
  flops: nTokens * rows * (2 * cols + (hasBias ? 1 : 0)),
});

/** Products of every type; bench/lib/matmul_cases.ts times them, over more weights than caches hold. */
export const matmulCases: OpCases = {
  odd: quants
    .filter(({ dequantize }) => dequantize)
    .flatMap((quant) => {
      const cols = quant.blockSize === 1 ? 172 : 3 * quant.blockSize;
      return [of(quant, 1, 37, cols), of(quant, 7, 37, cols, true), of(quant, 5, 3, cols)];
    }),
  timed: [],
};
