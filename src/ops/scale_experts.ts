import type { Op } from '../graph/graph.ts';
import { colsOf, inputCols, mismatch, operandBytes, outputsOf, param, rowsOf } from './op.ts';

/**
 * What `matmul_experts` made, times a number of each expert: `out[t, j] = x[t, j] * scales[chosen[t, j]] (+ bias[chosen[t, j]])`; x is
 * `[.., nUsed * cols]`, chosen, from `route`, is `[.., 2 * nUsed]`, scales are `[nExperts]`, and the bias is `[nExperts, cols]`.
 */
export const scaleExperts: Op = {
  name: 'scale_experts',
  shape(inputs, { nUsed }) {
    const [x, chosen, scales, bias] = inputs;
    const cols = colsOf(x!) / nUsed!;
    const biasFits = bias === undefined || (bias.shape[0] === colsOf(scales!) && colsOf(bias) === cols);
    if (!Number.isInteger(cols) || colsOf(chosen!) !== 2 * nUsed! || x!.rows !== chosen!.rows || !biasFits) {
      const expected = `x [.., ${nUsed} * cols], chosen [.., 2 * ${nUsed}], scales [nExperts], bias [nExperts, cols]`;
      mismatch('scale_experts', expected, inputs);
    }
    return { rows: x!.rows!, cols: colsOf(x!) };
  },
  maxInputs: 4,
  scalars: [inputCols('xCols', 0), param('nUsed', 'u32')],

  reference({ out, inputs: [x, chosen, scales, bias], node, step }) {
    const { nUsed } = node.params as { nUsed: number };
    const cols = colsOf(node.out) / nUsed;
    for (let t = 0; t < rowsOf(node.out.rows!, step); t++) {
      for (let j = 0; j < nUsed; j++) {
        const expert = chosen![t * 2 * nUsed + j]!;
        const by = scales![expert]!;
        for (let c = 0; c < cols; c++) {
          const at = (t * nUsed + j) * cols + c;
          out[at] = x![at]! * by + (bias ? bias[expert * cols + c]! : 0);
        }
      }
    }
  },

  /** As if no two rows chose the same expert until all are chosen; their weights are not read. */
  cost(node, step) {
    const [x, chosen, scales, bias] = node.inputs;
    const { nUsed } = node.params as { nUsed: number };
    const nRead = Math.min(colsOf(scales!), rowsOf(node.out.rows!, step) * nUsed);
    const perExpert = 4 * (1 + (bias ? colsOf(bias) : 0));
    const others = operandBytes(node.out, step) + operandBytes(x!, step) + operandBytes(chosen!, step) / 2;
    return { flops: (bias ? 2 : 1) * outputsOf(node, step), bytes: nRead * perExpert + others };
  },
};
