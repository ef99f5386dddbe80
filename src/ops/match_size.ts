import type { Op } from '../graph/graph.ts';
import { allBytes, colsOf, inputCols, mismatch, outputsOf, rowsOf } from './op.ts';

/** Rows made as long as those of another: `x · ‖other‖ / ‖x‖`. */
export const matchSize: Op = {
  name: 'match_size',
  shape(inputs) {
    const [x, other] = inputs;
    if (colsOf(x!) !== colsOf(other!) || x!.rows !== other!.rows)
      mismatch('match_size', 'two operands of one shape', inputs);
    return { rows: x!.rows!, cols: colsOf(x!) };
  },
  scalars: [inputCols('cols', 0)],

  reference({ out, inputs: [x, other], node, step }) {
    const cols = colsOf(node.out);
    for (let begin = 0; begin < rowsOf(node.out.rows!, step) * cols; begin += cols) {
      let [own, wanted] = [0, 0];
      for (let i = begin; i < begin + cols; i++) {
        own += x![i]! ** 2;
        wanted += other![i]! ** 2;
      }
      const factor = Math.sqrt(wanted / own);
      for (let i = begin; i < begin + cols; i++) out[i] = x![i]! * factor;
    }
  },

  cost: (node, step) => ({ flops: 5 * outputsOf(node, step), bytes: allBytes(node, step) }),
};
