import type { Op } from '../graph/graph.ts';
import { exp } from '../base/math.ts';
import { allBytes, colsOf, inputCols, mismatch, operandBytes, outputsOf, param } from './op.ts';

/**
 * A short causal convolution of each column by itself: `out[t, c] = Σⱼ taps[c, j] · x[t - (nTaps - 1) + j, c] (+ bias[c])`, and
 * where `silu` is 1, `silu` of that. The rows before the step are in a state, `tail[nTaps - 1, cols]`, which the step replaces by
 * the last rows of what it has seen.
 */
export const causalConv: Op = {
  name: 'causal_conv',
  shape(inputs) {
    const [x, taps, tail, bias] = inputs;
    const [cols, nTaps] = taps!.shape;
    const fits = x!.rows === 'tokens' && colsOf(x!) === cols && colsOf(tail!) === cols && tail!.shape[0] === nTaps! - 1;
    if (!fits || (bias && colsOf(bias) !== cols)) {
      mismatch('causal_conv', 'x [nTokens, cols], taps [cols, nTaps], tail [nTaps - 1, cols], bias [cols]', inputs);
    }
    return { rows: 'tokens', cols: cols! };
  },
  changes: [2],
  maxInputs: 4,
  scalars: [inputCols('cols', 0), inputCols('nTaps', 1), param('silu', 'u32')],

  reference({ out, inputs: [x, taps, tail, bias], node, step }) {
    const [cols, nTaps] = node.inputs[1]!.shape as [number, number];
    const nTail = nTaps - 1;
    const nTokens = step.tokens.length;
    for (let c = 0; c < cols; c++) {
      const at = (row: number): number => (row < nTail ? tail![row * cols + c]! : x![(row - nTail) * cols + c]!);
      for (let t = 0; t < nTokens; t++) {
        let sum = bias ? bias[c]! : 0;
        for (let j = 0; j < nTaps; j++) sum += taps![c * nTaps + j]! * at(t + j);
        out[t * cols + c] = node.params['silu'] ? sum / (1 + exp(-sum)) : sum;
      }
      for (let row = 0; row < nTail; row++) tail![row * cols + c] = at(nTokens + row);
    }
  },

  cost(node, step) {
    const [, taps, tail, bias] = node.inputs;
    const each = 2 * colsOf(taps!) + (bias ? 1 : 0) + (node.params['silu'] ? 3 : 0);
    return { flops: each * outputsOf(node, step), bytes: allBytes(node, step) + operandBytes(tail!, step) };
  },
};
