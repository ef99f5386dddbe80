import { textsOf, type Op } from '../graph/graph.ts';
import { colsOf, inputCols, mismatch, operandBytes, param } from './op.ts';

/** What `pool` makes of a text's rows, by its param `which`: the first (BERT's [CLS]), their mean, or the last. */
export const poolKinds = ['cls', 'mean', 'last'] as const;

/** One row for the rows of each text of a step; `nLogits` of the step is how many texts there are. */
export const pool: Op = {
  name: 'pool',
  shape(inputs) {
    if (inputs[0]!.rows !== 'tokens') mismatch('pool', 'x [nTokens, cols]', inputs);
    return { rows: 'logits', cols: colsOf(inputs[0]!) };
  },
  scalars: [inputCols('cols', 0), param('which', 'u32')],

  reference({ out, inputs: [x], node, step }) {
    const cols = colsOf(node.out);
    const kind = poolKinds[node.params['which']!];
    for (const [i, { first, nTokens }] of textsOf(step).slice(0, step.nLogits).entries()) {
      const begin = kind === 'last' ? first + nTokens - 1 : first;
      const nRows = kind === 'mean' ? nTokens : 1;
      for (let col = 0; col < cols; col++) {
        let sum = 0;
        for (let row = begin; row < begin + nRows; row++) sum += x![row * cols + col]!;
        out[i * cols + col] = sum / nRows;
      }
    }
  },

  cost({ out, inputs: [x], params }, step) {
    const isMean = poolKinds[params['which']!] === 'mean';
    const bytes = operandBytes(isMean ? x! : out, step);
    return { flops: isMean ? bytes / 4 : 0, bytes: bytes + operandBytes(out, step) };
  },
};
