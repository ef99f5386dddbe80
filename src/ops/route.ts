import { routed, type RouteParams } from '../graph/routing.ts';
import type { Op } from '../graph/graph.ts';
import { allBytes, colsOf, elementsIn, inputCols, mismatch, param, rowsOf } from './op.ts';

/**
 * Chooses experts (Shazeer et al. 2017, arXiv:1701.06538): scores `[nRows, nExperts]`, and a bias of each expert that counts for the choice
 * alone → `[nRows, 2 * nUsed]`: the numbers of the chosen experts, the best first, then their weights. Of equal scores the
 * first is the better one. With `norm` the weights are divided by their sum; they are multiplied by `scale`.
 * A score that is NaN makes all weights of its row NaN.
 */
export const route: Op = {
  name: 'route',
  shape(inputs, { nUsed }) {
    const [scores, bias] = inputs;
    if (bias && colsOf(bias) !== colsOf(scores!)) mismatch('route', 'scores [.., nExperts], bias [nExperts]', inputs);
    if (nUsed! > colsOf(scores!)) mismatch('route', `scores of at least ${nUsed} experts`, inputs);
    return { rows: scores!.rows!, cols: 2 * nUsed! };
  },
  maxInputs: 2,
  scalars: [
    inputCols('nExperts', 0),
    param('nUsed', 'u32'),
    param('gating', 'u32'),
    param('norm', 'u32'),
    param('scale', 'f32'),
  ],

  reference({ out, inputs: [scores, bias], node, step }) {
    const { nUsed } = node.params as unknown as RouteParams;
    const nExperts = colsOf(node.inputs[0]!);
    for (let t = 0; t < rowsOf(node.out.rows!, step); t++) {
      const row = Array.from({ length: nExperts }, (_, e) => scores![t * nExperts + e]!);
      const biases = bias && row.map((_, e) => bias[e]!);
      const { chosen, weights } = routed(row, biases, node.params as unknown as RouteParams);
      out.set(chosen, t * 2 * nUsed);
      out.set(weights, t * 2 * nUsed + nUsed);
    }
  },

  cost: (node, step) => ({ flops: 4 * elementsIn(node.inputs[0]!, step), bytes: allBytes(node, step) }),
};
