import type { Op, Value } from '../graph/graph.ts';
import { allBytes, colsOf, inputCols, mismatch, outputsOf, rowsOf } from './op.ts';

/** Columns times numbers of their own, `x[.., cols] · weight[cols]`, or of their row, `x[.., cols] · other[.., cols]`. */
export const multiply: Op = {
  name: 'multiply',
  shape(inputs) {
    const [x, weight] = inputs;
    const differs = weight!.rows !== undefined && weight!.rows !== x!.rows;
    if (colsOf(x!) !== colsOf(weight!) || differs)
      mismatch('multiply', 'x [.., cols], weight [cols] or [.., cols]', inputs);
    return { rows: x!.rows!, cols: colsOf(x!) };
  },
  scalars: [inputCols('cols', 0), { name: 'stride', type: 'u32', of: (node) => strideOf(node.inputs[1]!) }],

  reference({ out, inputs: [x, weight], node, step }) {
    const cols = colsOf(node.out);
    const isOfRows = strideOf(node.inputs[1]!) > 0;
    for (let i = 0; i < rowsOf(node.out.rows!, step) * cols; i++) out[i] = x![i]! * weight![isOfRows ? i : i % cols]!;
  },

  cost: (node, step) => ({ flops: outputsOf(node, step), bytes: allBytes(node, step) }),
};

/** From one row's numbers to those of the next: none where all rows have the same. */
const strideOf = (weight: Value): number => (weight.rows ? colsOf(weight) : 0);
