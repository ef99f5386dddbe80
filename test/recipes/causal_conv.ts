import type { Op } from '../../src/graph/graph.ts';
import { allBytes, colsOf, inputCols, mismatch, operandBytes, outputsOf } from '../../src/ops/op.ts';

/**
 * A short causal convolution of each column by itself: `out[t, c] = Σⱼ taps[c, j] · x[t - (nTaps - 1) + j, c]`. The rows before
 * the step are in a state, `tail[nTaps - 1, cols]`, which the step replaces by the last rows of what it has seen.
 */
export const causalConv: Op = {
  name: 'causal_conv',
  shape(inputs) {
    const [x, taps, tail] = inputs;
    const [cols, nTaps] = taps!.shape;
    const fits = x!.rows === 'tokens' && colsOf(x!) === cols && colsOf(tail!) === cols && tail!.shape[0] === nTaps! - 1;
    if (!fits) mismatch('causal_conv', 'x [nTokens, cols], taps [cols, nTaps], tail [nTaps - 1, cols]', inputs);
    return { rows: 'tokens', cols: cols! };
  },
  changes: [2],
  scalars: [inputCols('cols', 0), inputCols('nTaps', 1)],

  reference({ out, inputs: [x, taps, tail], node, step }) {
    const [cols, nTaps] = node.inputs[1]!.shape as [number, number];
    const nTail = nTaps - 1;
    const nTokens = step.tokens.length;
    for (let c = 0; c < cols; c++) {
      const at = (row: number): number => (row < nTail ? tail![row * cols + c]! : x![(row - nTail) * cols + c]!);
      for (let t = 0; t < nTokens; t++) {
        let sum = 0;
        for (let j = 0; j < nTaps; j++) sum += taps![c * nTaps + j]! * at(t + j);
        out[t * cols + c] = sum;
      }
      for (let row = 0; row < nTail; row++) tail![row * cols + c] = at(nTokens + row);
    }
  },

  cost(node, step) {
    const [, taps, tail] = node.inputs;
    const flops = 2 * colsOf(taps!) * outputsOf(node, step);
    return { flops, bytes: allBytes(node, step) + operandBytes(tail!, step) };
  },
};
