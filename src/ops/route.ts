import type { Op } from '../graph/graph.ts';
import { exp } from '../base/math.ts';
import { allBytes, colsOf, elementsIn, inputCols, mismatch, param, rowsOf } from './op.ts';

/**
 * How a router's scores become numbers that are compared and, of those chosen, weigh their experts: over all experts, for each by
 * itself, or over the chosen ones alone.
 */
export const gatings = ['softmax', 'sigmoid', 'softmax of the chosen'] as const;
export type Gating = (typeof gatings)[number];

/** Smallest sum that weights are divided by: what llama.cpp takes. */
const LEAST_SUM = 6.103515625e-5;

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

/** Scalars of a node. */
export type RouteParams = Readonly<Record<'nUsed' | 'gating' | 'norm' | 'scale', number>>;

/**
 * What becomes of one row.
 * @param favoured what is compared in place of the scores, which weigh all the same
 */
export function routed(
  scores: number[],
  biases: readonly number[] | undefined,
  { nUsed, gating, norm, scale }: RouteParams,
  favoured = scores,
): { readonly chosen: number[]; readonly weights: number[] } {
  const gated = gate(scores, gatings[gating]!);
  const compared = favoured === scores ? gated : gate(favoured, gatings[gating]!);
  const ranks = compared.map((p, e) => (Number.isNaN(p) ? -Infinity : p + (biases ? biases[e]! : 0)));
  const chosen = [...ranks.keys()].sort((a, b) => ranks[b]! - ranks[a]! || a - b).slice(0, nUsed);
  let weights = chosen.map((e) => gated[e]!);
  if (gatings[gating] === 'softmax of the chosen') weights = softmax(weights);
  const total = norm
    ? Math.max(
        weights.reduce((sum, w) => sum + w, 0),
        LEAST_SUM,
      )
    : 1;
  const lost = scores.some(Number.isNaN) ? NaN : 1;
  return { chosen, weights: weights.map((w) => (w / total) * scale * lost) };
}

function gate(scores: number[], gating: Gating): number[] {
  if (gating === 'sigmoid') return scores.map((z) => 1 / (1 + exp(-z)));
  return gating === 'softmax' ? softmax(scores) : scores;
}

function softmax(scores: readonly number[]): number[] {
  const max = scores.reduce((most, z) => Math.max(most, z), -Infinity);
  const powers = scores.map((z) => exp(z - max));
  const sum = powers.reduce((total, p) => total + p, 0);
  return powers.map((p) => p / sum);
}
