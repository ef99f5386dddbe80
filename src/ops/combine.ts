import type { Op } from '../graph/graph.ts';
import { colsOf, inputCols, mismatch, operandBytes, outputsOf, param, rowsOf } from './op.ts';
import { sum } from '../base/numbers.ts';

/** A sum of up to four rows, each times a number of its token's: `out = Σⱼ coefs[first + j] · xⱼ`. */
export const combine: Op = {
  name: 'combine',
  shape(inputs, { first }) {
    const [coefs, ...xs] = inputs;
    const fits = xs.every((x) => colsOf(x) === colsOf(xs[0]!) && x.rows === coefs!.rows);
    if (!fits || xs.length < 1 || first! + xs.length > colsOf(coefs!))
      mismatch('combine', 'coefs [.., n], up to four x [.., cols]', inputs);
    return { rows: coefs!.rows!, cols: colsOf(xs[0]!) };
  },
  maxInputs: 5,
  scalars: [inputCols('nCoefs', 0), inputCols('cols', 1), param('first', 'u32')],

  reference({ out, inputs: [coefs, ...xs], node, step }) {
    const cols = colsOf(node.out);
    const nCoefs = colsOf(node.inputs[0]!);
    for (let i = 0; i < rowsOf(node.out.rows!, step) * cols; i++) {
      const first = Math.floor(i / cols) * nCoefs + node.params['first']!;
      out[i] = sum(xs.map((x, j) => coefs![first + j]! * x[i]!));
    }
  },

  cost(node, step) {
    const [coefs, ...xs] = node.inputs;
    const coefBytes = 4 * xs.length * rowsOf(coefs!.rows!, step);
    const bytes = sum([node.out, ...xs].map((value) => operandBytes(value, step))) + coefBytes;
    return { flops: 2 * xs.length * outputsOf(node, step), bytes };
  },
};
