import { embed } from '../../src/ops/embed.ts';
import { quants } from '../../src/quants/index.ts';
import type { QuantType } from '../../src/quants/quant_type.ts';
import type { OpCase, OpCases } from './op_case.ts';

const of = ({ name: quant }: QuantType, nTokens: number, rows: number, cols: number): OpCase => ({
  name: `${nTokens} of ${rows} rows of ${cols}, ${quant}`,
  op: embed,
  inputs: [{ role: 'matrix', rows, cols, quant }],
  nTokens,
  // f16 and bf16 may be kept as fixed point, and a GPU makes zeros of the subnormal numbers that mxfp4 has
  tolerance: { f16: 2 ** -12, bf16: 2 ** -12, mxfp4: 2 ** -120 }[quant as string] ?? 0,
  flops: 0,
});

/** Lookups in tables of every type; bench/lib/matmul_cases.ts times them. */
export const embedCases: OpCases = {
  odd: quants
    .filter(({ dequantize }) => dequantize)
    .flatMap((quant) => [of(quant, 6, 37, 3 * Math.max(quant.blockSize, 11))]),
  timed: [],
};
