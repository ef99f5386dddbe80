import { textsOf, type Op } from '../graph/graph.ts';
import { colsOf, inputCols, mismatch, operandBytes, param, rowsOf } from './op.ts';

/**
 * Rows times a factor that grows with the position, in steps (Ministral 3's queries; Nakanishi 2025, arXiv:2501.19399): the row of
 * position p is multiplied by `factors[floor(p / every)]`, beyond the last by the last.
 */
export const temper: Op = {
  name: 'temper',
  shape(inputs) {
    const [x, factors] = inputs;
    if (x!.rows !== 'tokens' || factors!.shape.length !== 2)
      mismatch('temper', 'x [nTokens, cols], factors [1, n]', inputs);
    return { rows: 'tokens', cols: colsOf(x!) };
  },
  scalars: [inputCols('cols', 0), inputCols('nFactors', 1), param('every', 'u32')],

  reference({ out, inputs: [x, factors], node, step }) {
    const cols = colsOf(node.out);
    for (const { first, nTokens, pos } of textsOf(step)) {
      for (let t = 0; t < nTokens; t++) {
        const factor = factors![factorOf(node.inputs[1]!.shape[1]!, node.params['every']!, pos + t)]!;
        for (let i = (first + t) * cols; i < (first + t + 1) * cols; i++) out[i] = x![i]! * factor;
      }
    }
  },

  cost(node, step) {
    const { out, inputs, params } = node;
    const nTokens = rowsOf('tokens', step);
    const of = (pos: number): number => factorOf(inputs[1]!.shape[1]!, params['every']!, pos);
    const nFactors = of(step.pos + nTokens - 1) - of(step.pos) + 1;
    return { flops: nTokens * colsOf(out), bytes: 2 * operandBytes(out, step) + 4 * nFactors };
  },
};

const factorOf = (nFactors: number, every: number, pos: number): number =>
  Math.min(Math.floor(pos / every), nFactors - 1);
