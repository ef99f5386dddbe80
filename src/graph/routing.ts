import { exp } from '../base/math.ts';

/**
 * How a router's scores become numbers that are compared and, of those chosen, weigh their experts: over all experts, for each by
 * itself, or over the chosen ones alone.
 */
export const gatings = ['softmax', 'sigmoid', 'softmax of the chosen'] as const;
export type Gating = (typeof gatings)[number];

/** Smallest sum that weights are divided by: what llama.cpp takes. */
const LEAST_SUM = 6.103515625e-5;

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
