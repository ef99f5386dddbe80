import type { Op } from '../graph/graph.ts';
import { exp } from '../base/math.ts';
import { allBytes, colsOf, inputCols, mismatch, outputsOf, rowsOf } from './op.ts';

/** What a gate lets through: `x / (1 + e^-gate)`, with a gate for each number, `[.., cols]`, or one for the row, `[.., 1]`. */
export const gate: Op = {
  name: 'gate',
  shape(inputs) {
    const [x, by] = inputs;
    const fits = x!.rows === by!.rows && (colsOf(by!) === colsOf(x!) || colsOf(by!) === 1);
    if (!fits) mismatch('gate', 'x [.., cols], gate [.., cols] or [.., 1]', inputs);
    return { rows: x!.rows!, cols: colsOf(x!) };
  },
  scalars: [inputCols('cols', 0), inputCols('gateCols', 1)],

  reference({ out, inputs: [x, by], node, step }) {
    const cols = colsOf(node.out);
    const every = cols / colsOf(node.inputs[1]!);
    for (let i = 0; i < rowsOf(node.out.rows!, step) * cols; i++)
      out[i] = x![i]! / (1 + exp(-by![Math.floor(i / every)]!));
  },

  cost: (node, step) => ({ flops: 3 * outputsOf(node, step), bytes: allBytes(node, step) }),
};
