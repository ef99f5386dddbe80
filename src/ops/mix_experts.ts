import type { Op } from '../graph/graph.ts';
import { colsOf, inputCols, mismatch, operandBytes, outputsOf, param, rowsOf } from './op.ts';

/**
 * The sum of what the chosen experts say, each by its weight: `out[t] = Σⱼ weights[t, j] (· scales[chosen[t, j]]) · x[t, j]`; x is `[.., nUsed * cols]`,
 * chosen, from `route`, is `[.., 2 * nUsed]`, and scales, where there are any, are a number for each expert.
 */
export const mixExperts: Op = {
  name: 'mix_experts',
  shape(inputs, { nUsed }) {
    const [x, chosen] = inputs;
    const cols = colsOf(x!) / nUsed!;
    if (!Number.isInteger(cols) || colsOf(chosen!) !== 2 * nUsed! || x!.rows !== chosen!.rows) {
      mismatch('mix_experts', `x [.., ${nUsed} * cols], chosen [.., 2 * ${nUsed}], scales [nExperts]`, inputs);
    }
    return { rows: x!.rows!, cols };
  },
  maxInputs: 3,
  scalars: [inputCols('xCols', 0), param('nUsed', 'u32')],

  reference({ out, inputs: [x, chosen, scales], node, step }) {
    const { nUsed } = node.params as { nUsed: number };
    const cols = colsOf(node.out);
    for (let t = 0; t < rowsOf(node.out.rows!, step); t++) {
      for (let c = 0; c < cols; c++) {
        let sum = 0;
        for (let j = 0; j < nUsed; j++) {
          const at = t * 2 * nUsed + j;
          const weight = chosen![at + nUsed]! * (scales ? scales[chosen![at]!]! : 1);
          sum += weight * x![(t * nUsed + j) * cols + c]!;
        }
        out[t * cols + c] = sum;
      }
    }
  },

  /** As if no two rows chose the same expert until all are chosen; without scales only weights are read. */
  cost(node, step) {
    const [x, chosen, scales] = node.inputs;
    const nUsed = node.params['nUsed']!;
    const nRead = scales ? Math.min(colsOf(scales), rowsOf(node.out.rows!, step) * nUsed) : 0;
    const chosenBytes = operandBytes(chosen!, step) / (scales ? 1 : 2);
    const others = operandBytes(node.out, step) + operandBytes(x!, step);
    return { flops: 2 * nUsed * outputsOf(node, step), bytes: 4 * nRead + chosenBytes + others };
  },
};
