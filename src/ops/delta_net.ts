import type { Op } from '../graph/graph.ts';
import { elementsOf } from '../graph/tensor.ts';
import { exp } from '../base/math.ts';
import { allBytes, colsOf, inputCols, mismatch, operandBytes, param, rowsOf } from './op.ts';
import { softplus } from './softplus.ts';

/**
 * The gated delta rule (Yang et al. 2024, arXiv:2412.06464). Each value head has a matrix `S[headDim, headDim]` that maps keys to values.
 * A token lets it fade, corrects what it says about the token's key, and asks it with the token's query:
 *
 *     S ← decay · S                            decay = e^(a · softplus(alpha + dt))
 *     S ← S + k (beta · (v - Sᵀ k))ᵀ           beta = 1 / (1 + e^-beta)
 *     out = Sᵀ q
 *
 * `q` and `k` are `[nTokens, nKeyHeads * headDim]`, `v` is `[nTokens, nHeads * headDim]`, `alpha` and `beta` are `[nTokens, nHeads]`,
 * `a` and `dt` have nHeads numbers; the state is `[nHeads * headDim, headDim]`, a row for each column of the keys. Value head h has the
 * query and the key of head `h % nKeyHeads`. Tokens follow each other in every column of S, so the bits do not depend on how a text is cut.
 */
export const deltaNet: Op = {
  name: 'delta_net',
  shape(inputs, { headDim }) {
    const [q, k, v, alpha, beta, a, dt, state] = inputs;
    const nHeads = colsOf(v!) / headDim!;
    const nKeyHeads = colsOf(k!) / headDim!;
    const areWhole = Number.isInteger(nHeads) && Number.isInteger(nKeyHeads) && nHeads % nKeyHeads === 0;
    const eachHead = [colsOf(alpha!), colsOf(beta!), elementsOf(a!), elementsOf(dt!), state!.shape[0]! / headDim!];
    const fits =
      areWhole && colsOf(q!) === colsOf(k!) && eachHead.every((n) => n === nHeads) && colsOf(state!) === headDim;
    if (!fits) {
      const heads = `q and k [nTokens, nKeyHeads * ${headDim}], v [nTokens, nHeads * ${headDim}], alpha and beta [nTokens, nHeads]`;
      mismatch('delta_net', `${heads}, a and dt [nHeads], state [nHeads * ${headDim}, ${headDim}]`, inputs);
    }
    return { rows: 'tokens', cols: colsOf(v!) };
  },
  changes: [7],
  scalars: [inputCols('keyCols', 1), inputCols('cols', 2), param('headDim', 'u32')],

  reference({ out, inputs: [q, k, v, alpha, beta, a, dt, state], node, step }) {
    const { headDim } = node.params as { headDim: number };
    const cols = colsOf(node.out);
    const keyCols = colsOf(node.inputs[1]!);
    const nHeads = cols / headDim;
    for (let t = 0; t < rowsOf('tokens', step); t++) {
      for (let head = 0; head < nHeads; head++) {
        const one = t * nHeads + head;
        const decay = exp(a![head]! * softplus(alpha![one]! + dt![head]!));
        const rate = 1 / (1 + exp(-beta![one]!));
        const key = t * keyCols + ((head * headDim) % keyCols);
        for (let col = 0; col < headDim; col++) {
          const s = head * headDim * headDim + col; // of row i: s + i * headDim
          let known = 0;
          for (let i = 0; i < headDim; i++) known += state![s + i * headDim]! * decay * k![key + i]!;
          const value = t * cols + head * headDim + col;
          const correction = rate * (v![value]! - known);
          let answer = 0;
          for (let i = 0; i < headDim; i++) {
            state![s + i * headDim] = state![s + i * headDim]! * decay + k![key + i]! * correction;
            answer += state![s + i * headDim]! * q![key + i]!;
          }
          out[value] = answer;
        }
      }
    }
  },

  /** Of each number of S: fade, ask, correct, ask. */
  cost(node, step) {
    const [, , , , , , , state] = node.inputs;
    const flops = 7 * elementsOf(state!) * rowsOf('tokens', step);
    return { flops, bytes: allBytes(node, step) + operandBytes(state!, step) };
  },
};
