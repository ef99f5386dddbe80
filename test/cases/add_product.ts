import { addProduct } from '../../src/ops/add_product.ts';
import { sizes, timedName, type OpCase, type OpCases } from './op_case.ts';

const of = (nTokens: number, rows: number, cols: number, by: number): OpCase => ({
  name: `[${nTokens}, ${rows}] plus [${rows}, ${cols}] times [${nTokens}, ${cols}] times ${by}`,
  op: addProduct,
  inputs: [
    { role: 'activation', cols: rows },
    { role: 'matrix', rows, cols },
    { role: 'activation', cols },
  ],
  params: { by },
  nTokens,
  tolerance: 1e-6,
  flops: nTokens * rows * (2 * cols + 2),
});

export const addProductCases: OpCases = {
  odd: [
    of(1, 1, 1, 3),
    of(1, 16, 16, 1),
    of(5, 13, 7, -0.3),
    of(3, 577, 20, 0.22),
    of(9, 39, 33, 2),
    of(2, 64, 64, 1e-4),
    of(1, 1039, 17, 1), // so large that threads share it
    of(9, 1039, 17, 0.22),
  ],
  timed: [1, 128].map((n) => ({ ...of(n, sizes.dim, 16, 0.22), name: timedName(n), copies: 16 })),
};
