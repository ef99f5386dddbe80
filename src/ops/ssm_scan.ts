import type { Op } from '../graph/graph.ts';
import { elementsOf } from '../graph/tensor.ts';
import { exp } from '../base/math.ts';
import { allBytes, colsOf, inputCols, mismatch, operandBytes, param, rowsOf } from './op.ts';
import { softplus } from './softplus.ts';

/**
 * The state-space scan of Mamba-2 (Dao & Gu 2024, arXiv:2405.21060). Each head has a matrix `H[stateDim, headDim]` that fades and takes in
 * what a token says; the token reads it with numbers of its own:
 *
 *     step = softplus(delta + dt)
 *     H ← e^(a · step) · H + b (step · x)ᵀ
 *     out = Hᵀ c + d · x
 *
 * `x` is `[nTokens, nHeads * headDim]`, `b` and `c` are `[nTokens, nGroups * stateDim]`, `delta` is `[nTokens, nHeads]`, `a`, `d` and `dt` have
 * nHeads numbers; the state is `[nHeads * stateDim, headDim]`. As many heads as there are for each group share its b and c. Tokens follow
 * each other in every number of H, so the bits do not depend on how a text is cut.
 */
export const ssmScan: Op = {
  name: 'ssm_scan',
  shape(inputs, { stateDim }) {
    const [x, b, c, delta, a, d, dt, state] = inputs;
    const nHeads = colsOf(delta!);
    const nGroups = colsOf(b!) / stateDim!;
    const eachHead = [elementsOf(a!), elementsOf(d!), elementsOf(dt!), state!.shape[0]! / stateDim!];
    const fits =
      Number.isInteger(nGroups) &&
      nHeads % nGroups === 0 &&
      colsOf(c!) === colsOf(b!) &&
      eachHead.every((n) => n === nHeads);
    if (!fits || colsOf(state!) * nHeads !== colsOf(x!)) {
      const rows = `x [nTokens, nHeads * headDim], b and c [nTokens, nGroups * ${stateDim}], delta [nTokens, nHeads]`;
      mismatch('ssm_scan', `${rows}, a, d and dt [nHeads], state [nHeads * ${stateDim}, headDim]`, inputs);
    }
    return { rows: 'tokens', cols: colsOf(x!) };
  },
  changes: [7],
  scalars: [inputCols('cols', 0), inputCols('groupCols', 1), inputCols('nHeads', 3), param('stateDim', 'u32')],

  reference({ out, inputs: [x, b, c, delta, a, d, dt, state], node, step }) {
    const { stateDim } = node.params as { stateDim: number };
    const nHeads = colsOf(node.inputs[3]!);
    const cols = colsOf(node.out);
    const headDim = cols / nHeads;
    const groupCols = colsOf(node.inputs[1]!);
    const headsPerGroup = (nHeads * stateDim) / groupCols;
    for (let t = 0; t < rowsOf('tokens', step); t++) {
      for (let head = 0; head < nHeads; head++) {
        const by = softplus(delta![t * nHeads + head]! + dt![head]!);
        const fade = exp(a![head]! * by);
        const group = t * groupCols + Math.floor(head / headsPerGroup) * stateDim;
        for (let col = 0; col < headDim; col++) {
          const at = t * cols + head * headDim + col;
          let sum = 0;
          for (let n = 0; n < stateDim; n++) {
            const h = (head * stateDim + n) * headDim + col;
            state![h] = fade * state![h]! + b![group + n]! * (by * x![at]!);
            sum += state![h]! * c![group + n]!;
          }
          out[at] = sum + d![head]! * x![at]!;
        }
      }
    }
  },

  /** Of each number of H: fade, take in, read. */
  cost(node, step) {
    const [, , , , , , , state] = node.inputs;
    const flops = 5 * elementsOf(state!) * rowsOf('tokens', step);
    return { flops, bytes: allBytes(node, step) + operandBytes(state!, step) };
  },
};
